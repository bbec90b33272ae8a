// Stage 2 translation: IPA to PA, by a walk of the descriptors that VTTBR_EL2 names. Used for Realms, whose tables lie in Realm
// granules, and for plain VMs, whose Host keeps them in Non-secure memory. Every descriptor fetch is checked by the GPC.
// Simplified: 4 KiB granules only, nothing is cached; the access flag is checked and never set. DDI 0487 D8.

import { type El, type Pas, World } from '../arch/world.ts';
import { Access } from '../memory/port.ts';
import type { SysReg } from '../arch/registers.ts';
import type { MemoryPort } from '../memory/port.ts';

/** The PE that a translation is for, as far as it matters here. */
export type TranslatingPe = {
  readonly el: El;
  readonly lowerWorld: World;
  readonly memory: { readonly paBits: number };
  get(reg: SysReg): bigint;
  port(pas: Pas, state: World): MemoryPort;
};

/** Why a translation failed. */
export type Stage2Fault = 'translation' | 'access-flag' | 'permission' | 'address-size' | 'gpt' | 'external-abort';

const VALID = 1;
const TABLE_OR_PAGE = 2;
const S2AP_READ = 1 << 6;
const S2AP_WRITE = 1 << 7;
const AF = 1 << 10;
/** In the upper half: XN [54:53], NS [55]. */
const XN_SHIFT = 21;
const NS_HI = 1 << 23;
const LEVEL_MAX = 3;

/** VTCR_EL2 as far as a walk needs it. */
type Regime = {
  readonly ipaBits: number;
  readonly startLevel: number;
  readonly ds: boolean;
  /** Log2 of the PAs that descriptors may name. */
  readonly outputBits: number;
  /** Concatenated tables at the start. */
  readonly tables: number;
};

/** VTCR_EL2.PS. 52 bits with 4 KiB granules only where DS says so. */
const outputSizes = [32, 36, 40, 42, 44, 48, 52, 52];

/** Undefined: T0SZ, SL0 and SL2 do not fit each other, or need what is not there. */
function regimeOf(vtcr: bigint): Regime | undefined {
  const field = (at: bigint, mask: bigint): number => Number((vtcr >> at) & mask);
  const sl0 = field(6n, 0b11n);
  const ds = field(32n, 1n) === 1;
  const sl2 = ds && field(33n, 1n) === 1;
  const ipaBits = 64 - field(0n, 0x3fn);
  const isGranule4k = field(14n, 0b11n) === 0;
  if (!isGranule4k || sl0 === 3 || (sl2 && sl0 !== 0)) return undefined;
  const startLevel = sl2 ? -1 : 2 - sl0;
  const single = 21 + 9 * (LEVEL_MAX - startLevel);
  // Without FEAT_TTST T0SZ is at most 39, so that level 2 resolves fewer bits of its own than a table has.
  const least = startLevel === LEVEL_MAX - 1 ? 25 : single - 8;
  const most = Math.min(single + 4, ds ? 52 : 48);
  if (ipaBits < least || ipaBits > most) return undefined;
  const outputBits = Math.min(outputSizes[field(16n, 0b111n)] as number, ds ? 52 : 48);
  return { ipaBits, startLevel, ds, outputBits, tables: 2 ** Math.max(ipaBits - single, 0) };
}

/** Frame of the starting table. With DS and 52 bits, BADDR[51:48] stands at [5:2]. The base is aligned to all tables. */
function baseFrame(vttbr: bigint, { ds, outputBits, tables }: Regime): number {
  const upper = ds && outputBits === 52 ? Number((vttbr >> 2n) & 0xfn) * 2 ** 36 : 0;
  const frame = upper + Number((vttbr & 0xffff_ffff_f000n) >> 12n);
  return frame - (frame % tables);
}

/** XN with FEAT_XNX: 0 executes, 1 only at EL0, 2 not, 3 only at EL1. S2AP has no say. */
function isExecutable(hi: number, el: El): boolean {
  const xn = (hi >>> XN_SHIFT) & 0b11;
  return xn === 0 || xn === (el === 0 ? 1 : 3);
}

