// Moving granules: the checks and their order, the policy, exactly which words change, the order of maintenance, and random
// sequences beside a map of granules. Strict: no requester may ever use an entry that the tables do not hold any more.

import { describe, expect, it } from 'vitest';
import { toPa } from '../../src/arch/address.ts';
import { baseFeatures } from '../../src/arch/features.ts';
import { Gpi, gpiName } from '../../src/arch/gpi.ts';
import type { TraceEvent } from '../../src/arch/trace.ts';
import { Pas, World, worldName, worlds } from '../../src/arch/world.ts';
import { Prng } from '../../src/base/prng.ts';
import { Transition } from '../../src/monitor/gpt.ts';
import {
  GiB,
  type GptBench,
  MiB,
  allFeatures,
  differences,
  fusedWords,
  gptBench,
  gpiOfWord,
  layoutOf,
  mayRead,
} from './gpt-bench.ts';

const K = 4096;
const ns4 = [{ base: 0, size: 4 * GiB, gpi: Gpi.NonSecure }];

/** Moves on behalf of the Realm world, as GTSI does. */
const delegate = ({ gpt, pes }: GptBench, at: number, pe: 0 | 1 = 0): Transition =>
  gpt.transition(pes[pe], at, 1, Gpi.Realm, World.Realm);
const undelegate = ({ gpt, pes }: GptBench, at: number, pe: 0 | 1 = 0): Transition =>
  gpt.transition(pes[pe], at, 1, Gpi.NonSecure, World.Realm);

/** Runs of equal words: `first-last word`, one line each. */
function runs(words: BigUint64Array): string[] {
  const lines: string[] = [];
  for (let first = 0; first < words.length;) {
    let last = first;
    while (last + 1 < words.length && words[last + 1] === words[first]) last++;
    lines.push(`${first}-${last} ${(words[first] as bigint).toString(16)}`);
    first = last + 1;
  }
  return lines;
}

