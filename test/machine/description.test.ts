// Everything that is wrong with a description is refused when the machine is made, with a code, the place and the reason.
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import type { MachineDescription } from '../../src/machine/description.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { largeMachine } from '../../src/machine/machines/large.ts';
import { maxMachine } from '../../src/machine/machines/max.ts';
import { Machine } from '../../src/machine/machine.ts';
import { complaintOf, small, tiny } from './support.ts';

type Change = (description: MachineDescription) => unknown;

const refusal = (change: Change, from: MachineDescription = tiny): InputError =>
  complaintOf(() => Machine.boot(change(structuredClone(from)) as MachineDescription));

const ram = (base: number, size: number, more: object = {}): object => ({
  name: 'extra',
  base,
  size,
  fill: 0,
  ...more,
});
const withRam =
  (...regions: object[]): Change =>
  (d) => ({ ...d, ram: [...d.ram, ...regions] });
const withGpt =
  (changes: object): Change =>
  (d) => ({ ...d, gpt: { ...d.gpt, ...changes } });
const withRegion =
  (region: object): Change =>
  (d) => ({
    ...d,
    gpt: {
      ...d.gpt,
      regions: [
        ...d.gpt.regions,
        { name: 'extra', base: 0xb000_0000, size: 0x1000, gpi: 'ROOT', how: 'granule', ...region },
      ],
    },
  });
const withBanks =
  (...banks: object[]): Change =>
  (d) => ({ ...d, banks });
const withFeatures =
  (features: object): Change =>
  (d) => ({ ...d, features: { ...d.features, ...features } });

