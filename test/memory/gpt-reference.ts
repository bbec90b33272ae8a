// A second opinion on the granule protection check, written from DDI 0487 D9 alone: BigInt, no cache, no speed. It shares no
// code and no constant with src/, so that a difference means something.

export type Space = 'S' | 'NS' | 'RT' | 'RL';
export const spaces: readonly Space[] = ['S', 'NS', 'RT', 'RL'];

/** What is implemented, what the registers say, and Root memory: words by address, absent ones zero; aborting addresses. */
export type GptWorld = {
  readonly gpc2: boolean;
  readonly gpc3: boolean;
  readonly gdi: boolean;
  readonly sel2: boolean;
  readonly paBits: number;
  readonly gpccr: bigint;
  readonly gptbr: bigint;
  readonly gpcbw: bigint;
  readonly words: ReadonlyMap<bigint, bigint>;
  readonly aborts: ReadonlySet<bigint>;
};

export type Verdict = {
  readonly f: 'none' | 'gpf' | 'walk' | 'size' | 'eabt';
  readonly l?: 0 | 1;
  readonly gpi?: number;
  readonly gl?: 0 | 1;
  readonly span?: number;
  readonly why?: 'gpc-off' | 'above-pps' | 'window';
  readonly fetch: readonly bigint[];
};

const bits = (value: bigint, high: number, low: number): bigint =>
  (value >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n);
const bit = (value: bigint, at: number): boolean => bits(value, at, at) === 1n;

/** Protected size by code; the four-bit codes from 7 up need GPC3. */
export function ppsBits(world: GptWorld): number | undefined {
  const three = Number(bits(world.gpccr, 2, 0));
  const code = world.gpc3 && bit(world.gpccr, 3) ? 8 + three : three;
  switch (code) {
    case 0:
      return 32;
    case 1:
      return 36;
    case 2:
      return 40;
    case 3:
      return 42;
    case 4:
      return 44;
    case 5:
      return 48;
    case 6:
      return 52;
    case 7:
      return world.gpc3 ? 56 : undefined;
    case 8:
      return 46;
    case 9:
      return 47;
    default:
      return undefined;
  }
}

export function granuleBits(world: GptWorld): number | undefined {
  const code = bits(world.gpccr, 15, 14);
  return code === 0n ? 12 : code === 1n ? 16 : code === 2n ? 14 : undefined;
}

export const level0Bits = (world: GptWorld): number => 30 + Number(bits(world.gpccr, 23, 20));

/** The window of GPCBW_EL3; undefined when the register is invalid. */
function windowOf(gpcbw: bigint): { base: bigint; high: number; low: number } | undefined {
  const base = bits(gpcbw, 25, 0) << 30n;
  const stride = Number(bits(gpcbw, 36, 32));
  const size = Number(bits(gpcbw, 39, 37));
  if (![0, 2, 4, 6, 7, 8, 9, 10, 16].includes(stride) || ![0, 1, 2, 4, 6].includes(size)) return undefined;
  if (base % (1n << BigInt(30 + size)) !== 0n || base >= 1n << BigInt(40 + stride)) return undefined;
  return { base, high: 39 + stride, low: 30 + size };
}

function registersAreValid(world: GptWorld): boolean {
  const { gpccr } = world;
  const t = ppsBits(world);
  if (t === undefined || t > world.paBits) return false;
  if (granuleBits(world) === undefined) return false;
  if (bits(gpccr, 13, 12) === 1n) return false;
  if (bits(gpccr, 9, 8) === 0n && bits(gpccr, 11, 10) === 0n && bits(gpccr, 13, 12) !== 2n) return false;
  return !(world.gpc3 && bit(gpccr, 29) && windowOf(world.gpcbw) === undefined);
}

function gpiIsValid(world: GptWorld, gpi: bigint): boolean {
  const { gpccr } = world;
  switch (Number(gpi)) {
    case 0:
    case 9:
    case 10:
    case 11:
    case 15:
      return true;
    case 4:
      return world.gdi && bit(gpccr, 25);
    case 5:
      return world.gdi && bit(gpccr, 26);
    case 6:
      return world.gdi && bit(gpccr, 27);
    case 7:
      return world.gdi && bit(gpccr, 28);
    case 8:
      return world.sel2;
    case 13:
      return world.gpc2 && bit(gpccr, 19);
    default:
      return false;
  }
}

export function gpiPermits(gpi: number, pas: Space, state: Space): boolean {
  switch (gpi) {
    case 8:
      return pas === 'S';
    case 9:
      return pas === 'NS';
    case 10:
      return pas === 'RT';
    case 11:
      return pas === 'RL';
    case 13:
      return pas === 'NS' && (state === 'NS' || state === 'RT');
    case 15:
      return true;
    default:
      return false;
  }
}

type Found = { readonly gpi: number; readonly level: 0 | 1; readonly span: number };

