// `npm run spec:report`: the comparison by itself, and the tool as people start it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { inRepo } from '../../src/tools/repo.ts';
import { differences, parseCommandList } from '../../src/tools/spec-compare.ts';
import { readSpecification } from '../../src/tools/spec-files.ts';
import { type ImplementedCommand, implementedCommands, rowDifferences } from '../../src/tools/spec-rows.ts';

const { commands } = readSpecification();
const REFERENCE = inRepo('../shared/reference/rmm-1.0-commands.json');
const folder = mkdtempSync(join(tmpdir(), 'fourworlds-spec-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Our commands in the other list's shape. */
const asTheirs = commands.map(
  ({ name, fid, fid32, interface: of, input, output, failure, order, evaluationOrder }) => ({
    name,
    fid,
    ...(fid32 === undefined ? {} : { altFids: [fid32] }),
    interface: of,
    inputs: input.map((register) => ({ ...register, reg: register.reg.toUpperCase() })),
    outputs: output.map((register) => ({ ...register, reg: register.reg.toUpperCase() })),
    failureConditions: failure.map(({ id, post, index, informal }) => ({
      id,
      status: post,
      ...(index === undefined ? {} : { index: `${index} (= something)` }),
      ...(informal ? { formal: false } : {}),
    })),
    ordering: order,
    evaluationOrder,
  }),
);

type Their = (typeof asTheirs)[number];
const altered = (change: (command: Their) => Partial<Their>): string =>
  JSON.stringify(asTheirs.map((each) => (each.name === 'RMI_RTT_DESTROY' ? { ...each, ...change(each) } : each)));
const compare = (text: string): readonly string[] =>
  differences(commands, parseCommandList(text)).map(({ command, where }) => `${command} ${where}`);

describe('the rows of the RMM', () => {
  test('are those of specs', () => {
    expect(implementedCommands).toHaveLength(commands.length);
    expect(rowDifferences(commands, implementedCommands)).toEqual([]);
  });

  test.each<[string, (command: ImplementedCommand) => Partial<ImplementedCommand>, string]>([
    ['a missing row', ({ failures }) => ({ failures: failures.slice(1) }), 'missing: rd_align'],
    [
      'an extra row',
      ({ failures }) => ({ failures: [...failures, { id: 'mood', error: 'RMI_ERROR_INPUT' }] }),
      'extra: mood',
    ],
    [
      'another status',
      ({ failures }) => ({ failures: failures.map((row, i) => (i === 1 ? { ...row, error: 'RMI_ERROR_REC' } : row)) }),
      'status: rd_bound: RMI_ERROR_REC in the RMM, RMI_ERROR_INPUT in specs',
    ],
    [
      'another order',
      ({ failures }) => ({ failures: failures.toReversed() }),
      'order: rd_state > rd_bound > rd_align in the RMM, rd_align > rd_bound > rd_state in specs',
    ],
    ['another identifier', () => ({ fids: [1] }), 'fid: 0x1 in the RMM, 0xc4000167 in specs'],
    ['another name', () => ({ name: 'RMI_NAP' }), 'missing: the whole command'],
  ])('%s is found', (_, change, expected) => {
    const altered = implementedCommands.map((each) =>
      each.name === 'RMI_REC_AUX_COUNT' ? { ...each, ...change(each) } : each,
    );
    const [first] = rowDifferences(commands, altered);
    expect(`${first?.kind}: ${first?.detail}`).toBe(expected);
  });
});

describe('the comparison', () => {
  test('finds nothing where nothing differs', () => {
    expect(compare(JSON.stringify(asTheirs))).toEqual([]);
  });

  test.each<[string, (command: Their) => Partial<Their>, string]>([
    ['another identifier', () => ({ fid: '0xC4000000' }), 'fid'],
    ['another register', ({ outputs }) => ({ outputs: outputs.map((each) => ({ ...each, reg: 'X9' })) }), 'output top'],
    ['a missing row', ({ failureConditions: rows }) => ({ failureConditions: rows.slice(1) }), 'row rd_align'],
    [
      'another status',
      ({ failureConditions: rows }) => ({
        failureConditions: rows.map((row) => ({ ...row, status: 'RMI_ERROR_REC' })),
      }),
      'row rtt_live',
    ],
    [
      'another index',
      ({ failureConditions: rows }) => ({ failureConditions: rows.map((row) => ({ ...row, index: '7' })) }),
      'row rtt_live',
    ],
    [
      'an informal row',
      ({ failureConditions: rows }) => ({ failureConditions: rows.map((row) => ({ ...row, formal: false })) }),
      'row rtt_live',
    ],
    ['a missing pair', ({ ordering }) => ({ ordering: ordering.slice(1) }), 'pair rd_bound before rtt_walk'],
    [
      'another order of evaluation',
      ({ evaluationOrder }) => ({ evaluationOrder: [...evaluationOrder].reverse() }),
      'evaluation order',
    ],
    ['another name', () => ({ name: 'RMI_RTT_REMOVE' }), 'command'],
  ])('finds %s', (_, change, where) => {
    expect(compare(altered(change))).toContain(`RMI_RTT_DESTROY ${where}`);
  });

  test('wants a list of commands', () => {
    expect(() => parseCommandList('{}')).toThrow('a JSON list of commands');
    expect(() => parseCommandList('[')).toThrow('wants JSON');
  });

  test.skipIf(!existsSync(REFERENCE))('finds nothing against the collected reference, when that is here', () => {
    expect(compare(readFileSync(REFERENCE, 'utf8'))).toEqual([]);
  });
});

describe('the tool', () => {
  const report = (...args: string[]): { status: number | null; stdout: string; stderr: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [inRepo('dist/tools/spec-report.js'), ...args], {
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('counts and finds no prose', () => {
    const { status, stdout } = report();
    expect(status).toBe(0);
    expect(stdout).toContain('commands             41\n');
    expect(stdout).toContain('failure rows         224 (9 marked informal)\n');
    expect(stdout).toContain('ordered pairs        135\n');
    expect(stdout).toContain('failure conditions   224 of 224 can be evaluated, 0 prose only\n');
    for (const part of ['success conditions', 'footprint entries']) {
      expect(stdout).toMatch(new RegExp(`${part} +(\\d+) of \\1 can be evaluated, 0 prose only\n`));
    }
  });

  test('says where another list differs, and fails unless a decision names it', () => {
    const same = report('--against', file('same.json', JSON.stringify(asTheirs)));
    expect(same).toMatchObject({ status: 0, stdout: expect.stringContaining('differences          0, ') });
    const other = report(
      '--against',
      file(
        'other.json',
        altered(({ failureConditions: rows }) => ({ failureConditions: rows.slice(1) })),
      ),
    );
    expect(other.status).toBe(1);
    expect(other.stdout).toContain(
      'RMI_RTT_DESTROY row rd_align: RMI_ERROR_INPUT, index 0 here, absent there (no decision)\n',
    );
  });

  test('a file that is not there is a usage error', () => {
    expect(report('--against', join(folder, 'absent.json'))).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('absent.json'),
    });
  });
});