/** Translates for one PE. The result, or the fault, is left in the fields. */
export class Stage2 {
  frame = 0;
  pas: Pas = 0;
  fault: Stage2Fault = 'translation';
  level = 0;
  /** Frame of the descriptor whose fetch failed. */
  descriptorFrame = 0;
  descriptorPas: Pas = 0;
  #vtcr = -1n;
  #regime: Regime | undefined;

  /** Translates the page of an IPA below 2^52. True: `frame` and `pas` are the output. */
  translate(pe: TranslatingPe, ipa: number, what: 'load' | 'store' | 'fetch'): boolean {
    const vtcr = pe.get('vtcr_el2');
    if (vtcr !== this.#vtcr) {
      this.#vtcr = vtcr;
      this.#regime = regimeOf(vtcr);
    }
    const regime = this.#regime;
    if (regime === undefined) return this.#fail('translation', 0);
    const { ipaBits, startLevel, ds } = regime;
    const isRealm = pe.lowerWorld === World.Realm;
    const tablePas = pe.lowerWorld as Pas;
    if (ipa >= 2 ** ipaBits) return this.#fail('translation', 0);
    const outputFrames = 2 ** (Math.min(regime.outputBits, pe.memory.paBits) - 12);
    let tableFrame = baseFrame(pe.get('vttbr_el2'), regime);
    if (tableFrame >= outputFrames) return this.#fail('address-size', 0);
    let index = Math.floor(ipa / 2 ** (12 + 9 * (LEVEL_MAX - startLevel)));
    // Concatenated starting tables are one large table.
    tableFrame += Math.floor(index / 512);
    index %= 512;
    const port = pe.port(tablePas, pe.lowerWorld);
    for (let level = startLevel; ; level++) {
      const result = port.loadAt(tableFrame, index * 8, 8);
      if (result !== Access.Ok) {
        this.descriptorFrame = tableFrame;
        this.descriptorPas = tablePas;
        return this.#fail(result === Access.Gpt ? 'gpt' : 'external-abort', level);
      }
      const lo = port.words[0] as number;
      const hi = port.words[1] as number;
      if ((lo & VALID) === 0) return this.#fail('translation', level);
      const outFrame = (ds ? (hi & 0x3ffff) + ((lo >>> 8) & 0b11) * 2 ** 18 : hi & 0xffff) * 2 ** 20 + (lo >>> 12);
      const isLeaf = level === LEVEL_MAX || (lo & TABLE_OR_PAGE) === 0;
      if (isLeaf && ((lo & TABLE_OR_PAGE) === 0) === (level === LEVEL_MAX)) return this.#fail('translation', level);
      if (isLeaf && level < 1) return this.#fail('translation', level);
      if (outFrame >= outputFrames) return this.#fail('address-size', level);
      if (!isLeaf) {
        tableFrame = outFrame;
        index = Math.floor(ipa / 2 ** (12 + 9 * (LEVEL_MAX - level - 1))) % 512;
        continue;
      }
      if ((lo & AF) === 0) return this.#fail('access-flag', level);
      const isNonSecure = !isRealm || (hi & NS_HI) !== 0;
      const isAllowed =
        what === 'fetch'
          ? isExecutable(hi, pe.el) && !(isRealm && isNonSecure)
          : (lo & (what === 'load' ? S2AP_READ : S2AP_WRITE)) !== 0;
      if (!isAllowed) return this.#fail('permission', level);
      const pages = 2 ** (9 * (LEVEL_MAX - level));
      this.frame = outFrame - (outFrame % pages) + (Math.floor(ipa / 4096) % pages);
      this.pas = isRealm && isNonSecure ? (World.NonSecure as Pas) : tablePas;
      return true;
    }
  }

  #fail(fault: Stage2Fault, level: number): false {
    this.fault = fault;
    this.level = level;
    return false;
  }
}
