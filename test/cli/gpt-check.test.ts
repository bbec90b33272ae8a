// Vectors from files: what is counted, what is refused, and that nothing is printed or written when a file is not what
// it claims.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { inRepo } from '../../src/tools/repo.ts';
import { cli } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'fourworlds-check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, contents: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
};

/** TLBI RPAOS of 4 KiB at 0x8000_0000: passes. */
const vector = (id: number, change: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    id,
    k: 'tlbi',
    tag: 'tlbi',
    op: 'rpaos',
    pgs: 0,
    xt: '0x80000',
    exp: { must: ['0x80000000', '0x80000fff'], levels: 'all' },
    ...change,
  });
const wrong = (id: number): string => vector(id, { exp: { must: ['0x80000000', '0x80001fff'], levels: 'all' } });

const good = [1, 2, 3].map((id) => vector(id)).join('\n');

describe('what is counted', () => {
  test.each([
    ['plain', 'a.jsonl', `${good}\n`],
    ['without a last newline', 'b.jsonl', good],
    ['with CRLF', 'c.jsonl', good.replaceAll('\n', '\r\n')],
    ['gzip', 'd.jsonl.gz', gzipSync(good)],
    [
      'gzip in two members',
      'e.jsonl.gz',
      Buffer.concat([gzipSync(`${vector(1)}\n`), gzipSync(`${vector(2)}\n${vector(3)}`)]),
    ],
    ['gzip without the name', 'f.jsonl', gzipSync(good)],
  ])('%s', async (_, name, contents) => {
    const path = file(name, contents);
    const { code, out } = await cli(['gpt', 'check', path, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      schema: 'fourworlds/gpt-check/1',
      total: 3,
      passed: 3,
      failed: 0,
      mismatches: [],
    });
  });

  test('stdin, plain and gzip', async () => {
    for (const stdin of [good, gzipSync(good)])
      expect(JSON.parse((await cli('gpt check - --json', { stdin })).out)).toMatchObject({ total: 3, passed: 3 });
  });

  test('a mismatch names the file as it was given, the vector, and what was expected and got', async () => {
    const path = file('g.jsonl', `${vector(1)}\n${wrong(7)}\n`);
    const { code, out } = await cli(['gpt', 'check', path, file('a.jsonl', good), '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      schema: 'fourworlds/gpt-check/1',
      total: 5,
      passed: 4,
      failed: 1,
      mismatches: [
        {
          file: path,
          id: 7,
          tag: 'tlbi',
          expected: { must: ['0x80000000', '0x80001fff'], levels: 'all' },
          got: { must: ['0x80000000', '0x80000fff'], levels: 'all' },
        },
      ],
    });
  });

  test('--jsonl prints one document a file', async () => {
    const { code, out } = await cli(['gpt', 'check', file('a.jsonl', good), file('h.jsonl', wrong(1)), '--jsonl']);
    expect(code).toBe(1);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { passed: number; failed: number });
    expect(lines.map(({ passed, failed }) => [passed, failed])).toEqual([
      [3, 0],
      [0, 1],
    ]);
  });

  test('--results writes the answer to every vector', async () => {
    const results = join(folder, 'results.jsonl');
    const path = file('i.jsonl', `${vector(1)}\n${wrong(2)}\n`);
    expect((await cli(['gpt', 'check', path, '--json', '--results', results])).code).toBe(1);
    const got = { must: ['0x80000000', '0x80000fff'], levels: 'all' };
    expect(
      readFileSync(results, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { file: path, id: 1, got },
      { file: path, id: 2, got },
    ]);
  });

  test('people see a summary by tag and the first mismatches, all of them with --verbose', async () => {
    const path = file('j.jsonl', Array.from({ length: 8 }, (_, i) => wrong(i)).join('\n'));
    const short = await cli(['gpt', 'check', path]);
    expect(short.code).toBe(1);
    expect(short.out).toMatch(/tlbi +0 +8/);
    expect(short.out.match(/vector \d+/g)).toHaveLength(5);
    expect(short.out).toContain('... and 3 more');
    expect(short.out).toContain('8 of 8 vectors do not pass');
    const long = await cli(['gpt', 'check', path, '--verbose', '--lang', 'es']);
    expect(long.out.match(/vector \d+/g)).toHaveLength(8);
    expect(long.out).toContain('no pasan 8 de 8 vectores');
  });
});