describe('a description is refused', () => {
  const cases: readonly (readonly [
    string,
    Change,
    { code: string; where?: string; found?: unknown; expected?: unknown },
  ])[] = [
    ['that is nothing', () => null, { code: 'MACHINE_DATA' }],
    ['that is a list', () => [], { code: 'MACHINE_DATA', expected: 'an object' }],
    ['with a key that does not exist', (d) => ({ ...d, pess: 2 }), { code: 'MACHINE_DATA', where: 'pess' }],
    ['without a name', (d) => ({ ...d, name: '' }), { code: 'MACHINE_DATA', where: 'name' }],
    ['with a number that is none', (d) => ({ ...d, seed: NaN }), { code: 'MACHINE_DATA', where: 'seed', found: 'NaN' }],
    ['with a seed of more than 32 bits', (d) => ({ ...d, seed: 2 ** 32 }), { code: 'MACHINE_DATA', where: 'seed' }],
    ['with a text for a number', (d) => ({ ...d, pes: '2' }), { code: 'MACHINE_DATA', where: 'pes' }],
    ['with half a PE', (d) => ({ ...d, pes: 1.5 }), { code: 'MACHINE_DATA', where: 'pes' }],
    ['with RAM at a negative address', withRam(ram(-4096, 4096)), { code: 'MACHINE_DATA', where: 'ram[2].base' }],
    [
      'with an address that is no exact number',
      withRam(ram(2 ** 53, 4096)),
      { code: 'MACHINE_DATA', where: 'ram[2].base' },
    ],
    ['with another content model', (d) => ({ ...d, content: 'soft' }), { code: 'MACHINE_DATA', where: 'content' }],
    ['that maps in an unknown way', withRegion({ how: 'page' }), { code: 'MACHINE_DATA', where: 'gpt.regions[4].how' }],
    ['with a level 0 of another size', withGpt({ l0Bits: 31 }), { code: 'MACHINE_DATA', where: 'gpt.l0Bits' }],
    [
      'with a granule of another size',
      withGpt({ granuleBits: 13 }),
      { code: 'MACHINE_DATA', where: 'gpt.granuleBits' },
    ],
    ['with an entry that is missing', (d) => ({ ...d, normal: {} }), { code: 'MACHINE_DATA', where: 'normal.entry' }],

    [
      'with a PA size that no ID register can tell',
      (d) => ({ ...d, paBits: 33 }),
      { code: 'MACHINE_PA_BITS', found: '33' },
    ],
    ['with 56 bits and no GPC3', (d) => ({ ...d, paBits: 56 }), { code: 'MACHINE_PA_BITS' }],
    ['without PEs', (d) => ({ ...d, pes: 0 }), { code: 'MACHINE_PES' }],
    ['with more PEs than the RMM knows', (d) => ({ ...d, pes: 17 }), { code: 'MACHINE_PES' }],
    ['with hardly any frames', (d) => ({ ...d, framesMax: 63 }), { code: 'MACHINE_FRAMES_MAX' }],
    ['with more frames than a pool has', (d) => ({ ...d, framesMax: 2 ** 20 }), { code: 'MACHINE_FRAMES_MAX' }],
    ['with GPC3 on its own', withFeatures({ gpc3: true }), { code: 'MACHINE_FEATURES' }],
    ['with GDI on its own', withFeatures({ gdi: true }), { code: 'MACHINE_FEATURES' }],
    ['with a Secure world and no Secure state', withFeatures({ sel2: false }), { code: 'MACHINE_FEATURES' }],

    [
      'with RAM that is no whole pages',
      withRam(ram(0x4000_0800, 4096)),
      { code: 'REGION_ALIGN', where: 'ram[2] extra base' },
    ],
    [
      'with RAM whose size is not',
      withRam(ram(0x4000_0000, 100)),
      { code: 'REGION_ALIGN', where: 'ram[2] extra size' },
    ],
    ['with RAM of no size', withRam(ram(0x4000_0000, 0)), { code: 'REGION_EMPTY' }],
    ['with a fill of more than a byte', withRam(ram(0x4000_0000, 4096, { fill: 256 })), { code: 'REGION_FILL' }],
    ['with RAM over RAM', withRam(ram(0x8800_0000, 4096)), { code: 'REGION_OVERLAP', expected: 'not in DRAM' }],
    ['with RAM beyond the PA space', withRam(ram(0xffff_f000, 0x2000)), { code: 'REGION_ABOVE_PA' }],
    ['with two regions of one name', withRam(ram(0x4000_0000, 4096, { name: 'DRAM' })), { code: 'REGION_NAME_TWICE' }],
    [
      'with a device over RAM',
      (d) => ({ ...d, devices: [ram(0x8800_0000, 4096, { fill: undefined })] }),
      { code: 'MACHINE_DATA' },
    ],
    [
      'with a device over RAM, well written',
      (d) => ({ ...d, devices: [{ name: 'UART', base: 0x8800_0000, size: 4096 }] }),
      { code: 'REGION_OVERLAP' },
    ],
    [
      'with RAM above the protected space',
      (d) => ({ ...(withRam(ram(0x1_0000_0000, 4096))(d) as object), paBits: 48 }),
      { code: 'RAM_ABOVE_PPS', where: 'ram[2] extra' },
    ],

    ['with a protected space that has no code', withGpt({ ppsBits: 33 }), { code: 'GPT_PPS' }],
    [
      'with a protected space beyond the PA space',
      withGpt({ ppsBits: 36 }),
      { code: 'GPT_REGISTERS', found: 'pps-above-pa' },
    ],
    [
      'with a granule that translation lacks',
      withGpt({ granuleBits: 14 }),
      { code: 'GPT_REGISTERS', found: 'pgs-unsupported' },
    ],
    ['with a level 0 table out of line', withGpt({ l0Base: 0xa200_0800 }), { code: 'GPT_L0_ALIGN' }],
    ['with a level 0 table that does not fit', withGpt({ l0Size: 24 }), { code: 'GPT_L0_SIZE' }],
    ['with level 1 tables out of line', withGpt({ l1Base: 0xa202_1000 }), { code: 'GPT_L1_ALIGN' }],
    ['with level 1 tables that do not fit', withGpt({ l1Size: 0x1_f000 }), { code: 'GPT_L1_SIZE', found: '0x1_f000' }],
    ['with tables over each other', withGpt({ l0Size: 0x3_0000 }), { code: 'GPT_TABLES_OVERLAP' }],
    [
      'with tables outside Root memory',
      withGpt({ l0Base: 0xa100_0000 }),
      { code: 'GPT_TABLE_NOT_ROOT', where: 'gpt.l0Base' },
    ],
    [
      'with tables that leave Root memory',
      withGpt({ l1Size: 0x100_0000 }),
      { code: 'GPT_TABLE_NOT_ROOT', where: 'gpt.l1Base' },
    ],
    [
      'with tables where no RAM is',
      (d) => ({ ...d, ram: [{ ...d.ram[0], size: 0x2200_0000 }] }),
      { code: 'GPT_TABLE_NOT_ROOT' },
    ],
    ['with a GPI that is none', withRegion({ gpi: 'PRIVATE' }), { code: 'GPT_REGION_GPI', found: 'PRIVATE' }],
    ['with a GPI that the machine lacks', withRegion({ gpi: 'NSO' }), { code: 'GPT_REGION_GPI', found: 'NSO' }],
    ['with a reserved GPI', withRegion({ gpi: 'NA6' }), { code: 'GPT_REGION_GPI' }],
    ['with two GPT regions of one name', withRegion({ name: 'EL3' }), { code: 'GPT_REGION_NAME_TWICE' }],
    ['with a GPT region of no size', withRegion({ size: 0 }), { code: 'GPT_REGION_EMPTY' }],
    [
      'with a GPT region above the protected space',
      withRegion({ base: 0xffff_f000, size: 0x2000 }),
      { code: 'GPT_REGION_ABOVE_PPS' },
    ],
    ['with a GPT region over another', withRegion({ base: 0x8000_1000 }), { code: 'GPT_REGION_OVERLAP' }],
    ['with a GPT region of half a granule', withRegion({ size: 0x800 }), { code: 'GPT_REGION_ALIGN' }],
    ['with a block that is none', withRegion({ base: 0x4000_1000, how: 'block' }), { code: 'GPT_REGION_ALIGN' }],
    [
      'with a level 0 entry mapped both ways',
      (d) =>
        withRegion({ base: 0x4000_0000, size: 0x4000_0000, how: 'block' })(
          withRegion({ name: 'other', base: 0x4000_0000 })(d) as MachineDescription,
        ),
      { code: 'GPT_REGION_OVERLAP' },
    ],

    ['without banks', withBanks(), { code: 'BANK_COUNT' }],
    [
      'with more banks than the manifest holds',
      withBanks(...Array.from({ length: 253 }, (_, i) => ({ base: 0x8000_0000 + i * 0x2000, size: 0x1000 }))),
      { code: 'BANK_COUNT' },
    ],
    ['with a bank of no size', withBanks({ base: 0x8000_0000, size: 0 }), { code: 'BANK_EMPTY' }],
    ['with a bank of half a granule', withBanks({ base: 0x8000_0000, size: 0x1800 }), { code: 'BANK_ALIGN' }],
    [
      'with banks out of order',
      withBanks({ base: 0x8001_0000, size: 0x1000 }, { base: 0x8000_0000, size: 0x1000 }),
      { code: 'BANK_ORDER' },
    ],
    [
      'with banks over each other',
      withBanks({ base: 0x8000_0000, size: 0x2000 }, { base: 0x8000_1000, size: 0x1000 }),
      { code: 'BANK_ORDER' },
    ],
    ['with a bank outside RAM', withBanks({ base: 0x4000_0000, size: 0x1000 }), { code: 'BANK_PLACE' }],
    [
      'with a bank that reaches beyond Non-secure memory',
      withBanks({ base: 0x8000_0000, size: 0x2000_1000 }),
      { code: 'BANK_PLACE' },
    ],

    [
      'with an RMM outside Realm memory',
      (d) => ({ ...d, rmm: { ...d.rmm, base: 0x8000_0000 } }),
      { code: 'PLACE', where: 'rmm.base' },
    ],
    [
      'with an RMM out of line',
      (d) => ({ ...d, rmm: { ...d.rmm, base: 0xa100_0004 } }),
      { code: 'PLACE', where: 'rmm.base' },
    ],
    [
      'with a shared buffer outside Realm memory',
      (d) => ({ ...d, rmm: { ...d.rmm, sharedBuffer: 0x8000_0000 } }),
      { code: 'PLACE', where: 'rmm.sharedBuffer', found: '0x8000_0000, NON_SECURE' },
    ],
    [
      'with the shared buffer over the RMM',
      (d) => ({ ...d, rmm: { ...d.rmm, sharedBuffer: d.rmm.base } }),
      { code: 'PLACE', where: 'rmm.sharedBuffer' },
    ],
    [
      'with a host that enters Secure memory',
      (d) => ({ ...d, normal: { entry: 0x0600_0000 } }),
      { code: 'PLACE', where: 'normal.entry' },
    ],
    [
      'with a host that enters where no RAM is',
      (d) => ({ ...d, normal: { entry: 0x4000_0000 } }),
      { code: 'PLACE', where: 'normal.entry' },
    ],
    [
      'with a host that enters between instructions',
      (d) => ({ ...d, normal: { entry: 0x8800_0002 } }),
      { code: 'PLACE', where: 'normal.entry' },
    ],
    [
      'with a partition outside Secure memory',
      (d) => ({ ...d, secure: { entry: 0x8800_0000 } }),
      { code: 'PLACE', where: 'secure.entry' },
    ],
  ];

  test.each(cases)('%s', (_, change, expected) => {
    expect(refusal(change)).toMatchObject(expected);
  });

  test('with too few frames for its own tables', () => {
    expect(refusal((d) => ({ ...d, framesMax: 64 }), baseMachine)).toMatchObject({ code: 'MEMORY_FRAMES_EXHAUSTED' });
  });
});

