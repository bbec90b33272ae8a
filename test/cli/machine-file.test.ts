// Machines from files: the example, JSON and YAML alike, and for each fault of a file the line that it is in.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { bootMachine, describeMachine, parseMachine } from '../../src/cli/machine-file.ts';
import { type Shape, machineShape } from '../../src/cli/machine-shape.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { largeMachine } from '../../src/machine/machines/large.ts';
import { maxMachine } from '../../src/machine/machines/max.ts';
import { inRepo } from '../../src/tools/repo.ts';
import { cli } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'fourworlds-machine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const small = inRepo('fixtures', 'machines', 'small.yaml');

test('the example boots, delegates a granule, and its map can be shown', async () => {
  const machine = bootMachine(describeMachine(small));
  expect(machine.pes).toHaveLength(2);
  expect(machine.host().smc('RMI_GRANULE_DELEGATE', 0x8010_0000)[0]).toBe(0n);
  expect(machine.host().read(0x8010_0000).fault?.fsc).toBe(0b101000);
  const { code, out } = await cli(['gpt', 'show', '--machine', small]);
  expect(code).toBe(0);
  expect(out).toContain('secure DRAM');
});

describe.each([baseMachine, maxMachine, largeMachine])('the shipped machine $name', (description) => {
  test('written as JSON and read again is the same machine', () => {
    expect(parseMachine(JSON.stringify(description, null, 2), 'm.json').description).toEqual(description);
  });
});

test('the shape knows every key of a description and no other', () => {
  const keysOf = (shape: Shape): unknown => {
    if (shape.kind === 'list') return [keysOf(shape.of)];
    if (shape.kind !== 'object') return true;
    return Object.fromEntries(Object.entries(shape.keys).map(([key, part]) => [key, keysOf(part)]));
  };
  const keysIn = (value: unknown): unknown => {
    if (Array.isArray(value)) return [Object.assign({}, ...(value.map(keysIn) as object[]))];
    if (typeof value !== 'object' || value === null) return true;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, keysIn(part)]));
  };
  const features = { s2sz: 48, lpa2: false, sveVl: 1, numBps: 1, numWps: 1, pmuNumCtrs: 1 };
  const full = { extends: 'base', ...baseMachine, rmm: { ...baseMachine.rmm, features } };
  expect(keysIn(full)).toEqual(keysOf(machineShape));
});

test('what a file names replaces what it starts from: objects by key, lists as a whole', () => {
  const { description } = parseMachine(
    'extends: base\nname: mine\npes: 2\nfeatures: { gpc2: true }\nsecure: null\nbanks: [{ base: "0x8000_0000", size: 32 MiB }]\n',
    'mine.yaml',
  );
  expect(description).toEqual({
    ...baseMachine,
    name: 'mine',
    pes: 2,
    features: { ...baseMachine.features, gpc2: true },
    secure: undefined,
    banks: [{ base: 0x8000_0000, size: 32 * 2 ** 20 }],
  });
  expect(bootMachine({ description, lines: undefined }).pes).toHaveLength(2);
});

const start = 'extends: base\nname: mine\n';

