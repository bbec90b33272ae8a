// `explain` knows every name of the specification, and what it says of a place in the repository is there.
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { everyName, find, placesOf } from '../../src/cli/explain/find.ts';
import { commandSpecs } from '../../src/spec/commands.generated.ts';
import { bitfields, enumerations, lifeCycles, structures } from '../../src/spec/generated.ts';
import { languages } from '../../src/words/words.ts';
import { cli } from './run-cli.ts';

type Document = { readonly entries: readonly Readonly<Record<string, unknown>>[] };

async function documentOf(words: string): Promise<Document> {
  const { code, out, err } = await cli(`explain ${words} --json`);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Document;
}

describe('explain', () => {
  test('shows a command with its registers, rows in the order of evaluation, and its place', async () => {
    const { entries } = await documentOf('RMI_RTT_CREATE');
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      kind: 'command',
      name: 'RMI_RTT_CREATE',
      fid: '0xC400015D',
      input: [{ name: 'rd', reg: 'x1' }, { name: 'rtt' }, { name: 'ipa' }, { name: 'level', reg: 'x4' }],
      source: 'src/rmm/rmi/rtt-create.ts',
      related: expect.arrayContaining(['RMI_RTT_DESTROY', 'RmiCommandReturnCode', 'granule']) as unknown,
    });
    const spec = commandSpecs.find(({ name }) => name === 'RMI_RTT_CREATE');
    const rows = entries[0]?.['rows'] as { id: string; place: number }[];
    expect(rows.map(({ id }) => id)).toEqual(spec?.evaluationOrder);
    expect(rows.map(({ place }) => place)).toEqual(rows.map((_, i) => i + 1));
  });

  test('shows each row of a command with its condition in the text', async () => {
    for (const { name, failure } of commandSpecs) {
      const { code, out } = await cli(`explain ${name}`, { width: 100 });
      expect(code).toBe(0);
      const text = out.replace(/\s+/g, ' ');
      for (const { id, post, pre } of failure) {
        expect(text).toContain(` ${id}`);
        expect(text).toContain(post);
        expect(text).toContain(pre.replace(/\s+/g, ' '));
      }
      expect(out.split('\n').filter((line) => line.length > 100)).toEqual([]);
    }
  });

  test('knows every name: commands, functions, types, values, states and rows', () => {
    const names = everyName();
    expect(names.length).toBeGreaterThan(250);
    for (const name of names) expect([name, find(name).length > 0]).toEqual([name, true]);
    for (const name of [
      ...Object.keys(structures),
      ...Object.keys(bitfields),
      ...Object.keys(enumerations),
      ...Object.keys(lifeCycles),
    ])
      expect(names).toContain(name);
  });

  test('finds all commands that have a row, or the one that is named', async () => {
    const all = commandSpecs.filter(({ failure }) => failure.some(({ id }) => id === 'rtt_walk'));
    const { entries } = await documentOf('rtt_walk');
    const rows = entries[0]?.['rows'] as { command: string }[];
    expect(rows.map(({ command }) => command)).toEqual(all.map(({ name }) => name));
    expect((await documentOf('rmi_data_create RTT_WALK')).entries).toMatchObject([
      {
        kind: 'row',
        rows: [{ command: 'RMI_DATA_CREATE', id: 'rtt_walk', status: 'RMI_ERROR_RTT', index: 'walk.level' }],
      },
    ]);
  });

  test('tells the several things that a name is', async () => {
    expect((await documentOf('RAM')).entries.map(({ kind }) => kind)).toEqual(['state', 'value']);
    expect((await documentOf('rec')).entries.map(({ kind }) => kind)).toEqual(['life-cycle', 'state']);
    expect((await documentOf('RMI_ERROR_REC')).entries[0]).toMatchObject({
      kind: 'value',
      of: [{ type: 'RmiStatus', value: 3 }],
    });
  });

  test('gives fields with their offsets, and bits', async () => {
    expect((await documentOf('RmiRecExit')).entries[0]).toMatchObject({
      kind: 'structure',
      size: 0x800,
      fields: expect.arrayContaining([expect.objectContaining({ name: 'hpfar', at: '0x110', size: 8 })]) as unknown,
    });
    expect((await documentOf('RmiRecEnterFlags')).entries[0]).toMatchObject({
      kind: 'bitfield',
      fields: expect.arrayContaining([expect.objectContaining({ name: 'trap_wfi', at: '[2]' })]) as unknown,
    });
  });

  test('takes a number for a function, of the RMM or of others', async () => {
    expect((await documentOf('0xc400_015c')).entries[0]).toMatchObject({ kind: 'command', name: 'RMI_REC_ENTER' });
    expect((await documentOf('0xc40001b0')).entries[0]).toMatchObject({ kind: 'function', name: 'RMM_GTSI_DELEGATE' });
    expect((await documentOf('FFA_VERSION')).entries[0]).toMatchObject({ source: 'src/monitor/spmc.ts' });
  });

  test('names files that exist', () => {
    const functions = everyName().flatMap((name) => find(name).filter(({ kind }) => kind === 'function'));
    for (const name of [...commandSpecs.map((spec) => spec.name), ...functions.map((entry) => entry.name)]) {
      const { source, tests, page = source } = placesOf(name);
      for (const place of [source, tests, page])
        expect([name, place, existsSync(new URL(`../../${place}`, import.meta.url))]).toEqual([name, place, true]);
    }
  });

  test('suggests what was meant, and ends with 2', async () => {
    const wrong = await cli('explain RMI_RTT_CREAT');
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('(EXPLAIN_UNKNOWN)');
    expect(wrong.err).toContain('did you mean RMI_RTT_CREATE?');
    expect((await cli('explain RMI_RTT_CREATE rtt_wlak')).err).toContain('did you mean RMI_RTT_CREATE rtt_walk?');
    expect((await cli('explain RMI_VERSION rtt_walk')).code).toBe(2);
    expect((await cli('explain RMI_VERSION incompatible more')).code).toBe(2);
    expect((await cli('explain')).code).toBe(2);
  });

  test.each(languages)('has its own words in %s and leaves the names as they are', async (language) => {
    const { out } = await cli(`explain RSI_HOST_CALL --lang ${language}`);
    expect(out).toContain('RSI_HOST_CALL  0xC4000199  RSI');
    expect(out).toContain(language === 'es' ? '\nEntradas\n' : '\nInputs\n');
    expect(out).toContain('RESTART');
  });
});
