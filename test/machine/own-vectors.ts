// Makes the vectors in fixtures/vectors/gpt from the second opinions: same seed, same file. They are for where the published
// ones are not at hand, and for corners that those leave out.
import { Prng } from '../../src/base/prng.ts';
import { randomCase } from '../memory/gpt-cases.ts';
import {
  type GptWorld,
  type Space,
  type Verdict,
  gpcscOf,
  granuleProtectionCheck,
  spaces,
} from '../memory/gpt-reference.ts';
import { type ReportCase, reportOf, tlbiRangeOf } from './report-reference.ts';

export const ownFolder = 'fixtures/vectors/gpt';
const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Text by file name. */
export function ownVectors(): ReadonlyMap<string, string> {
  const lines = (vectors: readonly object[]): string =>
    vectors.map((vector, i) => `${JSON.stringify({ id: i + 1, ...vector })}\n`).join('');
  return new Map([
    ['access.jsonl', lines(accesses())],
    ['report.jsonl', lines(reports())],
    ['tlbi.jsonl', lines(ranges())],
  ]);
}

/** A case with the one who asks. */
type Drawn = {
  readonly world: GptWorld;
  readonly pa: bigint;
  readonly pas: Space;
  readonly ss: Space;
  readonly acc: string;
};

/** Corners that chance meets too seldom: how many of each at least. */
const corners: readonly { readonly tag: string; readonly is: (drawn: Drawn, verdict: Verdict) => boolean }[] = [
  { tag: 'nso-state', is: ({ pas, ss }, { gpi }) => gpi === 13 && pas === 'NS' && (ss === 'S' || ss === 'RL') },
  { tag: 'appsaa', is: ({ pas }, { why }) => why === 'above-pps' && pas !== 'NS' },
  {
    tag: 'pair',
    is: ({ world, pa, pas, ss }, { f }) =>
      world.gdi && f === 'walk' && granuleProtectionCheck({ ...world, gdi: false }, pa, pas, ss).f !== 'walk',
  },
  {
    tag: 'sh-outer',
    is: ({ world, pa, pas, ss }, { f }) =>
      (world.gpccr & 0x0f00n) === 0n &&
      f === 'walk' &&
      granuleProtectionCheck({ ...world, gpccr: (world.gpccr & ~0x1000n) | 0x2000n }, pa, pas, ss).f !== 'walk',
  },
  {
    tag: 'closed-above',
    is: ({ world, pa, pas, ss }, { f, fetch }) =>
      f === 'gpf' &&
      fetch.length === 0 &&
      granuleProtectionCheck({ ...world, gpccr: world.gpccr & ~0xe0n }, pa, pas, ss).why === 'above-pps',
  },
  {
    tag: 'base-garbage',
    is: ({ world, pas, ss }, { why }) => why === 'above-pps' && granuleProtectionCheck(world, 0n, pas, ss).f === 'size',
  },
  {
    tag: 'l0-kind',
    is: ({ world, pa, pas, ss }, { f, fetch: [at] }) =>
      f === 'walk' &&
      at !== undefined &&
      ((world.words.get(at) ?? 0n) & 0xffn) === 2n &&
      granuleProtectionCheck(
        { ...world, words: new Map([...world.words, [at, (world.words.get(at) as bigint) | 3n]]) },
        pa,
        pas,
        ss,
      ).f !== 'walk',
  },
];

/** Accesses, with about as many of each outcome and reason as there are of others, and some of each corner. */
function accesses(): object[] {
  const random = new Prng(0x6b9c);
  const count = new Map<string, number>();
  const vectors: object[] = [];
  const wanted = corners.map(({ tag }) => tag);
  const add = (tag: string, most: number, drawn: Drawn, verdict: Verdict): void => {
    const had = count.get(tag) ?? 0;
    if (had >= most) return;
    count.set(tag, had + 1);
    vectors.push(accessVector(tag, drawn, verdict));
  };
  while (vectors.length < 420 || wanted.some((tag) => (count.get(tag) ?? 0) < 4)) {
    const { world, pa } = randomCase(random);
    const drawn = {
      world,
      pa,
      pas: pick(random, spaces),
      ss: pick(random, spaces),
      acc: pick(random, ['r', 'w', 'x']),
    };
    if (!isAgreed(drawn)) continue;
    const verdict = granuleProtectionCheck(world, pa, drawn.pas, drawn.ss);
    const corner = corners.find(({ is }) => is(drawn, verdict));
    if (corner !== undefined) add(corner.tag, 4, drawn, verdict);
    else if (vectors.length < 420) add(tagOf(world, verdict), 14, drawn, verdict);
  }
  return vectors;
}