describe('a fault is one error with file and line', () => {
  test.each([
    ['broken YAML', `${start}pes: [2\n`, 'MACHINE_SYNTAX', 'm.yaml:4'],
    ['broken JSON', '{ "extends": "base",\n  "pes": }\n', 'MACHINE_WRONG_TYPE', 'm.yaml:2 pes'],
    ['a key twice', `${start}pes: 2\npes: 3\n`, 'MACHINE_DUPLICATE_KEY', 'm.yaml:4'],
    ['an unknown key', `${start}pez: 2\n`, 'MACHINE_UNKNOWN_KEY', 'm.yaml:3'],
    ['an unknown key further in', `${start}gpt:\n  ppsBits: 40\n  colour: 1\n`, 'MACHINE_UNKNOWN_KEY', 'm.yaml:5'],
    ['a prototype key', `${start}__proto__: { pes: 1 }\n`, 'MACHINE_UNKNOWN_KEY', 'm.yaml:3'],
    ['a word for a number', `${start}pes: two\n`, 'MACHINE_WRONG_TYPE', 'm.yaml:3 pes'],
    ['a fraction', `${start}pes: 2.5\n`, 'MACHINE_WRONG_TYPE', 'm.yaml:3 pes'],
    ['not a number', `${start}pes: .nan\n`, 'MACHINE_WRONG_TYPE', 'm.yaml:3 pes'],
    ['a negative number', `${start}pes: -1\n`, 'MACHINE_NUMBER', 'm.yaml:3 pes'],
    ['a number that cannot be exact', `${start}seed: 9007199254740993\n`, 'MACHINE_NUMBER', 'm.yaml:3 seed'],
    ['2^64', `${start}rmm: { base: 0x10000000000000000 }\n`, 'MACHINE_NUMBER', 'm.yaml:3 rmm.base'],
    ['a list for an object', `${start}gpt: []\n`, 'MACHINE_WRONG_TYPE', 'm.yaml:3 gpt'],
    ['an object for a list', `${start}ram: {}\n`, 'MACHINE_WRONG_TYPE', 'm.yaml:3 ram'],
    ['an alias', `${start}banks:\n  - &a { base: 0x80000000, size: 4096 }\n  - *a\n`, 'MACHINE_WRONG_TYPE', 'm.yaml:5'],
    [
      'a missing key of an item',
      `${start}ram:\n  - { name: x, base: 0, size: 4096 }\n`,
      'MACHINE_MISSING_KEY',
      'm.yaml:4',
    ],
    ['a missing key', 'name: mine\n', 'MACHINE_MISSING_KEY', 'm.yaml:1'],
    ['no description at all', '', 'MACHINE_WRONG_TYPE', 'm.yaml:1'],
    ['a text', 'hello', 'MACHINE_WRONG_TYPE', 'm.yaml:1'],
    ['an unknown machine to start from', 'extends: bas\n', 'MACHINE_WRONG_TYPE', 'm.yaml:1 extends'],
  ])('%s', (_, text, code, place) => {
    const error = caught(() => parseMachine(text, 'm.yaml'));
    expect(error).toMatchObject({ code });
    expect(error.where).toMatch(new RegExp(`^${place.replace('.', '\\.')}`));
  });

  test.each([
    ['too many PEs', `${start}pes: 99\n`, 'MACHINE_PES', 'm.yaml:3 '],
    ['a size that PPS cannot say', `${start}gpt:\n  ppsBits: 41\n`, 'GPT_PPS', 'm.yaml:4 '],
    ['regions that overlap', withRegion('base: 0x80000000, size: 4096, gpi: SECURE'), 'GPT_REGION_OVERLAP', 'm.yaml:'],
    ['a region with an unknown GPI', withRegion('base: 0, size: 4096, gpi: PURPLE'), 'GPT_REGION_GPI', 'm.yaml:5 '],
    ['an RMM in Normal memory', `${start}rmm: { base: 0x88000000 }\n`, 'PLACE', 'm.yaml:3 '],
    ['a host that is not aligned', `${start}normal: { entry: 0x88000001 }\n`, 'PLACE', 'm.yaml:3 '],
    ['a bank of Secure memory', `${start}banks:\n  - { base: 0x06000000, size: 4096 }\n`, 'BANK_PLACE', 'm.yaml:4 '],
    ['too few frames to boot', `${start}framesMax: 64\n`, 'MEMORY_FRAMES_EXHAUSTED', 'm.yaml:'],
  ])('found by the machine itself: %s', (_, text, code, place) => {
    const error = caught(() => bootMachine(parseMachine(text, 'm.yaml')));
    expect(error).toMatchObject({ code });
    expect(error.where.startsWith(place), `${error.where}`).toBe(true);
  });

  test('at the command line: exit code 3, or 4 when the file cannot be opened', async () => {
    const file = join(folder, 'm.yaml');
    writeFileSync(file, `${start}pes: 99\n`);
    for (const line of [
      `gpt show --machine ${file}`,
      `gpt walk 0 --pas NS --machine ${file}`,
      `shell --machine ${file}`,
    ]) {
      const run = await cli(line);
      expect({ code: run.code, out: run.out }).toEqual({ code: 3, out: '' });
      expect(run.err).toContain(`${file}:3`);
    }
    expect((await cli(`gpt show --machine ${folder}/none.yaml`)).code).toBe(4);
    expect((await cli(`gpt show --machine ${folder}`)).code).toBe(4);
  });
});

/** The EL3 region, so that the tables have a place, and one more. */
function withRegion(region: string): string {
  return [
    'extends: base',
    'gpt:',
    '  regions:',
    '    - { name: SRAM, base: 0x04000000, size: 256 KiB, gpi: ROOT, how: granule }',
    `    - { name: extra, how: granule, ${region} }`,
    '    - { name: host, base: 0x80000000, size: 64 MiB, gpi: NON_SECURE, how: granule }',
    '    - { name: trusted, base: 0x06000000, size: 32 MiB, gpi: SECURE, how: granule }',
    '    - { name: RMM, base: 0xfdc00000, size: 32 MiB, gpi: REALM, how: granule }',
    '    - { name: EL3, base: 0xffc00000, size: 4 MiB, gpi: ROOT, how: granule }',
    'normal: { entry: 0x81000000 }',
  ].join('\n');
}

function caught(run: () => unknown): InputError {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('the example in the help boots', () => {
  const text = readFileSync(small, 'utf8');
  expect(bootMachine(parseMachine(text, 'small.yaml')).description.name).toBe('small');
  const { description } = parseMachine(
    'extends: base\nname: two-pes\npes: 2\ngpt:\n  contiguousBitsMax: 0\n',
    'h.yaml',
  );
  expect(bootMachine({ description, lines: undefined }).pes).toHaveLength(2);
});
