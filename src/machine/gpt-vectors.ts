// Vectors for the granule protection check, its reports and TLBI by PA, run through the code that the machine runs.
// A vector is one JSON object a line; kinds "gpc", "report" and "tlbi". 64-bit quantities are hex strings.

import { type Features, baseFeatures } from '../arch/features.ts';
import { PA_BITS_MAX } from '../arch/address.ts';
import { decodeTlbiRange } from '../arch/tlbi.ts';
import { type El, type Pas, type World, parseWorld } from '../arch/world.ts';
import { InputError } from '../base/input-error.ts';
import { reportGptFault } from '../cpu/gpt-report.ts';
import { Gpc } from '../memory/gpc.ts';
import { PhysicalMemory } from '../memory/physical-memory.ts';
import { MemoryPort } from '../memory/port.ts';

/** A JSON object whose values have not been looked at. */
type Raw = Readonly<Record<string, unknown>>;

/** What the machine answered for one vector. */
export type VectorResult = {
  readonly id: number;
  readonly tag: string;
  readonly pass: boolean;
  readonly expected: Raw;
  readonly got: Raw;
};

/** The parts of the machine that vectors exercise. A test hands in a flawed one to see that it is noticed. */
export type VectorSubject = {
  readonly makeGpc: (memory: PhysicalMemory, features: Features, paBits: number) => Gpc;
  readonly report: typeof reportGptFault;
  readonly tlbi: typeof decodeTlbiRange;
};

const machineSubject: VectorSubject = {
  makeGpc: (memory, features, paBits) => new Gpc(memory, features, paBits),
  report: reportGptFault,
  tlbi: decodeTlbiRange,
};

const kinds = ['gpc', 'report', 'tlbi'] as const;