describe('a transition', () => {
  it('is checked in the order of the reference firmware', () => {
    const bench = gptBench(
      layoutOf([
        { base: 0, size: GiB, gpi: Gpi.NonSecure },
        { base: GiB, size: GiB, gpi: Gpi.NonSecure, how: 'block' },
        { base: 2 ** 40 - 2 * K, size: 2 * K, gpi: Gpi.NonSecure },
      ]),
    );
    const { gpt, pes } = bench;
    const before = bench.words();
    const call = (base: bigint, count: bigint, target: number, caller: World = World.Realm): string =>
      ({ [Transition.Ok]: 'OK', [Transition.Einval]: 'EINVAL', [Transition.Eperm]: 'EPERM' })[
        gpt.transition(pes[0], Number(base), Number(count), target as Gpi, caller)
      ];
    const top = (1n << 64n) - 1n;
    expect({
      // Each alone.
      countZero: call(0n, 0n, Gpi.Realm),
      countTwo: call(0n, 2n, Gpi.Realm),
      countHuge: call(0n, top, Gpi.Realm),
      target: call(0n, 1n, Gpi.NonSecureOnly),
      reserved: call(0n, 1n, 0b0001),
      wraps: call(top - 4095n, 1n, Gpi.Realm),
      wrapsUnaligned: call(top, 1n, Gpi.Realm),
      unaligned: call(0x800n, 1n, Gpi.Realm),
      unalignedByOne: call(0x1001n, 1n, Gpi.Realm),
      abovePps: call(1n << 40n, 1n, Gpi.Realm),
      upperHalf: call(1n << 63n, 1n, Gpi.Realm),
      folded: call((1n << 53n) + 0x1000n, 1n, Gpi.Realm),
      lastGranule: call((1n << 40n) - 4096n, 1n, Gpi.Realm),
      block: call(BigInt(GiB), 1n, Gpi.Realm),
      unmapped: call(BigInt(8 * GiB), 1n, Gpi.Realm),
      policy: call(0n, 1n, Gpi.Secure),
      already: call(0n, 1n, Gpi.NonSecure),
      caller: call(0n, 1n, Gpi.Realm, World.NonSecure),
      // In pairs: the earlier one is reported.
      countBeforeTarget: call(0n, 2n, Gpi.NonSecureOnly),
      targetBeforeWrap: call(top - 4095n, 1n, Gpi.NonSecureOnly),
      targetBeforeAlign: call(0x800n, 1n, Gpi.NonSecureOnly),
      alignBeforePolicy: call(0x800n, 1n, Gpi.Secure),
      blockBeforePolicy: call(BigInt(GiB), 1n, Gpi.Secure),
    }).toEqual({
      countZero: 'EINVAL',
      countTwo: 'EINVAL',
      countHuge: 'EINVAL',
      target: 'EPERM',
      reserved: 'EPERM',
      wraps: 'EINVAL',
      wrapsUnaligned: 'EINVAL',
      unaligned: 'EINVAL',
      unalignedByOne: 'EINVAL',
      abovePps: 'EINVAL',
      upperHalf: 'EINVAL',
      folded: 'EINVAL',
      lastGranule: 'EINVAL',
      block: 'EINVAL',
      unmapped: 'EINVAL',
      policy: 'EPERM',
      already: 'EPERM',
      caller: 'EPERM',
      countBeforeTarget: 'EINVAL',
      targetBeforeWrap: 'EPERM',
      targetBeforeAlign: 'EPERM',
      alignBeforePolicy: 'EINVAL',
      blockBeforePolicy: 'EINVAL',
    });
    expect(differences(bench.words(), before)).toEqual([]);
    expect(call((1n << 40n) - 8192n, 1n, Gpi.Realm)).toBe('OK');
  });

  it('that is checked beforehand names the GPI exactly where an address can move', () => {
    const bench = gptBench(layoutOf([{ base: 2 ** 40 - 2 * K, size: 2 * K, gpi: Gpi.NonSecure }]));
    const movable = (at: number): number | undefined => bench.gpt.movableGpi(bench.pes[0], toPa(at));
    expect([2 ** 40 - 2 * K, 2 ** 40 - K, 2 ** 40, 0x800, 0, 2 ** 40 - 3 * K].map(movable)).toEqual([
      Gpi.NonSecure,
      undefined,
      undefined,
      undefined,
      undefined,
      Gpi.All,
    ]);
  });

  it('is allowed to the callers of the policy table and to nobody else, for every current and target GPI', () => {
    const bench = gptBench(layoutOf([{ base: 0, size: GiB, gpi: Gpi.NonSecure }]), allFeatures);
    const { gpt, pes } = bench;
    // A granule of each GPI that can stand in a table with NSO, NSP and SA on.
    const gpis = [
      Gpi.NoAccess,
      Gpi.SystemAgent,
      Gpi.NonSecureProtected,
      Gpi.Secure,
      Gpi.NonSecure,
      Gpi.Root,
      Gpi.Realm,
      Gpi.NonSecureOnly,
      Gpi.All,
    ];
    const table = toPa(512 * GiB + 64 * MiB);
    const allowed: string[] = [];
    for (const caller of worlds)
      for (const current of gpis)
        for (let target = 0; target < 16; target++) {
          gpt.fill(pes[0], table, 2 ** 14, 0x9999_9999, 0x9999_9999);
          gpt.writeEntry(pes[0], table, (0x9999_9990 | current) >>> 0, 0x9999_9999);
          bench.pes.forEach(({ gpc }) => gpc.invalidate('paall'));
          const result = gpt.transition(pes[0], 0, 1, target as Gpi, caller);
          const now = gpt.gpi(pes[0], toPa(0));
          if (result === Transition.Ok) allowed.push(`${worldName(caller)} ${gpiName(current)} ${gpiName(target)}`);
          const isAsExpected =
            (result === Transition.Ok && now === target) || (result === Transition.Eperm && now === current);
          if (!isAsExpected) allowed.push(`${gpiName(current)} became ${gpiName(now ?? -1)}: ${result}`);
        }
    expect(allowed.sort()).toEqual(
      [
        'RL NON_SECURE REALM',
        'RL REALM NON_SECURE',
        'S NON_SECURE SECURE',
        'S SECURE NON_SECURE',
        'NS NON_SECURE NSO',
        'NS NSO NON_SECURE',
        'NS NON_SECURE NSP',
        'NS NON_SECURE SA',
        'NS NSO NSP',
        'NS NSO SA',
        'NS NSP NON_SECURE',
        'NS NSP NSO',
        'NS SA NON_SECURE',
        'NS SA NSO',
      ].sort(),
    );
  });

  it('to the GPIs of an extension that is absent is refused', () => {
    const bench = gptBench(layoutOf([{ base: 0, size: GiB, gpi: Gpi.NonSecure }]), baseFeatures);
    const moved = [Gpi.NonSecureOnly, Gpi.NonSecureProtected, Gpi.SystemAgent].map((gpi) =>
      bench.gpt.transition(bench.pes[0], 0, 1, gpi, World.NonSecure),
    );
    expect(moved).toEqual([Transition.Eperm, Transition.Eperm, Transition.Eperm]);
    const gpc2 = gptBench(layoutOf([{ base: 0, size: GiB, gpi: Gpi.NonSecure }]), { ...baseFeatures, gpc2: true });
    expect(
      [Gpi.NonSecureOnly, Gpi.NonSecureProtected, Gpi.SystemAgent].map((gpi) =>
        gpc2.gpt.transition(gpc2.pes[0], 0, 1, gpi, World.NonSecure),
      ),
    ).toEqual([Transition.Ok, Transition.Eperm, Transition.Eperm]);
  });
});

