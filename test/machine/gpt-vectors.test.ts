// Vectors of the granule protection check, its reports and TLBI by PA: all pass, every altered one fails, and every flaw that
// is planted in what they exercise is noticed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeTlbiRange } from '../../src/arch/tlbi.ts';
import { InputError } from '../../src/base/input-error.ts';
import { reportGptFault } from '../../src/cpu/gpt-report.ts';
import { VectorRunner, type VectorSubject } from '../../src/machine/gpt-vectors.ts';
import { Gpc } from '../../src/memory/gpc.ts';
import { flawedChecks, flawedRanges, flawedReports } from './flawed-checks.ts';
import { ownFolder, ownVectors } from './own-vectors.ts';

/** `npm run check:long` sets it. */
const isLong = process.env['FOURWORLDS_LONG'] !== undefined;

type Vector = { k: string; id: number; exp: Record<string, unknown> };
type File = { readonly name: string; readonly lines: readonly string[] };

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const publishedFolder = '../shared/fixtures/gpt';
const published = (): File[] =>
  ['access', 'report', 'tlbi'].map((name) => {
    const path = `${publishedFolder}/${name}.jsonl.gz`;
    return { name: path, lines: linesOf(gunzipSync(readFileSync(path)).toString()) };
  });
const made = ownVectors();
const own: readonly File[] = [...made].map(([name, text]) => ({ name, lines: linesOf(text) }));

/** Results of all lines that did not pass. */
function failures(files: readonly File[]): unknown[] {
  const runner = new VectorRunner();
  return files.flatMap(({ name, lines }) =>
    lines.map((line, i) => runner.run(line, `${name}:${i + 1}`)).filter(({ pass }) => !pass),
  );
}

/** Whether a line of a file does not pass; the others are not run then. */
function isNoticed({ lines }: File, subject: VectorSubject): boolean {
  const runner = new VectorRunner(subject);
  return lines.some((line) => !runner.run(line, 'line').pass);
}

/** What a result is compared by. */
const comparable: Readonly<Record<string, readonly string[]>> = {
  gpc: ['f', 'l', 'sc'],
  report: ['cls', 'target', 'ec', 'far', 'iss', 'mfar', 'serror_vector', 'hpfar_ipa', 'fsc', 's1ptw', 'wnr', 'cm'],
  tlbi: ['must', 'why', 'levels'],
};
const others: Readonly<Record<string, string>> = {
  none: 'gpf',
  gpf: 'walk',
  walk: 'size',
  size: 'eabt',
  eabt: 'none',
  GPC: 'DABT',
  DABT: 'IABT',
  IABT: 'GPC',
  pgs: 'size',
  align: 'pgs',
  all: 'last',
  last: 'all',
};

/** Something near, that is not the same. */
function altered(value: unknown): unknown {
  if (value === undefined) return 1;
  if (value === null) return ['0x0', '0xfff'];
  if (typeof value === 'number') return value ^ 1;
  if (typeof value === 'boolean') return !value;
  if (Array.isArray(value)) return [value[0], altered(value[1])];
  const text = String(value);
  return text.startsWith('0x') ? `0x${(BigInt(text) ^ 0x1000n).toString(16)}` : others[text];
}

/** Alterations of every `stride`-th line that were not noticed, and how many there were. */
function unnoticed(
  files: readonly File[],
  stride: number,
): { readonly count: number; readonly missed: readonly string[] } {
  const runner = new VectorRunner();
  const missed: string[] = [];
  let count = 0;
  const tryOut = (where: string, vector: Vector, exp: Record<string, unknown>): void => {
    count++;
    if (runner.run(JSON.stringify({ ...vector, exp }), where).pass) missed.push(`${where} ${JSON.stringify(exp)}`);
  };
  for (const { name, lines } of files) {
    for (const [i, line] of lines.entries()) {
      if (i % stride !== 0) continue;
      const vector = JSON.parse(line) as Vector;
      for (const key of comparable[vector.k] as readonly string[]) {
        const where = `${name}:${i + 1} ${key}`;
        tryOut(where, vector, { ...vector.exp, [key]: altered(vector.exp[key]) });
        if (key in vector.exp)
          tryOut(where, vector, Object.fromEntries(Object.entries(vector.exp).filter(([name]) => name !== key)));
      }
    }
  }
  return { count, missed };
}