/** Runs vectors line by line. One runner serves many files: what it builds is used again. */
export class VectorRunner {
  readonly #subject: VectorSubject;
  /** RAM everywhere: a walk never leaves the protected space, so one memory does for every size of it. */
  readonly #memory = new PhysicalMemory({
    paBits: PA_BITS_MAX,
    regions: [{ name: 'all', kind: 'ram', firstFrame: 0, frameCount: 2 ** (PA_BITS_MAX - 12), fill: 0 }],
    framesMax: 65_536,
    content: 'plain',
    seed: 0,
  });
  readonly #gpcs = new Map<string, { readonly gpc: Gpc; readonly ports: readonly MemoryPort[] }>();

  constructor(subject: VectorSubject = machineSubject) {
    this.#subject = subject;
  }

  /** Runs one line; `where` is FILE:LINE for errors. Throws InputError when the line is not a vector. */
  run(line: string, where: string): VectorResult {
    const vector = parseObject(line, where);
    const kind = oneOf(vector, 'k', kinds, where);
    checkKeys(vector, kindKeys[kind], where);
    const id = integer(vector, 'id', where);
    const tag = text(vector, 'tag', where);
    const expected = object(vector, 'exp', where);
    checkKeys(expected, expectedKeys[kind], `${where} exp`);
    const got = this.#answer(kind, vector, where);
    return { id, tag, pass: comparable[kind].every((key) => sameValue(expected[key], got[key])), expected, got };
  }

  #answer(kind: (typeof kinds)[number], vector: Raw, where: string): Raw {
    switch (kind) {
      case 'gpc':
        return this.#gpc(vector, where);
      case 'report':
        return this.#report(vector, where);
      case 'tlbi':
        return this.#tlbi(vector, where);
    }
  }

  #gpc(vector: Raw, where: string): Raw {
    const paBits = integer(vector, 'pamax', where);
    if (paBits < 32 || paBits > PA_BITS_MAX) throw bad(where, 'pamax', '32 to 56', String(paBits));
    const names = vector['feat'] === undefined ? [] : strings(vector, 'feat', where);
    for (const name of names)
      if (!['gpc2', 'gpc3', 'gdi'].includes(name)) throw bad(where, 'feat', 'gpc2, gpc3, gdi', name);
    const sel2 = vector['sel2'] === undefined ? true : boolean(vector, 'sel2', where);
    const features: Features = {
      ...baseFeatures,
      gpc2: names.length > 0,
      gpc3: names.includes('gpc3'),
      gdi: names.includes('gdi'),
      sel2,
      granule16k: true,
      granule64k: true,
    };
    const pas = world(vector, 'pas', where) as Pas;
    const state = world(vector, 'ss', where);
    oneOf(vector, 'acc', ['r', 'w', 'x'], where);
    const pa = hexValue(vector['pa'], where, 'pa');
    const gpccr = hexValue(vector['gpccr'], where, 'gpccr');
    const gptbr = hexValue(vector['gptbr'], where, 'gptbr');
    const gpcbw = vector['gpcbw'] === undefined ? 0n : hexValue(vector['gpcbw'], where, 'gpcbw');
    const words = Object.entries(object(vector, 'mem', where)).map(([address, value]) => {
      return [wordAddress(address, where, 'mem'), hexValue(value, where, `mem ${address}`)] as const;
    });
    const aborts =
      vector['eabt'] === undefined ? [] : strings(vector, 'eabt', where).map((a) => wordAddress(a, where, 'eabt'));

    const memory = this.#memory;
    memory.setFrames([]);
    memory.clearAborts();
    for (const [address, value] of words) {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, value, true);
      memory.load(Number(address >> 12n), Number(address & 0xfffn), bytes);
    }
    for (const address of aborts) memory.injectAbort(Number(address >> 12n), Number(address & 0xfffn));

    const { gpc, ports } = this.#requester(memory, features, paBits);
    gpc.reset();
    gpc.setRegisters({ gpccr, gptbr, gpcbw });
    const frame = Number(pa >> 12n);
    const port = ports[pas * 4 + state] as MemoryPort;
    const explained = gpc.explain(frame, pas, state);
    const outcome = (): Raw =>
      port.check(frame) ? { f: 'none' } : { f: gpc.fault.kind, l: gpc.fault.level, sc: gpc.fault.code };
    const first = outcome();
    // Once more: now what was cached answers, and has to say the same.
    const again = outcome();
    const same = first['f'] === again['f'] && first['l'] === again['l'] && first['sc'] === again['sc'];
    return {
      ...first,
      ...(same ? {} : { f: `${String(first['f'])}, then ${String(again['f'])} from the TLB` }),
      ...(explained.gpi === undefined
        ? {}
        : { gpi: explained.gpi, gl: explained.walk.level, span: explained.spanBits }),
      ...(explained.allowed && explained.why !== undefined ? { why: explained.why } : {}),
      fetch: explained.walk.fetches?.map(
        ({ frame: at, offset }) => `0x${((BigInt(at) << 12n) + BigInt(offset)).toString(16)}`,
      ),
    };
  }

  #requester(
    memory: PhysicalMemory,
    features: Features,
    paBits: number,
  ): { readonly gpc: Gpc; readonly ports: readonly MemoryPort[] } {
    const key = JSON.stringify([paBits, features]);
    let known = this.#gpcs.get(key);
    if (known === undefined) {
      const gpc = this.#subject.makeGpc(memory, features, paBits);
      const ports = Array.from(
        { length: 16 },
        (_, i) => new MemoryPort(memory, gpc, (i >> 2) as Pas, (i & 3) as World),
      );
      known = { gpc, ports };
      this.#gpcs.set(key, known);
    }
    return known;
  }

  #report(vector: Raw, where: string): Raw {
    const onWalk = boolean(vector, 'on_walk', where);
    const stage2 = boolean(vector, 'stage2', where);
    const s1ptw = boolean(vector, 's1ptw', where);
    const pa = hexValue(vector['pa'], where, 'pa');
    const ipa = vector['ipa'] === undefined ? 0n : hexValue(vector['ipa'], where, 'ipa');
    const ttLevel = onWalk ? integer(vector, 'tt_level', where) : 0;
    if (ttLevel < -1 || ttLevel > 3) throw bad(where, 'tt_level', '-1 to 3', String(ttLevel));
    const access = oneOf(vector, 'acc', ['r', 'w', 'x', 'dc', 'at'], where);
    const report = this.#subject.report({
      kind: oneOf(vector, 'f', ['gpf', 'walk', 'size', 'eabt'], where),
      level: integer(vector, 'l', where, 0, 1) as 0 | 1,
      el: integer(vector, 'el', where, 0, 3) as El,
      access,
      pas: world(vector, 'pas', where) as Pas,
      frame: Number(pa >> 12n),
      walk: onWalk ? { level: ttLevel, stage2, s1ptw, ipaFrame: Number(ipa >> 12n) } : undefined,
      scrGpf: flag(vector, 'scr_gpf', where),
      scrEase: flag(vector, 'scr_ease', where),
      hcrTge: flag(vector, 'hcr_tge', where),
      hcrGpf: flag(vector, 'hcr_gpf', where),
      el2Enabled: boolean(vector, 'el2_enabled', where),
    });
    const { iss } = report;
    const hpfar = report.hpfarIpaFrame === undefined ? {} : { hpfar_ipa: `0x${report.hpfarIpaFrame.toString(16)}` };
    const common = { cls: report.class, target: report.target, ec: report.ec, far: true, ...hpfar };
    if (report.class === 'GPC') {
      return { ...common, iss, mfar: `0x${(report.mfar ?? 0n).toString(16)}`, serror_vector: report.serrorVector };
    }
    const data = report.class === 'DABT' ? { wnr: (iss >> 6) & 1, cm: (iss >> 8) & 1 } : {};
    return { ...common, fsc: iss & 0x3f, s1ptw: (iss >> 7) & 1, ...data };
  }

  #tlbi(vector: Raw, where: string): Raw {
    const op = oneOf(vector, 'op', ['rpaos', 'rpalos'], where);
    const range = this.#subject.tlbi(op, hexValue(vector['xt'], where, 'xt'), integer(vector, 'pgs', where, 0, 3), 52);
    if (!range.required) return { must: null, why: range.why };
    const first = BigInt(range.firstFrame) << 12n;
    const last = (BigInt(range.lastFrame) << 12n) + 0xfffn;
    return {
      must: [`0x${first.toString(16)}`, `0x${last.toString(16)}`],
      levels: range.lastLevelOnly ? 'last' : 'all',
    };
  }
}