/** Steps 5 to 12: what the tables say of an address below 2^t. */
export function walkTables(
  world: GptWorld,
  pa: bigint,
  fetch: bigint[] = [],
): Found | { readonly fault: 'walk' | 'size' | 'eabt'; readonly level: 0 | 1 } {
  const t = ppsBits(world) as number;
  const s = level0Bits(world);
  const p = granuleBits(world) as number;
  const read = (address: bigint): bigint | undefined => {
    fetch.push(address);
    return world.aborts.has(address) ? undefined : (world.words.get(address) ?? 0n);
  };

  const raw = bits(world.gptbr, world.gpc3 ? 43 : 39, 0) << 12n;
  if (raw >> BigInt(t) !== 0n) return { fault: 'size', level: 0 };
  const align = BigInt(Math.max(t - s + 3, 12));
  const base = (raw >> align) << align;
  const entry0 = read(base + 8n * (t > s ? bits(pa, t - 1, s) : 0n));
  if (entry0 === undefined) return { fault: 'eabt', level: 0 };

  if (bits(entry0, 3, 0) === 0b0001n) {
    if (bits(entry0, 63, 8) !== 0n || !gpiIsValid(world, bits(entry0, 7, 4))) return { fault: 'walk', level: 0 };
    return { gpi: Number(bits(entry0, 7, 4)), level: 0, span: s };
  }
  if (bits(entry0, 3, 0) !== 0b0011n) return { fault: 'walk', level: 0 };
  const top = world.gpc3 && t === 56 ? 55 : 51;
  if (bits(entry0, 11, 4) !== 0n || bits(entry0, 63, top + 1) !== 0n) return { fault: 'walk', level: 0 };
  const table = bits(entry0, top, 12) << 12n;
  if (table % (1n << BigInt(s - p - 1)) !== 0n) return { fault: 'walk', level: 0 };
  if (table >> BigInt(t) !== 0n) return { fault: 'size', level: 0 };

  const at = table + 8n * bits(pa, s - 1, p + 4);
  const pair = world.gdi ? [at & ~15n, (at & ~15n) + 8n] : [at];
  const entries: bigint[] = [];
  for (const address of pair) {
    const entry = read(address);
    if (entry === undefined) return { fault: 'eabt', level: 1 };
    entries.push(entry);
  }
  if (!entries.every((entry) => level1IsValid(world, entry))) return { fault: 'walk', level: 1 };
  const entry1 = entries[pair.indexOf(at)] as bigint;
  if (bits(entry1, 3, 0) === 0b0001n) {
    return { gpi: Number(bits(entry1, 7, 4)), level: 1, span: [0, 21, 25, 29][Number(bits(entry1, 9, 8))] as number };
  }
  const shift = 4 * Number(bits(pa, p + 3, p));
  return { gpi: Number(bits(entry1, shift + 3, shift)), level: 1, span: p };
}

function level1IsValid(world: GptWorld, entry: bigint): boolean {
  if (bits(entry, 3, 0) === 0b0001n)
    return bits(entry, 63, 10) === 0n && bits(entry, 9, 8) !== 0n && gpiIsValid(world, bits(entry, 7, 4));
  for (let i = 0; i < 16; i++) if (!gpiIsValid(world, bits(entry, 4 * i + 3, 4 * i))) return false;
  return true;
}

/** What steps 0 to 4 decide; undefined when the tables are asked. */
export function beforeTables(world: GptWorld, pa: bigint, pas: Space): Verdict | undefined {
  const { gpccr } = world;
  if (!bit(gpccr, 16)) return { f: 'none', why: 'gpc-off', fetch: [] };
  if (!registersAreValid(world)) return { f: 'walk', l: 0, fetch: [] };
  const closed = { RL: 5, NS: 6, S: 7, RT: -1 }[pas];
  if (world.gpc2 && closed >= 0 && bit(gpccr, closed)) return { f: 'gpf', l: 0, fetch: [] };
  if (pa >> BigInt(ppsBits(world) as number) !== 0n) {
    return pas === 'NS' || (world.gpc2 && bit(gpccr, 24))
      ? { f: 'none', why: 'above-pps', fetch: [] }
      : { f: 'gpf', l: 0, fetch: [] };
  }
  if (world.gpc3 && bit(gpccr, 29)) {
    const window = windowOf(world.gpcbw) as { base: bigint; high: number; low: number };
    if (bits(pa, window.high, window.low) === bits(window.base, window.high, window.low))
      return { f: 'none', why: 'window', fetch: [] };
  }
  return undefined;
}

/** Section 5 of the check, step by step. */
export function granuleProtectionCheck(world: GptWorld, pa: bigint, pas: Space, state: Space): Verdict {
  const early = beforeTables(world, pa, pas);
  if (early !== undefined) return early;
  const fetch: bigint[] = [];
  const found = walkTables(world, pa, fetch);
  if ('fault' in found) return { f: found.fault, l: found.level, fetch };
  const seen = { gpi: found.gpi, gl: found.level, span: found.span, fetch };
  return gpiPermits(found.gpi, pas, state) ? { f: 'none', ...seen } : { f: 'gpf', l: found.level, ...seen };
}

/** GPCSC of a fault. */
export const gpcscOf = (fault: 'gpf' | 'walk' | 'size' | 'eabt', level: 0 | 1): number =>
  ({ size: 0b000000, walk: 0b000100, gpf: 0b001100, eabt: 0b010100 })[fault] | level;