describe('our own vectors', () => {
  test('the files are what the second opinions make', () => {
    // FOURWORLDS_WRITE=1 writes them.
    for (const [name, text] of made) {
      const path = `${ownFolder}/${name}`;
      if (process.env['FOURWORLDS_WRITE'] === '1') {
        mkdirSync(ownFolder, { recursive: true });
        writeFileSync(path, text);
      }
      expect([path, readFileSync(path, 'utf8') === text]).toEqual([path, true]);
    }
  });

  test('all pass', () => {
    expect(failures(own)).toEqual([]);
    expect(own.map(({ lines }) => lines.length)).toEqual([expect.any(Number), 240, 192]);
  });

  test('every alteration of every comparable expectation is a mismatch', () => {
    const { count, missed } = unnoticed(own, isLong ? 1 : 5);
    expect(missed).toEqual([]);
    expect(count).toBeGreaterThan(isLong ? 4000 : 800);
  });
});

const machine: VectorSubject = {
  makeGpc: (memory, features, paBits) => new Gpc(memory, features, paBits),
  report: reportGptFault,
  tlbi: decodeTlbiRange,
};

describe('planted flaws', () => {
  test.each([
    ...Object.entries(flawedChecks).map((entry) => [0, ...entry] as const),
    ...Object.entries(flawedReports).map((entry) => [1, ...entry] as const),
    ...Object.entries(flawedRanges).map((entry) => [2, ...entry] as const),
  ])('file %i notices: %s', (file, _, flaw) => {
    expect(isNoticed(own[file] as File, { ...machine, ...flaw })).toBe(true);
  });

  test('and nothing is noticed where nothing is planted', () => {
    expect(own.map((file) => isNoticed(file, machine))).toEqual([false, false, false]);
  });
});

describe.skipIf(!existsSync(publishedFolder))('published vectors', () => {
  test('all 3,370 pass', () => {
    const files = published();
    expect(failures(files)).toEqual([]);
    expect(files.map(({ lines }) => lines.length)).toEqual([2850, 400, 120]);
  });

  test('every alteration of every comparable expectation is a mismatch', () => {
    const { count, missed } = unnoticed(published(), 1);
    expect(missed).toEqual([]);
    expect(count).toBeGreaterThan(15_000);
  });

  test.skipIf(!isLong)('flaws in the machine are noticed by these alone', () => {
    const files = published();
    const quiet = [flawedChecks, flawedReports, flawedRanges].flatMap((flaws, i) =>
      Object.entries(flaws).filter(([, flaw]) => !isNoticed(files[i] as File, { ...machine, ...flaw })),
    );
    // EL2 is enabled in all of the published reports; our own have both.
    expect(quiet.map(([name]) => name)).toEqual(['a disabled EL2 takes faults']);
  });
});

