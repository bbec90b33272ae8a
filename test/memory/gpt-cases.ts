// Random configurations, tables and addresses for the granule protection check. Most are nearly right: one thing is wrong.
import type { Prng } from '../../src/base/prng.ts';
import { type GptWorld, granuleBits, level0Bits, ppsBits } from './gpt-reference.ts';

export type GptCase = { readonly world: GptWorld; readonly pa: bigint };

const pick = <T>(random: Prng, from: readonly T[]): T => from[random.below(from.length)] as T;
const oneIn = (random: Prng, n: number): boolean => random.below(n) === 0;
const below = (random: Prng, bits: number): bigint => random.u64() & ((1n << BigInt(bits)) - 1n);

const plainGpis = [0n, 8n, 9n, 10n, 11n, 15n];
const gpi = (random: Prng): bigint => (oneIn(random, 4) ? below(random, 4) : pick(random, plainGpis));

function granules(random: Prng): bigint {
  const base = pick(random, plainGpis);
  const isMixed = oneIn(random, 2);
  let entry = 0n;
  for (let i = 0n; i < 16n; i++) entry |= (isMixed ? pick(random, plainGpis) : base) << (4n * i);
  // One GPI that may not be valid, at any of the sixteen places.
  return oneIn(random, 3) ? setBits(entry, 4 * random.below(16), 4, below(random, 4)) : entry;
}

const setBits = (value: bigint, at: number, width: number, field: bigint): bigint =>
  (value & ~(((1n << BigInt(width)) - 1n) << BigInt(at))) | (field << BigInt(at));

/** Flips one bit somewhere in a range, seldom. */
const spoil = (random: Prng, value: bigint, high: number, low: number): bigint =>
  oneIn(random, 6) && high >= low ? value ^ (1n << BigInt(low + random.below(high - low + 1))) : value;

function level1Entry(random: Prng): bigint {
  switch (random.below(5)) {
    case 0:
    case 1:
      return granules(random);
    case 2:
    case 3: {
      const contig = oneIn(random, 8) ? 0n : BigInt(1 + random.below(3));
      return spoil(random, 0b0001n | (gpi(random) << 4n) | (contig << 8n), 63, 10);
    }
    default:
      return oneIn(random, 2) ? random.u64() : below(random, 4);
  }
}

function level0Entry(random: Prng, t: number, s: number, p: number): bigint {
  switch (random.below(8)) {
    case 0:
    case 1:
      return spoil(random, 0b0001n | (gpi(random) << 4n), 63, 8);
    case 2:
      return oneIn(random, 2) ? random.u64() : below(random, 12);
    default: {
      // Inside the protected range most times, and at its edges; else anywhere.
      let table = oneIn(random, 10) ? below(random, 52) : below(random, Math.min(t, 52));
      if (oneIn(random, 12)) table = pick(random, [1n << BigInt(t), (1n << BigInt(t)) - 1n]);
      table = (table >> BigInt(s - p - 1)) << BigInt(s - p - 1);
      return spoil(
        random,
        spoil(random, oneIn(random, 12) ? table | below(random, 4) : table | 0b0011n, 63, 52),
        s - p - 2,
        4,
      );
    }
  }
}