describe('shattering', () => {
  const at = 3 * 512 * MiB + 5 * 32 * MiB + 7 * 2 * MiB + 9 * 64 * 1024 + 3 * K;
  /** Word numbers of the start of the pieces. */
  const word = (address: number): number => address / (64 * 1024);
  const contiguous = { 29: '391', 25: '291', 21: '191' } as const;
  const granules = '9999999999999999';

  it('of 512 MiB leaves 15 times 32 MiB, 15 times 2 MiB, 31 entries of granules, and the one entry that changed', () => {
    const bench = gptBench(layoutOf(ns4));
    expect(runs(bench.words())).toEqual([`0-65535 ${contiguous[29]}`]);
    delegate(bench, at);
    const big = word(3 * 512 * MiB);
    const middle = word(3 * 512 * MiB + 5 * 32 * MiB);
    const small = word(3 * 512 * MiB + 5 * 32 * MiB + 7 * 2 * MiB);
    const own = small + 9;
    expect(runs(bench.words())).toEqual([
      `0-${big - 1} ${contiguous[29]}`,
      `${big}-${middle - 1} ${contiguous[25]}`,
      `${middle}-${small - 1} ${contiguous[21]}`,
      `${small}-${own - 1} ${granules}`,
      `${own}-${own} 999999999999b999`,
      `${own + 1}-${small + 31} ${granules}`,
      `${small + 32}-${middle + 511} ${contiguous[21]}`,
      `${middle + 512}-${big + 8191} ${contiguous[25]}`,
      `${big + 8192}-65535 ${contiguous[29]}`,
    ]);
    expect(big + 8192).toBe(32768);
  });

  it('is undone by the way back: the table is what it was, word for word', () => {
    for (const largest of [0, 21, 25, 29] as const) {
      const bench = gptBench(layoutOf(ns4, { contiguousBitsMax: largest }));
      const before = bench.words();
      delegate(bench, at);
      expect(differences(bench.words(), before)).not.toEqual([]);
      undelegate(bench, at);
      expect(differences(bench.words(), before)).toEqual([]);
    }
  });

  it('changes nothing but the one GPI where entries are granules already', () => {
    const bench = gptBench(layoutOf(ns4, { contiguousBitsMax: 0 }));
    const before = bench.words();
    delegate(bench, at);
    const after = bench.words();
    const changed = [...after.entries()].filter(([i, value]) => value !== before[i]);
    expect(changed.map(([i, value]) => [i, value.toString(16)])).toEqual([[word(at - 3 * K), '999999999999b999']]);
  });
});