const pick = <T>(random: Prng, from: readonly T[]): T => from[random.below(from.length)] as T;

/** Two readings of the manual are about: bits [55:52] of a Table entry, and an abort on the other half of a pair. */
function isAgreed({ world, pa }: Drawn): boolean {
  const { gpc3, gdi, paBits, words, aborts } = world;
  if (pa >> BigInt(paBits) !== 0n || (gdi && aborts.size > 0)) return false;
  return !gpc3 || [...words.values()].every((word) => (word & 0xfn) !== 3n || ((word >> 52n) & 0xfn) === 0n);
}

function tagOf({ gpc2, gpc3, gdi }: GptWorld, { f, l, why, gl, span }: Verdict): string {
  const entry = gl === undefined ? '' : gl === 0 ? '-block' : (span as number) > 16 ? '-contig' : '-gran';
  return `${f}${l ?? ''}${why === undefined ? '' : `-${why}`}${entry}${gdi ? '-gdi' : gpc3 ? '-gpc3' : gpc2 ? '-gpc2' : ''}`;
}

function accessVector(
  tag: string,
  { world, pa, pas, ss, acc }: Drawn,
  { f, l, gpi, gl, span, why, fetch }: Verdict,
): object {
  const { gpc2, gpc3, gdi, sel2, paBits, words, aborts } = world;
  const feat = [...(gpc2 ? ['gpc2'] : []), ...(gpc3 ? ['gpc3'] : []), ...(gdi ? ['gdi'] : [])];
  return {
    k: 'gpc',
    tag,
    ...(feat.length > 0 ? { feat } : {}),
    ...(sel2 ? {} : { sel2 }),
    pamax: paBits,
    gpccr: hex(world.gpccr),
    gptbr: hex(world.gptbr),
    ...(gpc3 ? { gpcbw: hex(world.gpcbw) } : {}),
    pa: hex(pa),
    pas,
    ss,
    acc,
    mem: Object.fromEntries([...words].map(([at, word]) => [hex(at), hex(word)])),
    ...(aborts.size > 0 ? { eabt: [...aborts].map(hex) } : {}),
    exp: {
      f,
      ...(f === 'none' ? {} : { l, sc: gpcscOf(f, l as 0 | 1) }),
      ...(gpi === undefined ? {} : { gpi, gl, span }),
      ...(why === undefined ? {} : { why }),
      fetch: fetch.map(hex),
    },
  };
}

function reports(): object[] {
  const random = new Prng(0x7e57);
  const bool = (): boolean => random.below(2) === 1;
  return Array.from({ length: 240 }, () => {
    const f = (['gpf', 'gpf', 'walk', 'size', 'eabt'] as const)[random.below(5)] as ReportCase['f'];
    const el = random.below(4);
    const onWalk = bool();
    const stage2 = onWalk && el < 2 && bool();
    const pas = spaces[random.below(4)] as Space;
    const input: ReportCase = {
      f,
      l: f === 'size' ? 0 : random.below(2),
      el,
      on_walk: onWalk,
      ...(onWalk ? { tt_level: random.below(5) - 1 } : {}),
      stage2,
      s1ptw: stage2 && bool(),
      ...(stage2 ? { ipa: hex(random.u64() & 0xf_ffff_ffff_ffffn) } : {}),
      acc: (['r', 'w', 'x', 'dc', 'at'] as const)[random.below(5)] as ReportCase['acc'],
      scr_gpf: random.below(2),
      scr_ease: random.below(2),
      hcr_tge: random.below(2),
      hcr_gpf: random.below(2),
      el2_enabled: bool(),
      pas,
      pa: hex(random.u64() & 0xff_ffff_ffff_ffffn),
    };
    return { k: 'report', tag: `report-${f}`, ...input, exp: reportOf(input) };
  });
}

/** Every SIZE with every PGS, at an aligned base, one that is off by less and one by more than a granule. */
function ranges(): object[] {
  const random = new Prng(0x71b1);
  const vectors: object[] = [];
  for (let size = 0n; size < 16n; size++) {
    for (let pgs = 0; pgs < 4; pgs++) {
      for (const off of [0n, 1n, 16n]) {
        const base = (((random.u64() & 0xff_ffff_ffffn) >> 27n) << 27n) + off;
        const op = random.below(2) === 0 ? 'rpaos' : 'rpalos';
        const xt = (size << 44n) | base;
        vectors.push({ k: 'tlbi', tag: `tlbi-size${size}`, op, pgs, xt: hex(xt), exp: tlbiRangeOf(op, pgs, xt) });
      }
    }
  }
  return vectors;
}
