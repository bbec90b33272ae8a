// What `gpt walk` tells, compared with the check that the machine makes for a real access.
import { describe, expect, test } from 'vitest';
import { type Pas, pases, worlds, worldName } from '../../src/arch/world.ts';
import { fieldsOf } from '../../src/cli/descriptor.ts';
import { walkDocument, walkOf } from '../../src/cli/gpt-walk-text.ts';
import { Machine } from '../../src/machine/machine.ts';
import { maxMachine } from '../../src/machine/machines/max.ts';
import { cli } from './run-cli.ts';

interface Walked {
  readonly schema: string;
  readonly allowed: boolean;
  readonly gpi?: string;
  readonly fault?: string;
  readonly level?: number;
  readonly gpcsc?: string;
  readonly why?: string;
  readonly isReachable: boolean;
  readonly steps: readonly {
    readonly name: string;
    readonly passed: boolean;
    readonly section: string;
    readonly descriptor?: string;
    readonly index?: number;
    readonly fields?: readonly { readonly name: string; readonly value: string; readonly chosen: boolean }[];
  }[];
  readonly report?: { readonly class: string; readonly el: number; readonly esr: string };
}

const walk = async (line: string): Promise<Walked & { readonly code: number }> => {
  const { code, out } = await cli(`gpt walk ${line} --json`);
  return { ...(JSON.parse(out) as Walked), code };
};

describe('an access is told with its verdict', () => {
  test.each([
    ['0x88000000 --pas NS', { code: 0, allowed: true, gpi: 'NON_SECURE' }],
    ['0x8800_0fff --pas NS --state RT', { code: 0, allowed: true }],
    ['0x88000000 --pas s', { code: 1, allowed: false, fault: 'gpf', level: 1, gpcsc: '0x0d' }],
    ['0xfdc00000 --pas NS', { code: 1, fault: 'gpf', gpi: 'REALM' }],
    ['0xfdc00000 --pas RL', { code: 0, gpi: 'REALM' }],
    ['0x400_0000 --pas RT', { code: 0, gpi: 'ROOT' }],
    ['0x200_0000_0000 --pas NS', { code: 0, why: 'above-pps' }],
    ['0x200_0000_0000 --pas RL', { code: 1, why: 'above-pps', fault: 'gpf', level: 0, gpcsc: '0x0c' }],
    ['0x9_0000_0000 --pas NS', { code: 0, gpi: 'ALL' }],
    ['0x9_0000_0000 --pas RL --state NS', { code: 0, isReachable: false }],
    ['0 --pas RT --machine large', { code: 0, gpi: 'ALL' }],
  ])('gpt walk %s', async (line, expected) => expect(await walk(line)).toMatchObject(expected));

  test('a level 1 table is followed, its index and its descriptor are named', async () => {
    const { steps } = await walk('0x2a49_f000 --pas NS');
    expect(steps.map(({ name }) => name)).toEqual(['enabled', 'registers', 'range', 'level0', 'level1', 'permission']);
    expect(steps.map(({ passed }) => passed)).toEqual([true, true, true, true, true, false]);
    expect(steps[3]).toMatchObject({ index: 0, descriptor: '0x00000000ffee0003' });
    expect(steps[4]).toMatchObject({ index: 0x2a49, descriptor: '0x8888888888888888' });
    expect(steps[4]?.fields?.filter(({ chosen }) => chosen)).toEqual([
      expect.objectContaining({ name: 'GPI15', value: 'SECURE' }),
    ]);
    expect(steps.every(({ section }) => section.startsWith('DDI 0487 D9'))).toBe(true);
  });

  test('both halves of a GDI pair are shown', async () => {
    const { steps } = await walk('0x2a49_f000 --pas NS --machine max');
    expect(steps.filter(({ name }) => name === 'level1').map(({ index }) => index)).toEqual([0x2a48, 0x2a49]);
    expect(
      steps.flatMap(({ fields }) => fields?.filter(({ chosen, name }) => chosen && name.startsWith('GPI')) ?? []),
    ).toHaveLength(1);
  });
});

test('agrees with the check of the machine for every PAS and state', () => {
  const machine = Machine.boot(maxMachine);
  const pe = machine.pes[0] as Machine['pes'][number];
  const places = [0x400_0000n, 0x600_0000n, 0x8800_0000n, 0xfdc0_0000n, 0xffee_0000n, 0x9_0000_0000n, 0x200_0000_0000n];
  for (const pa of places)
    for (const pas of pases)
      for (const state of worlds) {
        const told = walkOf(machine, { pa, pas: pas as Pas, state, pe: 0 });
        const made = pe.gpc.check(Number(pa >> 12n), pas, state);
        const where = `0x${pa.toString(16)} ${worldName(pas)} ${worldName(state)}`;
        expect(told.explained.allowed, `${where}`).toBe(made);
        const { steps } = walkDocument(told) as unknown as Walked;
        expect(steps.at(-1)?.passed, `${where}`).toBe(made);
      }
});

describe('hostile addresses get a clear answer and exit code 2', () => {
  test.each([
    ['0xffffffffffffffff', 'ADDRESS_ABOVE_PA', '0 .. 0xffff_ffff_ffff'],
    ['18446744073709551615', 'ADDRESS_ABOVE_PA', '0 .. 0xffff_ffff_ffff'],
    ['0x1000000000000', 'ADDRESS_ABOVE_PA', '0x1_0000_0000_0000'],
    ['0x10000000000000000', 'ADDRESS_TOO_WIDE', '0xffff_ffff_ffff_ffff'],
    ['9'.repeat(5000), 'ADDRESS_TOO_WIDE', '0 .. '],
    ['-1', 'ADDRESS_INVALID', '-1'],
    ['0x', 'ADDRESS_INVALID', '0x'],
    ['1e3', 'ADDRESS_INVALID', '1e3'],
    ['0x88__00', 'ADDRESS_INVALID', '0x88__00'],
    ['DRAM', 'ADDRESS_INVALID', 'DRAM'],
  ])('%s', async (pa, code, part) => {
    const run = await cli(['gpt', 'walk', pa, '--pas', 'NS']);
    expect({ code: run.code, out: run.out }).toEqual({ code: 2, out: '' });
    expect(run.err).toContain(`(${code})`);
    expect(run.err).toContain(part);
  });

  test('the last address is an address', async () => {
    expect((await walk('0xffff_ffff_ffff --pas NS')).allowed).toBe(true);
  });
});

test('descriptors are taken apart without losing a bit', () => {
  for (const [level, word] of [
    [0, 0x1_2345_6789_0003n],
    [0, 0xf1n],
    [0, 0x7n],
    [1, 0x391n],
    [1, 0x0123_4567_89ab_cde8n],
  ] as const) {
    const bits = fieldsOf(level, word, 3)
      .map((field) => field.bits)
      .join('');
    expect(BigInt(`0b${bits}`)).toBe(word);
    expect(bits).toHaveLength(64);
  }
});