describe('what is refused: exit code, code, place, and nothing on stdout', () => {
  const cut = gzipSync(Array.from({ length: 400 }, (_, i) => vector(i * 7919)).join('\n'));
  test.each([
    ['not JSON', 'k.jsonl', `${vector(1)}\n{"id":\n`, 3, 'VECTOR_NOT_JSON', 'k.jsonl:2'],
    ['not an object', 'l.jsonl', '[]\n', 3, 'VECTOR_INVALID', 'l.jsonl:1'],
    ['an unknown field', 'm.jsonl', `${good}\n${vector(4, { extra: 1 })}`, 3, 'VECTOR_UNKNOWN_KEY', 'm.jsonl:4'],
    ['a number that is no hex string', 'n.jsonl', vector(1, { xt: 5 }), 3, 'VECTOR_INVALID', 'n.jsonl:1'],
    [
      'a number of more than 64 bits',
      'o.jsonl',
      vector(1, { xt: `0x1${'0'.repeat(16)}` }),
      3,
      'VECTOR_INVALID',
      'o.jsonl:1',
    ],
    ['empty', 'p.jsonl', '', 3, 'VECTOR_NONE', 'p.jsonl'],
    ['only blank lines', 'q.jsonl', '\n\n', 3, 'VECTOR_NONE', 'q.jsonl'],
    ['empty gzip', 'r.jsonl.gz', gzipSync(''), 3, 'VECTOR_NONE', 'r.jsonl.gz'],
    ['a name of gzip only', 's.jsonl.gz', good, 3, 'FILE_NOT_GZIP', 's.jsonl.gz'],
    ['nothing with a name of gzip', 't.jsonl.gz', '', 3, 'FILE_NOT_GZIP', 't.jsonl.gz'],
    ['gzip that is cut off', 'u.jsonl.gz', cut.subarray(0, cut.length / 2), 3, 'FILE_GZIP_DAMAGED', 'u.jsonl.gz'],
    [
      'gzip without its last bytes',
      'v.jsonl.gz',
      cut.subarray(0, cut.length - 4),
      3,
      'FILE_GZIP_DAMAGED',
      'v.jsonl.gz',
    ],
    ['gzip with a flipped bit', 'w.jsonl.gz', flipped(cut), 3, 'FILE_GZIP_DAMAGED', 'w.jsonl.gz'],
  ])('%s', async (_, name, contents, exit, code, place) => {
    const path = file(name, contents);
    const results = join(folder, `results-of-${name}`);
    const run = await cli(['gpt', 'check', path, '--json', '--results', results]);
    expect({ code: run.code, out: run.out }).toEqual({ code: exit, out: '' });
    expect(run.err).toContain(`(${code})`);
    expect(run.err).toContain(place);
    expect(existsSync(results)).toBe(false);
  });

  test.each([
    ['a file that is not there', 'nowhere.jsonl', 'FILE_NOT_FOUND'],
    ['a directory', '.', 'FILE_IS_A_DIRECTORY'],
  ])('%s is exit code 4', async (_, name, code) => {
    const run = await cli(['gpt', 'check', join(folder, name), '--json']);
    expect({ code: run.code, out: run.out }).toEqual({ code: 4, out: '' });
    expect(run.err).toContain(`(${code})`);
  });

  test('of several files the highest code wins, every fault is named, and no result is printed', async () => {
    const malformed = file('x.jsonl', '{');
    const run = await cli([
      'gpt',
      'check',
      file('a.jsonl', good),
      malformed,
      join(folder, 'nowhere'),
      file('h.jsonl', wrong(1)),
    ]);
    expect({ code: run.code, out: run.out }).toEqual({ code: 4, out: '' });
    expect(run.err).toContain('VECTOR_NOT_JSON');
    expect(run.err).toContain('FILE_NOT_FOUND');
  });

  test('the end of a line is no part of what is shown', async () => {
    const run = await cli(['gpt', 'check', file('y.jsonl', 'nonsense\r\n')]);
    expect(run.err).toContain('nonsense\n');
  });

  test('results that cannot be written are exit code 4', async () => {
    const run = await cli(['gpt', 'check', file('a.jsonl', good), '--results', join(folder, 'no', 'such', 'folder')]);
    expect({ code: run.code, out: run.out }).toEqual({ code: 4, out: '' });
  });
});

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const middle = Math.floor(copy.length / 2);
  copy[middle] = (copy[middle] as number) ^ 0xff;
  return copy;
}

const fixtures = inRepo('..', 'shared', 'fixtures', 'gpt');
const vectors = existsSync(fixtures) ? readdirSync(fixtures).filter((name) => name.endsWith('.jsonl.gz')) : [];

describe.skipIf(vectors.length === 0)('the vectors beside the repository (skipped where there are none)', () => {
  const files = vectors.map((name) => join(fixtures, name));

  test('all pass', async () => {
    const { code, out } = await cli(['gpt', 'check', ...files, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ total: 3370, passed: 3370, failed: 0 });
  });

  test('every altered expectation is a mismatch', async () => {
    const altered = files.flatMap((path) =>
      gunzipSync(readFileSync(path))
        .toString('utf8')
        .trim()
        .split('\n')
        .map((line) => {
          const one = JSON.parse(line) as { k: string; exp: Record<string, unknown> };
          const key = { gpc: 'f', report: 'ec', tlbi: 'must' }[one.k] as string;
          one.exp[key] = key === 'f' ? (one.exp['f'] === 'none' ? 'gpf' : 'none') : key === 'ec' ? 0 : ['0x1', '0x2'];
          return JSON.stringify(one);
        }),
    );
    const { code, out } = await cli(['gpt', 'check', file('altered.jsonl', altered.join('\n')), '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ total: altered.length, failed: altered.length });
  });
});