describe('lines that are no vectors', () => {
  const good = {
    gpc: { id: 1, k: 'gpc', tag: 'x', pamax: 48, gpccr: '0x0', gptbr: '0x0', mem: {}, pa: '0x0', pas: 'NS', ss: 'NS', acc: 'r', exp: { f: 'none' } },
    report: {
      id: 1, k: 'report', tag: 'x', f: 'gpf', l: 0, el: 1, on_walk: false, stage2: false, s1ptw: false, acc: 'r', scr_gpf: 0, scr_ease: 0,
      hcr_tge: 0, hcr_gpf: 0, el2_enabled: true, pas: 'NS', pa: '0x0', exp: { cls: 'DABT', target: 1, ec: 37, far: true, fsc: 40, s1ptw: 0, wnr: 0, cm: 0 },
    },
    tlbi: { id: 1, k: 'tlbi', tag: 'x', op: 'rpaos', pgs: 0, xt: '0x0', exp: { must: ['0x0', '0xfff'], levels: 'all' } },
  }; // prettier-ignore
  const run = (line: string): boolean => new VectorRunner().run(line, 'FILE:7').pass;
  const refusal = (line: string): string => {
    try {
      run(line);
    } catch (error) {
      if (error instanceof InputError) return `${error.code} ${error.where}`;
      throw error;
    }
    return 'accepted';
  };

  test('the lines that the following ones are made of pass', () => {
    expect(Object.values(good).map((vector) => run(JSON.stringify(vector)))).toEqual([true, true, true]);
  });

  test.each(['', '{', 'null', '[]', '7', '"gpc"', '{}', '{"k":"gpc"}', '\u0000'])(
    'refused with its line: %j',
    (line) => {
      expect(refusal(line)).toMatch(/^VECTOR_(NOT_JSON|INVALID|UNKNOWN_KEY) FILE:7/);
    },
  );

  test.each(Object.keys(good) as (keyof typeof good)[])(
    'each key of a %s vector left out, of another type or unknown is refused',
    (kind) => {
      const vector: Record<string, unknown> = good[kind];
      const accepted: string[] = [];
      for (const key of Object.keys(vector)) {
        const { [key]: _, ...rest } = vector;
        const others = [undefined, null, [], {}, -1, 1.5, 1e300, '0x', '-0x1', '0x10000000000000000', '7', 'XX', true];
        for (const value of others) {
          const line = JSON.stringify(value === undefined ? rest : { ...rest, [key]: value });
          const isSame = typeof value === typeof vector[key] && value === vector[key];
          const code = refusal(line);
          if (!isSame && !/^VECTOR_\w+ FILE:7/.test(code)) accepted.push(`${key} ${JSON.stringify(value)} ${code}`);
        }
      }
      // What is left are legal values: any whole number as id, any text as tag, an empty memory, a level that is not looked at.
      expect(
        accepted.filter(
          (line) => !/^(id -?1|tag |mem \{\}|exp \{\}|(on_walk|stage2|s1ptw|el2_enabled) true)/.test(line),
        ),
      ).toEqual([]);
      expect(refusal(JSON.stringify({ ...vector, extra: 1 }))).toBe('VECTOR_UNKNOWN_KEY FILE:7');
      expect(refusal(JSON.stringify({ ...vector, exp: { surprise: 1 } }))).toBe('VECTOR_UNKNOWN_KEY FILE:7 exp');
    },
  );

  test.each([
    [{ pamax: 31 }, 'pamax'],
    [{ pamax: 57 }, 'pamax'],
    [{ feat: ['gpc4'] }, 'feat'],
    [{ feat: 'gpc2' }, 'feat'],
    [{ sel2: 1 }, 'sel2'],
    [{ mem: { '0x4': '0x0' } }, 'mem'],
    [{ mem: { '0xffc': '0x0' } }, 'mem'],
    [{ mem: { zero: '0x0' } }, 'mem'],
    [{ mem: { '0x0': 7 } }, 'mem 0x0'],
    [{ mem: { '0x0': '0x1ffffffffffffffff' } }, 'mem 0x0'],
    [{ eabt: ['0x1'] }, 'eabt'],
    [{ eabt: [1] }, 'eabt'],
    [{ gpcbw: 0 }, 'gpcbw'],
  ])('an access with %j is refused', (change, key) => {
    expect(refusal(JSON.stringify({ ...good.gpc, ...change }))).toBe(`VECTOR_INVALID FILE:7 ${key}`);
  });

  test('a refused line leaves nothing behind: the next one gets its answer', () => {
    const runner = new VectorRunner();
    const denied = { ...good.gpc, gpccr: '0x11500', mem: { '0x0': '0xb1' }, exp: { f: 'gpf', l: 0, sc: 12 } };
    expect(runner.run(JSON.stringify({ ...denied, gpccr: '0x13500' }), 'a').pass).toBe(true);
    expect(() => runner.run(JSON.stringify({ ...denied, mem: { '0x0': '0x91', '0x1': '0x0' } }), 'b')).toThrow(
      InputError,
    );
    expect(runner.run(JSON.stringify({ ...denied, gpccr: '0x13500' }), 'c').pass).toBe(true);
  });
});