describe('fusing', () => {
  it('joins what a whole 2 MiB and then a whole 32 MiB have become, in both directions', () => {
    const bench = gptBench(layoutOf(ns4));
    const before = bench.words();
    const base = 64 * MiB;
    for (let at = base; at < base + 2 * MiB; at += K) delegate(bench, at);
    expect(runs(bench.words())).toContain('1024-1055 1b1');
    for (let at = base + 2 * MiB; at < base + 32 * MiB; at += K) delegate(bench, at);
    expect(runs(bench.words())).toContain('1024-1535 2b1');
    for (let at = base; at < base + 32 * MiB; at += K) undelegate(bench, at);
    expect(differences(bench.words(), before)).toEqual([]);
  });

  it('joins 512 MiB of 64 KiB granules', () => {
    const bench = gptBench(layoutOf(ns4, { granuleBits: 16 }), allFeatures);
    const before = bench.words();
    for (let at = 0; at < 512 * MiB; at += 64 * 1024) delegate(bench, at);
    expect(runs(bench.words())).toEqual(['0-511 3b1', '512-4095 391']);
    for (let at = 0; at < 512 * MiB; at += 64 * 1024) undelegate(bench, at);
    expect(differences(bench.words(), before)).toEqual([]);
  });

  it('stops at the largest size that the build allows', () => {
    const bench = gptBench(layoutOf(ns4, { contiguousBitsMax: 21 }));
    for (let at = 0; at < 32 * MiB; at += K) delegate(bench, at);
    expect(runs(bench.words())).toEqual(['0-511 1b1', '512-65535 191']);
  });
});

/** What a transition did to the table and to caches, in order. */
function logged(bench: GptBench, act: () => Transition): string[] {
  const log: string[] = [];
  const { gpt, trace } = bench;
  const write = gpt.writeEntry.bind(gpt);
  const fill = gpt.fill.bind(gpt);
  gpt.writeEntry = (pe, at, lo, hi) => {
    log.push(`write ${((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)).toString(16)}`);
    write(pe, at, lo, hi);
  };
  gpt.fill = (pe, at, count, lo, hi) => {
    log.push(`fill ${count} ${lo.toString(16)}`);
    fill(pe, at, count, lo, hi);
  };
  trace.to((event: TraceEvent) => {
    if (event.kind === 'tlbi') log.push(`TLBI ${event.op} ${(event.frame * K).toString(16)} 2^${event.bits}`);
    if (event.kind === 'popa') log.push(`PoPA ${worldName(event.pas)} ${(event.frame * K).toString(16)}`);
  });
  expect(act()).toBe(Transition.Ok);
  trace.to(undefined);
  gpt.writeEntry = write;
  gpt.fill = fill;
  return log;
}

describe('the order of maintenance', () => {
  const at = 512 * MiB + 0x3000;

  it('on the way to Realm: shatter and its TLBI, target, entry, TLBI, source', () => {
    const bench = gptBench(layoutOf(ns4));
    expect(logged(bench, () => delegate(bench, at))).toEqual([
      'fill 8192 291',
      'fill 512 191',
      'fill 32 99999999',
      'TLBI rpalos 20000000 2^29',
      'PoPA RL 20003000',
      'write 999999999999b999',
      'TLBI rpalos 20003000 2^12',
      'PoPA NS 20003000',
    ]);
  });

  it('on the way back: no access, TLBI, source and target, entry, TLBI, fuse without TLBI', () => {
    const bench = gptBench(layoutOf(ns4));
    delegate(bench, at);
    expect(logged(bench, () => undelegate(bench, at))).toEqual([
      'write 9999999999990999',
      'TLBI rpalos 20003000 2^12',
      'PoPA RL 20003000',
      'PoPA NS 20003000',
      'write 9999999999999999',
      'TLBI rpalos 20003000 2^12',
      'fill 32 191',
      'fill 512 291',
      'fill 8192 391',
    ]);
  });

  it('between Non-secure and NSO: entry and TLBI', () => {
    const bench = gptBench(layoutOf(ns4, { contiguousBitsMax: 0 }), allFeatures);
    const move = (target: Gpi): Transition => bench.gpt.transition(bench.pes[0], at, 1, target, World.NonSecure);
    expect(logged(bench, () => move(Gpi.NonSecureOnly))).toEqual([
      'write 999999999999d999',
      'TLBI rpalos 20003000 2^12',
    ]);
    expect(logged(bench, () => move(Gpi.NonSecure))).toEqual(['write 9999999999999999', 'TLBI rpalos 20003000 2^12']);
  });

  it('of a larger granule covers every page of it', () => {
    const bench = gptBench(layoutOf(ns4, { granuleBits: 16, contiguousBitsMax: 0 }), allFeatures);
    const log = logged(bench, () => delegate(bench, 0x2_0000));
    const pages = Array.from({ length: 16 }, (_, i) => (0x2_0000 + i * K).toString(16));
    expect(log).toEqual([
      ...pages.map((page) => `PoPA RL ${page}`),
      'write 9999999999999b99',
      'TLBI rpalos 20000 2^16',
      ...pages.map((page) => `PoPA NS ${page}`),
    ]);
  });
});