test.each([baseMachine, largeMachine, maxMachine, small, tiny])('the $name machine boots', (description) => {
  expect(Machine.boot(description).host().smc('RMI_VERSION', 0x1_0000)[0]).toBe(0n);
});

test('a description that is changed later changes no machine', () => {
  const given = structuredClone(tiny) as unknown as { seed: number; ram: { fill: number }[] };
  const machine = Machine.boot(given as unknown as MachineDescription);
  given.seed = 77;
  (given.ram[0] as { fill: number }).fill = 1;
  expect(machine.description).toEqual(tiny);
});

// Every value of a description, one after the other, is replaced by nonsense: it is refused in our own words, or it boots.
test('nonsense anywhere in a description never crashes', () => {
  const places: (readonly (string | number)[])[] = [];
  const visit = (value: unknown, path: readonly (string | number)[]): void => {
    if (path.length > 0) places.push(path);
    if (typeof value === 'object' && value !== null)
      for (const [key, item] of Object.entries(value)) visit(item, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  visit(tiny, []);
  const nonsense = [
    undefined,
    null,
    NaN,
    -1,
    0.5,
    3,
    2 ** 32,
    2 ** 52,
    Infinity,
    'x',
    '',
    true,
    [],
    {},
    [null],
    1n,
    () => 0,
  ];
  const surprises: string[] = [];
  let booted = 0;
  for (const path of places) {
    for (const wrong of nonsense) {
      const broken = structuredClone(tiny) as unknown as Record<string | number, unknown>;
      let holder = broken;
      for (const key of path.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>;
      holder[path.at(-1) as string | number] = wrong;
      try {
        Machine.boot(broken as unknown as MachineDescription);
        booted++;
      } catch (error) {
        if (!(error instanceof InputError)) surprises.push(`${path.join('.')} = ${String(wrong)}: ${String(error)}`);
      }
    }
  }
  expect(surprises).toEqual([]);
  expect(places.length).toBeGreaterThan(60);
  expect(booted).toBeLessThan(60);
}, 60_000);
