// The map of a machine is compared with the description that the tables were built from, and with the tables' own
// check.
import { describe, expect, test } from 'vitest';
import { Pas, World } from '../../src/arch/world.ts';
import { gpiName } from '../../src/arch/gpi.ts';
import { readGptMap, regionsOfMap } from '../../src/cli/gpt-map.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { largeMachine } from '../../src/machine/machines/large.ts';
import { maxMachine } from '../../src/machine/machines/max.ts';
import { languages } from '../../src/words/words.ts';
import { cli } from './run-cli.ts';

interface Shown {
  readonly schema: string;
  readonly level0: { readonly at: string; readonly entries: number };
  readonly level1: { readonly bytesEach: number; readonly tables: readonly { readonly index: number }[] };
  readonly regions: readonly {
    readonly from: string;
    readonly to: string;
    readonly bytes: number;
    readonly gpi: string;
    readonly name?: string;
    readonly held: readonly { readonly level: number; readonly form: string; readonly bits: number }[];
  }[];
}

describe.each([baseMachine, maxMachine, largeMachine])('the map of machine $name', (description) => {
  const shown = async (): Promise<Shown> =>
    JSON.parse((await cli(`gpt show --json --machine ${description.name}`)).out) as Shown;

  test('has every region of the description, and All between them, without a gap', async () => {
    const { schema, regions } = await shown();
    expect(schema).toBe('fourworlds/gpt-show/1');
    const named = regions.filter(({ name }) => name !== undefined);
    const wanted = [...description.gpt.regions].sort((a, b) => a.base - b.base);
    expect(named.map(({ name, from, bytes, gpi }) => ({ name, base: Number(from), size: bytes, gpi }))).toEqual(
      wanted.map(({ name, base, size, gpi }) => ({ name, base, size, gpi })),
    );
    expect(regions.filter(({ name }) => name === undefined).every(({ gpi }) => gpi === 'ALL')).toBe(true);
    let next = 0;
    for (const { from, to } of regions) {
      expect(Number(from)).toBe(next);
      next = Number(to) + 1;
    }
    expect(next).toBe(2 ** description.gpt.ppsBits);
  });

  test('says where the tables lie', async () => {
    const { level0, level1 } = await shown();
    expect(Number(level0.at)).toBe(description.gpt.l0Base);
    expect(level1.tables.length * level1.bytesEach).toBeLessThanOrEqual(description.gpt.l1Size);
  });

  test('is said in both languages, in 80 columns and in more', async () => {
    for (const language of languages)
      for (const width of [80, 120]) {
        const { code, out } = await cli(`gpt show --machine ${description.name} --lang ${language} --width ${width}`);
        expect(code).toBe(0);
        expect(out.split('\n').filter((line) => line.length > width)).toEqual([]);
        for (const { name } of description.gpt.regions) expect(out).toContain(name);
      }
  });
});

test('the map is read from memory: a delegated granule and a forged entry appear in it', () => {
  const machine = Machine.boot();
  machine.host().smc('RMI_GRANULE_DELEGATE', 0x8810_0000);
  const root = machine.pes[0]?.port(Pas.Root, World.Root);
  root?.write64(machine.monitor.gpt.layout.l0Base, 0xfn);
  const map = readGptMap(machine);
  const regions = regionsOfMap(map, baseMachine);
  const at = (pa: number): string => {
    const region = regions.find(({ firstFrame, endFrame }) => pa / 4096 >= firstFrame && pa / 4096 < endFrame);
    return region === undefined || region.gpi < 0 ? 'INVALID' : gpiName(region.gpi);
  };
  expect([0x8810_0000 - 4096, 0x8810_0000, 0x8810_1000, 0x0400_0000].map(at)).toEqual([
    'NON_SECURE',
    'REALM',
    'NON_SECURE',
    'INVALID',
  ]);
  const realm = regions.find(({ firstFrame }) => firstFrame === 0x8810_0000 / 4096);
  expect(realm).toMatchObject({ name: 'host DRAM', held: [{ level: 1, form: 'granules', bits: 12 }] });
});
