// A slow model of what a requester holds: entries at the largest size that the architecture allows, nothing evicted, dropped
// only by a TLBI that covers them as a whole. DDI 0487 D9 and C5.5.
import {
  type GptWorld,
  type Space,
  beforeTables,
  gpcscOf,
  gpiPermits,
  granuleBits,
  level0Bits,
  walkTables,
} from './gpt-reference.ts';

type Held = { readonly first: bigint; readonly last: bigint; readonly gpi: number; readonly level: 0 | 1 };
type Registers = Pick<GptWorld, 'gpccr' | 'gptbr' | 'gpcbw'>;

/** Words of a walk whose level 0 entry is held. */
class Overlay extends Map<bigint, bigint> {
  readonly #under: ReadonlyMap<bigint, bigint>;

  constructor(under: ReadonlyMap<bigint, bigint>, at: bigint, word: bigint) {
    super([[at, word]]);
    this.#under = under;
  }

  override get(at: bigint): bigint | undefined {
    return super.get(at) ?? this.#under.get(at);
  }
}

export class TlbModel {
  registers: Registers;
  #cached: Registers | undefined;
  #held: Held[] = [];
  #contested: { first: bigint; last: bigint }[] = [];
  readonly #tables = new Map<bigint, bigint>();
  readonly #fixed: Omit<GptWorld, keyof Registers>;

  constructor(fixed: Omit<GptWorld, keyof Registers>, registers: Registers) {
    this.#fixed = fixed;
    this.registers = registers;
  }

  /** Whether copies that disagree were held for an address: the architecture lets either be used, so the model cannot say. */
  isContested(pa: bigint): boolean {
    return this.#contested.some(({ first, last }) => pa >= first && pa <= last);
  }

  /** Decides an access from what is held, and holds what it had to walk for. */
  check(pa: bigint, pas: Space, state: Space): string {
    this.#cached ??= this.registers;
    // GPTBR_EL3 is not cached apart from the entries that were read through it.
    const world: GptWorld = { ...this.#fixed, ...this.#cached, gptbr: this.registers.gptbr };
    const early = beforeTables(world, pa, pas);
    if (early !== undefined) return early.f === 'none' ? 'none' : answerText(early.f, early.l as 0 | 1);
    const say = (gpi: number, level: 0 | 1): string =>
      gpiPermits(gpi, pas, state) ? 'none' : answerText('gpf', level);
    const entry = this.#held.find(({ first, last }) => pa >= first && pa <= last);
    if (entry !== undefined) return say(entry.gpi, entry.level);

    const s = BigInt(level0Bits(world));
    const index = pa >> s;
    const table = this.#tables.get(index);
    const seen =
      table === undefined ? world : { ...world, gptbr: 0n, words: new Overlay(world.words, 8n * index, table | 3n) };
    const fetched: bigint[] = [];
    const found = walkTables(seen, pa, fetched);
    if (table === undefined && fetched.length > 1)
      this.#tables.set(index, (world.words.get(fetched[0] as bigint) ?? 0n) & ~3n);
    if ('fault' in found) return answerText(found.fault, found.level);
    this.#hold(pa, found.gpi, found.level, found.span);
    return say(found.gpi, found.level);
  }

  /** What strict mode has to say: what a check with nothing held would be decided by. */
  fresh(pa: bigint, pas: Space, state: Space): { readonly by: string; readonly allows: boolean } {
    return this.#decidedBy({ ...this.#fixed, ...this.registers }, pa, pas, state);
  }

  /** What the next check will be decided by. */
  held(pa: bigint, pas: Space, state: Space): { readonly by: string; readonly allows: boolean } {
    const world = { ...this.#fixed, ...(this.#cached ?? this.registers), gptbr: this.registers.gptbr };
    const early = beforeTables(world, pa, pas);
    if (early !== undefined) return this.#decidedBy(world, pa, pas, state);
    const entry = this.#held.find(({ first, last }) => pa >= first && pa <= last);
    if (entry !== undefined) return { by: `gpi ${entry.gpi}`, allows: gpiPermits(entry.gpi, pas, state) };
    const table = this.#tables.get(pa >> BigInt(level0Bits(world)));
    if (table === undefined) return this.#decidedBy(world, pa, pas, state);
    const at = 8n * (pa >> BigInt(level0Bits(world)));
    return this.#decidedBy({ ...world, gptbr: 0n, words: new Overlay(world.words, at, table | 3n) }, pa, pas, state);
  }

  #decidedBy(world: GptWorld, pa: bigint, pas: Space, state: Space): { by: string; allows: boolean } {
    const early = beforeTables(world, pa, pas);
    if (early !== undefined) {
      const closed = { RL: 5n, NS: 6n, S: 7n, RT: 63n }[pas];
      const isClosed = ((world.gpccr >> closed) & 1n) === 1n;
      return {
        by: early.f === 'gpf' ? (isClosed ? 'closed' : 'above') : `early ${early.f}`,
        allows: early.f === 'none',
      };
    }
    const found = walkTables(world, pa);
    return 'fault' in found
      ? { by: found.fault, allows: false }
      : { by: `gpi ${found.gpi}`, allows: gpiPermits(found.gpi, pas, state) };
  }

  /** TLBI PAALL. */
  dropAll(): void {
    this.#cached = undefined;
    this.#held = [];
    this.#contested = [];
    this.#tables.clear();
  }

  /** TLBI by PA over 2^size bytes; nothing when the base is not aligned to it. */
  dropRange(xt: bigint, isLastLevel: boolean): void {
    if (this.#cached === undefined) return;
    const world = { ...this.#fixed, ...this.#cached };
    const sizes = [12, 14, 16, 21, 25, 29, 30, 34, 36, 39];
    const p = granuleBits(world);
    const size = sizes[Number((xt >> 44n) & 0xfn)];
    if (size === undefined || p === undefined) return;
    const length = 1n << BigInt(Math.max(size, p));
    const first = ((xt & 0xff_ffff_ffffn) << 12n) & ~((1n << BigInt(p)) - 1n);
    if (first % length !== 0n || first >> BigInt(this.#fixed.paBits) !== 0n) return;
    const last = first + length - 1n;
    this.#held = this.#held.filter((entry) => entry.first < first || entry.last > last);
    if (isLastLevel) return;
    const s = BigInt(level0Bits(world));
    for (const index of this.#tables.keys())
      if (index << s >= first && ((index + 1n) << s) - 1n <= last) this.#tables.delete(index);
  }

  #hold(pa: bigint, gpi: number, level: 0 | 1, span: number): void {
    const size = 1n << BigInt(span);
    const first = pa - (pa % size);
    const entry = { first, last: first + size - 1n, gpi, level };
    for (const other of this.#held) {
      if (other.gpi === gpi || other.last < first || other.first > entry.last) continue;
      const chunk = 1n << 21n;
      const low = other.first > first ? other.first : first;
      const high = other.last < entry.last ? other.last : entry.last;
      this.#contested.push({ first: low - (low % chunk), last: high - (high % chunk) + chunk - 1n });
    }
    this.#held.push(entry);
  }
}

const answerText = (fault: 'gpf' | 'walk' | 'size' | 'eabt', level: 0 | 1): string =>
  `${fault} ${level} ${gpcscOf(fault, level)}`;