describe('random sequences', () => {
  type Plan = {
    readonly name: string;
    readonly granuleBits: 12 | 14 | 16;
    readonly contiguousBitsMax: 0 | 21 | 25 | 29;
    readonly seed: number;
  };
  const plans: readonly Plan[] = [
    { name: '4 KiB, 512 MiB', granuleBits: 12, contiguousBitsMax: 29, seed: 0x51 },
    { name: '4 KiB, 2 MiB', granuleBits: 12, contiguousBitsMax: 21, seed: 0x52 },
    { name: '4 KiB, no contiguous entries', granuleBits: 12, contiguousBitsMax: 0, seed: 0x53 },
    { name: '16 KiB, 512 MiB', granuleBits: 14, contiguousBitsMax: 29, seed: 0x54 },
    { name: '64 KiB, 32 MiB', granuleBits: 16, contiguousBitsMax: 25, seed: 0x55 },
  ];
  const valid = new Set<number>([
    0,
    Gpi.SystemAgent,
    Gpi.NonSecureProtected,
    Gpi.Secure,
    Gpi.NonSecure,
    Gpi.Root,
    Gpi.Realm,
    Gpi.NonSecureOnly,
    Gpi.All,
  ]);

  for (const { name, granuleBits, contiguousBitsMax, seed } of plans)
    it(`agree with a map of granules: ${name}, seed 0x${seed.toString(16)}`, () => {
      const prng = new Prng(seed);
      const bench = gptBench(
        layoutOf(
          [
            { base: 0, size: 3 * GiB, gpi: Gpi.NonSecure },
            { base: 3 * GiB, size: GiB, gpi: Gpi.Secure },
          ],
          { granuleBits, contiguousBitsMax },
        ),
        allFeatures,
      );
      const unit = 2 ** granuleBits;
      const gpis = new Uint8Array((4 * GiB) / unit);
      gpis.fill(Gpi.NonSecure, 0, (3 * GiB) / unit).fill(Gpi.Secure, (3 * GiB) / unit);
      // Few places, so that what was split grows together again; the ends of sizes and of level 0 entries are among them.
      const places = [
        0,
        2 * MiB - unit,
        32 * MiB,
        512 * MiB - unit,
        GiB - unit,
        GiB,
        2 * GiB + 77 * unit,
        3 * GiB - unit,
        3 * GiB,
        4 * GiB - unit,
      ];
      const moves = [
        [World.Realm, Gpi.Realm],
        [World.Realm, Gpi.NonSecure],
        [World.Secure, Gpi.Secure],
        [World.Secure, Gpi.NonSecure],
        [World.NonSecure, Gpi.NonSecureOnly],
        [World.NonSecure, Gpi.NonSecure],
        [World.NonSecure, Gpi.NonSecureProtected],
        [World.Root, Gpi.Root],
      ] as const;
      const isAllowed = (caller: World, from: number, to: number): boolean =>
        (caller === World.Realm && [from, to].sort().join() === [Gpi.NonSecure, Gpi.Realm].sort().join()) ||
        (caller === World.Secure && [from, to].sort().join() === [Gpi.NonSecure, Gpi.Secure].sort().join()) ||
        (caller === World.NonSecure &&
          from !== to &&
          [from, to].every((g) => g === Gpi.NonSecure || g === Gpi.NonSecureOnly || g === Gpi.NonSecureProtected));
      const checkWords = (): void => {
        expect(differences(bench.words(), fusedWords(gpis, granuleBits, contiguousBitsMax))).toEqual([]);
      };
      const wrong: string[] = [];
      let done = 0;
      for (let n = 0; n < 600; n++) {
        // Warm, with what is there before: every requester holds what it may.
        const at =
          (places[prng.below(places.length)] as number) + prng.below(2) * unit * (prng.below(2) === 0 ? 1 : -1);
        if (at < 0 || at >= 4 * GiB) continue;
        const index = at / unit;
        for (const who of [0, 1, 'SMMU'] as const) {
          mayRead(bench, who, at, Pas.NonSecure);
          mayRead(bench, who, Math.min(at + 40 * unit, 4 * GiB - 1), Pas.NonSecure);
        }
        const [caller, target] = moves[prng.below(moves.length)] as (typeof moves)[number];
        const from = gpis[index] as number;
        const result = bench.gpt.transition(bench.pes[prng.below(2) as 0 | 1], at, 1, target, caller);
        const isOk = isAllowed(caller, from, target);
        if (result !== (isOk ? Transition.Ok : Transition.Eperm)) wrong.push(`${n}: ${at.toString(16)} ${result}`);
        if (isOk) {
          gpis[index] = target;
          done++;
        }
        // Nobody sees anything old, at the granule or near it.
        for (const near of [at, at - unit, at + unit])
          for (const who of [0, 1, 'SMMU'] as const) {
            if (near < 0 || near >= 4 * GiB) continue;
            const gpi = gpis[near / unit];
            const isNs = gpi === Gpi.NonSecure || gpi === Gpi.NonSecureOnly;
            if (mayRead(bench, who, near, Pas.NonSecure) !== isNs) wrong.push(`${n}: NS ${near.toString(16)}`);
            if (mayRead(bench, who, near, Pas.Realm) !== (gpi === Gpi.Realm))
              wrong.push(`${n}: RL ${near.toString(16)}`);
          }
        if (n % 100 === 99) checkWords();
      }
      expect(wrong.slice(0, 5)).toEqual([]);
      expect(done).toBeGreaterThan(100);
      expect(bench.stale).toEqual([]);
      // Every granule of the four gigabytes, one by one, by the tests' own decoder: all entries valid.
      const words = bench.words();
      let differing = 0;
      for (let i = 0; i < gpis.length; i++)
        if (gpiOfWord(words[Math.floor(i / 16)] as bigint, i % 16, valid) !== gpis[i]) differing++;
      expect(differing).toBe(0);
    });
});