/** Registers, then an address, then the entries that a walk for it meets. */
export function randomCase(random: Prng): GptCase {
  const gpc2 = !oneIn(random, 3);
  const features = { gpc2, gpc3: gpc2 && oneIn(random, 2), gdi: gpc2 && oneIn(random, 2), sel2: !oneIn(random, 6) };
  const paBits = pick(
    random,
    features.gpc3 ? [32, 36, 40, 42, 44, 46, 47, 48, 52, 56, 56, 56] : [32, 36, 40, 42, 44, 48, 52, 52],
  );
  let gpccr = 0n;
  const legal = [32, 36, 40, 42, 44, 48, 52, 56, 46, 47].flatMap((bits, code) => (bits <= paBits ? [code] : []));
  const pps = oneIn(random, 12)
    ? random.below(16)
    : pick(
        random,
        legal.filter((code) => features.gpc3 || code < 7),
      );
  gpccr = setBits(gpccr, 0, 3, BigInt(pps & 7));
  gpccr = setBits(gpccr, 3, 1, features.gpc3 ? BigInt(pps >> 3) : below(random, 1));
  gpccr = setBits(gpccr, 5, 3, oneIn(random, 4) ? below(random, 3) : 0n);
  gpccr = setBits(
    gpccr,
    8,
    6,
    oneIn(random, 8) ? below(random, 6) : pick(random, [0b110101n, 0b100000n, 0b000100n, 0b101111n]),
  );
  gpccr = setBits(gpccr, 14, 2, oneIn(random, 16) ? 3n : BigInt(random.below(3)));
  gpccr = setBits(gpccr, 16, 1, oneIn(random, 30) ? 0n : 1n);
  gpccr = setBits(gpccr, 17, 3, below(random, 3));
  gpccr = setBits(gpccr, 20, 4, pick(random, [0n, 4n, 6n, 9n]));
  gpccr = setBits(gpccr, 24, 1, oneIn(random, 4) ? 1n : 0n);
  gpccr = setBits(gpccr, 25, 4, below(random, 4));
  gpccr = setBits(gpccr, 29, 1, oneIn(random, 3) ? 1n : 0n);
  if (oneIn(random, 8)) gpccr = setBits(gpccr, 30, 34, below(random, 34));
  if (oneIn(random, 8)) gpccr = setBits(gpccr, 4, 1, 1n);

  const stride = pick(random, [0n, 2n, 4n, 6n, 7n, 8n, 9n, 10n, 16n, 1n, 31n]);
  const size = pick(random, [0n, 1n, 2n, 4n, 6n, 4n, 3n]);
  let window = below(random, 10 + Math.min(Number(stride), 16));
  if (!oneIn(random, 8)) window = (window >> size) << size;
  const gpcbw = oneIn(random, 12)
    ? random.u64()
    : window | (stride << 32n) | (size << 37n) | (oneIn(random, 4) ? 0xf000_0000_0000_0000n : 0n);

  const world = {
    ...features,
    paBits,
    gpccr,
    gptbr: 0n,
    gpcbw,
    words: new Map<bigint, bigint>(),
    aborts: new Set<bigint>(),
  };
  const t = ppsBits(world) ?? 40;
  const s = level0Bits(world);
  const p = granuleBits(world) ?? 12;
  let base = oneIn(random, 12) ? below(random, 44) : below(random, t - 12);
  if (oneIn(random, 12)) base = pick(random, [1n << BigInt(t - 12), (1n << BigInt(t - 12)) - 1n]);
  if (oneIn(random, 20)) base = random.u64();
  let pa = below(random, oneIn(random, 8) ? 56 : Math.min(t, paBits));
  if (oneIn(random, 10))
    pa = pick(random, [(1n << BigInt(t)) - 1n, 1n << BigInt(t), (1n << 56n) - 1n, 0n]) & ((1n << 56n) - 1n);
  // Into the window, or just beside it, when there is one.
  if (oneIn(random, 4))
    pa =
      ((window << 30n) + (below(random, 56) >> stride) * (oneIn(random, 2) ? 1n : 1n << (40n + stride))) &
      ((1n << BigInt(t)) - 1n);

  const gptbr = oneIn(random, 6) ? base | (below(random, 20) << 44n) : base;
  const raw = (gptbr & ((1n << (features.gpc3 ? 44n : 40n)) - 1n)) << 12n;
  const align = BigInt(Math.max(t - s + 3, 12));
  const at0 = ((raw >> align) << align) + 8n * ((pa & ((1n << BigInt(t)) - 1n)) >> BigInt(s));
  const entry0 = level0Entry(random, t, s, p);
  world.words.set(at0, entry0);
  const table = entry0 & 0x00ff_ffff_ffff_f000n & (features.gpc3 && t === 56 ? -1n : 0x000f_ffff_ffff_f000n);
  const at1 = table + 8n * ((pa & ((1n << BigInt(s)) - 1n)) >> BigInt(p + 4));
  world.words.set(at1, level1Entry(random));
  world.words.set(at1 ^ 8n, oneIn(random, 3) ? level1Entry(random) : 0x9999_9999_9999_9999n);
  for (const at of [at0, at1, at1 ^ 8n]) if (oneIn(random, 20)) world.aborts.add(at);
  return { world: { ...world, gptbr: gptbr & 0xffff_ffff_ffff_ffffn }, pa };
}