const kindKeys = {
  gpc: ['id', 'k', 'tag', 'feat', 'sel2', 'pamax', 'gpccr', 'gptbr', 'gpcbw', 'mem', 'eabt', 'pa', 'pas', 'ss', 'acc', 'exp'],
  report: [
    'id', 'k', 'tag', 'f', 'l', 'el', 'on_walk', 'tt_level', 'stage2', 's1ptw', 'ipa', 'acc', 'scr_gpf', 'scr_ease', 'hcr_tge', 'hcr_gpf',
    'el2_enabled', 'pas', 'pa', 'exp',
  ],
  tlbi: ['id', 'k', 'tag', 'op', 'pgs', 'xt', 'exp'],
} as const; // prettier-ignore
const expectedKeys = {
  gpc: ['f', 'l', 'sc', 'gpi', 'gl', 'span', 'why', 'fetch'],
  report: ['cls', 'target', 'ec', 'far', 'iss', 'mfar', 'serror_vector', 'hpfar_ipa', 'fsc', 's1ptw', 'wnr', 'cm'],
  tlbi: ['must', 'why', 'levels'],
} as const;
/** What has to be equal for a vector to pass; the rest helps to find an error. */
const comparable = { gpc: ['f', 'l', 'sc'], report: expectedKeys.report, tlbi: expectedKeys.tlbi } as const;

/** Equal as values: hex texts by what they say, arrays element by element. */
function sameValue(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((element, i) => sameValue(element, b[i]));
  if (typeof a === 'string' && typeof b === 'string' && isHex(a) && isHex(b)) return BigInt(a) === BigInt(b);
  return a === b;
}

const isHex = (value: string): boolean => /^0x[0-9a-f]+$/i.test(value);

const bad = (where: string, key: string, expected: string, found: string): InputError =>
  new InputError({ code: 'VECTOR_INVALID', where: `${where} ${key}`, expected, found });

const describe = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60));

function parseObject(line: string, where: string): Raw {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new InputError({
      code: 'VECTOR_NOT_JSON',
      where,
      expected: 'one JSON object a line',
      found: line.slice(0, 60),
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(where, 'line', 'a JSON object', describe(value));
  return value as Raw;
}

function checkKeys(value: Raw, allowed: readonly string[], where: string): void {
  for (const key of Object.keys(value)) {
    if (!allowed.includes(key))
      throw new InputError({ code: 'VECTOR_UNKNOWN_KEY', where, expected: allowed.join(' '), found: key });
  }
}

function hexValue(value: unknown, where: string, key: string): bigint {
  if (typeof value !== 'string' || !isHex(value)) throw bad(where, key, 'a hex string', describe(value));
  const number = BigInt(value);
  if (number >> 64n !== 0n) throw bad(where, key, 'at most 64 bits', value);
  return number;
}

/** The address of a 64-bit word, as tables are made of. */
function wordAddress(value: unknown, where: string, key: string): bigint {
  const address = hexValue(value, where, key);
  if (address % 8n !== 0n) throw bad(where, key, 'a multiple of 8', describe(value));
  return address;
}

function integer(
  vector: Raw,
  key: string,
  where: string,
  low = Number.MIN_SAFE_INTEGER,
  high = Number.MAX_SAFE_INTEGER,
): number {
  const value = vector[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < low || value > high) {
    throw bad(where, key, low === Number.MIN_SAFE_INTEGER ? 'a whole number' : `${low} to ${high}`, describe(value));
  }
  return value;
}

function boolean(vector: Raw, key: string, where: string): boolean {
  const value = vector[key];
  if (typeof value !== 'boolean') throw bad(where, key, 'true or false', describe(value));
  return value;
}

const flag = (vector: Raw, key: string, where: string): boolean => integer(vector, key, where, 0, 1) === 1;

function text(vector: Raw, key: string, where: string): string {
  const value = vector[key];
  if (typeof value !== 'string') throw bad(where, key, 'a string', describe(value));
  return value;
}

function strings(vector: Raw, key: string, where: string): readonly string[] {
  const value = vector[key];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw bad(where, key, 'an array of strings', describe(value));
  return value;
}

function object(vector: Raw, key: string, where: string): Raw {
  const value = vector[key];
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(where, key, 'an object', describe(value));
  return value as Raw;
}

function oneOf<T extends string>(vector: Raw, key: string, allowed: readonly T[], where: string): T {
  const value = vector[key];
  const found = allowed.find((item) => item === value);
  if (found === undefined) throw bad(where, key, allowed.join(', '), describe(value));
  return found;
}

function world(vector: Raw, key: string, where: string): World {
  const found = parseWorld(text(vector, key, where));
  if (found === undefined) throw bad(where, key, 'S, NS, RT, RL', describe(vector[key]));
  return found;
}