describe('caches after transitions', () => {
  it('hold nothing old on any PE nor in the SMMU, however large what they held was', () => {
    const bench = gptBench(layoutOf(ns4));
    for (const who of [0, 1, 'SMMU'] as const)
      for (let at = 0; at < 4 * GiB; at += 2 * MiB) mayRead(bench, who, at, Pas.NonSecure);
    for (const at of [0, 512 * MiB - K, 513 * MiB, 2 * GiB, 4 * GiB - K]) {
      expect(delegate(bench, at, 1)).toBe(Transition.Ok);
      for (const who of [0, 1, 'SMMU'] as const) {
        expect(mayRead(bench, who, at, Pas.NonSecure)).toBe(false);
        expect(mayRead(bench, who, at, Pas.Realm)).toBe(true);
        expect(mayRead(bench, who, at === 0 ? K : at - K, Pas.NonSecure)).toBe(true);
      }
      expect(undelegate(bench, at, 0)).toBe(Transition.Ok);
      for (const who of [0, 1, 'SMMU'] as const) {
        expect(mayRead(bench, who, at, Pas.NonSecure)).toBe(true);
        expect(mayRead(bench, who, at, Pas.Realm)).toBe(false);
      }
    }
    expect(bench.stale).toEqual([]);
  });
});
