// Checks with one thing wrong each: what an implementer gets wrong, planted, so that vectors can be seen to notice it.
import type { Features } from '../../src/arch/features.ts';
import { type GptFaultKind, gpcsc, level0Size, level1Index } from '../../src/arch/gpt.ts';
import { permits } from '../../src/arch/gpi.ts';
import { decodeTlbiRange } from '../../src/arch/tlbi.ts';
import { Pas, type World } from '../../src/arch/world.ts';
import { type GptReport, type GptReportInput, reportGptFault } from '../../src/cpu/gpt-report.ts';
import type { VectorSubject } from '../../src/machine/gpt-vectors.ts';
import { Gpc, type GpcRegisters } from '../../src/memory/gpc.ts';
import type { GptSource } from '../../src/memory/gpt-walk.ts';

type Subject = Partial<VectorSubject>;

/** A check that reads words through a hand that changes them. */
function reading(change: (gpc: Gpc, word: bigint, isLevel0: boolean) => bigint): Subject {
  return {
    makeGpc: (memory, features, paBits) => {
      const source: GptSource & { lo: number; hi: number } = {
        lo: 0,
        hi: 0,
        fetch64(frame, offset) {
          if (!memory.fetch64(frame, offset)) return false;
          const { t, s, tableFrame } = gpc.config;
          const isLevel0 = frame >= tableFrame && frame < tableFrame + Math.ceil(level0Size(t, s) / 4096);
          const word = change(gpc, (BigInt(memory.hi >>> 0) << 32n) | BigInt(memory.lo >>> 0), isLevel0);
          this.lo = Number(word & 0xffff_ffffn);
          this.hi = Number(word >> 32n);
          return true;
        },
      };
      const gpc = new Gpc(source, features, paBits);
      return gpc;
    },
  };
}

/** A check whose registers are not what was written. */
const registers = (change: (registers: GpcRegisters, gpc: Gpc) => GpcRegisters): Subject => ({
  makeGpc: (memory, features, paBits) => {
    class Flawed extends Gpc {
      override setRegisters(written: Partial<GpcRegisters>): void {
        super.setRegisters(change({ gpccr: 0n, gptbr: 0n, gpcbw: 0n, ...written }, this));
      }
    }
    return new Flawed(memory, features, paBits);
  },
});

const implementing = (change: Partial<Features>): Subject => ({
  makeGpc: (memory, features, paBits) => new Gpc(memory, { ...features, ...change }, paBits),
});

/** A check that thinks again about its answer: undefined leaves it. */
function deciding(
  change: (gpc: Gpc, frame: number, pas: Pas, state: World, isAllowed: boolean) => boolean | GptFaultKind | undefined,
): Subject {
  return {
    makeGpc: (memory, features, paBits) => {
      class Flawed extends Gpc {
        override check(frame: number, pas: Pas, state: World): boolean {
          // Without what is held and without the fast path, so that the flaw always has the last word.
          this.tlb.dropAll();
          const isAllowed = super.check(frame, pas, state);
          this.tlb.dropAll();
          const changed = change(this, frame, pas, state, isAllowed);
          if (changed === undefined) return isAllowed;
          if (typeof changed === 'boolean') return changed;
          this.fault.kind = changed;
          this.fault.code = gpcsc(changed, this.fault.level);
          return false;
        }
      }
      return new Flawed(memory, features, paBits);
    },
  };
}

const reporting = (
  change: (report: GptReport, input: GptReportInput) => Partial<GptReport>,
  ask = (input: GptReportInput) => input,
): Subject => ({
  report: (input) => {
    const report = reportGptFault(ask(input));
    return { ...report, ...change(report, input) };
  },
});

const low = (bits: number): bigint => (1n << BigInt(bits)) - 1n;
const set = (value: bigint, at: number, width: number, field: bigint): bigint =>
  (value & ~(low(width) << BigInt(at))) | (field << BigInt(at));
const field = (value: bigint, at: number, width: number): bigint => (value >> BigInt(at)) & low(width);

export const flawedChecks: Readonly<Record<string, Subject>> = {
  'misaligned tables are accepted': reading((gpc, word, isLevel0) =>
    isLevel0 && (word & 0xfn) === 3n ? set(word, 12, Math.max(gpc.config.s - gpc.config.p - 13, 0), 0n) : word,
  ),
  'RES0 bits of a Block are ignored': reading((_, word, isLevel0) =>
    isLevel0 && (word & 0xfn) === 1n ? word & 0xffn : word,
  ),
  'RES0 bits of a Table are ignored': reading((_, word, isLevel0) =>
    isLevel0 && (word & 0xfn) === 3n ? word & 0xf_ffff_ffff_f00fn : word,
  ),
  'RES0 bits of a Contiguous entry are ignored': reading((_, word, isLevel0) =>
    !isLevel0 && (word & 0xfn) === 1n ? word & 0x3ffn : word,
  ),
  'size 0 of a Contiguous entry is accepted': reading((_, word, isLevel0) =>
    !isLevel0 && (word & 0x30fn) === 1n ? word | 0x100n : word,
  ),
  'a Block is a Table without bit 1': reading((_, word, isLevel0) =>
    isLevel0 && (word & 0xfn) === 2n ? word | 1n : word,
  ),
  'only the selected GPI is validated': deciding((gpc, frame, pas, state) => {
    const { fault, walk } = gpc.explain(frame, pas, state);
    const word = walk.fetches?.findLast(({ level }) => level === 1)?.word;
    if (fault?.kind !== 'walk' || fault.level !== 1 || word === undefined || (word & 0xfn) === 1n) return undefined;
    const gpi = Number(field(word, 4 * (Math.floor(frame / 2 ** (gpc.config.p - 12)) % 16), 4));
    if (((gpc.config.validGpis >>> gpi) & 1) === 0) return undefined;
    return permits(gpi, pas, state) ? true : 'gpf';
  }),
  'above PPS is an address size fault': deciding((gpc, frame, pas, state, isAllowed) =>
    !isAllowed && gpc.explain(frame, pas, state).why === 'above-pps' ? 'size' : undefined,
  ),
  'above PPS is open to everyone': deciding((gpc, frame, pas, state) =>
    gpc.explain(frame, pas, state).why === 'above-pps' ? true : undefined,
  ),
  'a table above PPS is a walk fault': deciding((gpc, _frame, _pas, _state, isAllowed) =>
    !isAllowed && gpc.fault.kind === 'size' ? 'walk' : undefined,
  ),
  'a closed space stays open above PPS': deciding((gpc, frame, pas) =>
    gpc.config.enabled && gpc.config.problem === undefined && pas === Pas.NonSecure && frame >= 2 ** (gpc.config.t - 12)
      ? true
      : undefined,
  ),
  'the table base is looked at before PPS': deciding((gpc, frame, pas, state, isAllowed) => {
    if (!isAllowed || gpc.explain(frame, pas, state).why !== 'above-pps' || !gpc.config.tableAbovePps) return undefined;
    gpc.fault.level = 0;
    return 'size';
  }),
  'NSO does not look at the state': deciding((gpc, _frame, pas, _state, isAllowed) =>
    !isAllowed && gpc.fault.gpi === 13 && pas === Pas.NonSecure ? true : undefined,
  ),
  'the match is on the state, not on the PAS': deciding((gpc, frame, pas, state) => {
    const { gpi } = gpc.explain(frame, pas, state);
    return gpi === undefined || gpi === 13 ? undefined : permits(gpi, state as Pas, state) ? true : 'gpf';
  }),
  'an external abort is of level 0 always': deciding((gpc, _frame, _pas, _state, isAllowed) => {
    if (isAllowed || gpc.fault.kind !== 'eabt') return undefined;
    gpc.fault.level = 0;
    return 'eabt';
  }),
  'GPCSC is off by one level': deciding((gpc, _frame, _pas, _state, isAllowed) => {
    if (!isAllowed) gpc.fault.code ^= 1;
    return undefined;
  }),
  'the partner of a pair is not validated': {
    makeGpc: (memory, features, paBits) => {
      let own = -1;
      const source: GptSource & { lo: number; hi: number } = {
        lo: 0,
        hi: 0,
        fetch64(frame, offset) {
          if (!memory.fetch64(frame, offset)) return false;
          const { t, s, tableFrame } = gpc.config;
          const isLevel0 = frame >= tableFrame && frame < tableFrame + Math.ceil(level0Size(t, s) / 4096);
          const isPartner = features.gdi && !isLevel0 && (offset / 8) % 2 !== own % 2;
          [this.lo, this.hi] = isPartner ? [0, 0] : [memory.lo, memory.hi];
          return true;
        },
      };
      class Flawed extends Gpc {
        override check(frame: number, pas: Pas, state: World): boolean {
          own = level1Index(frame, this.config.s, this.config.p);
          return super.check(frame, pas, state);
        }
      }
      const gpc = new Flawed(source, features, paBits);
      return gpc;
    },
  },
  'PGS codes are swapped': registers(({ gpccr, ...rest }) => ({
    ...rest,
    gpccr: set(gpccr, 14, 2, [0n, 2n, 1n, 3n][Number(field(gpccr, 14, 2))] as bigint),
  })),
  'the reserved SH is accepted': registers(({ gpccr, ...rest }) => ({
    ...rest,
    gpccr: field(gpccr, 12, 2) === 1n ? set(gpccr, 12, 2, 2n) : gpccr,
  })),
  'uncached tables need no Outer Shareable': registers(({ gpccr, ...rest }) => ({
    ...rest,
    gpccr: field(gpccr, 8, 4) === 0n && field(gpccr, 12, 2) !== 1n ? set(gpccr, 12, 2, 2n) : gpccr,
  })),
  'GPC = 0 is not looked at': registers(({ gpccr, ...rest }) => ({ ...rest, gpccr: gpccr | (1n << 16n) })),
  'APPSAA is ignored': registers(({ gpccr, ...rest }) => ({ ...rest, gpccr: set(gpccr, 24, 1, 0n) })),
  'SPAD, NSPAD and RLPAD are ignored': registers(({ gpccr, ...rest }) => ({ ...rest, gpccr: set(gpccr, 5, 3, 0n) })),
  'bypass windows are ignored': registers(({ gpccr, ...rest }) => ({ ...rest, gpccr: set(gpccr, 29, 1, 0n) })),
  'PPS3 is ignored': registers(({ gpccr, ...rest }) => ({ ...rest, gpccr: set(gpccr, 3, 1, 0n) })),
  'RES0 bits of GPTBR are an error': registers(({ gptbr, ...rest }, gpc) => ({
    ...rest,
    gptbr: gptbr % 2n === 0n ? gptbr : gpc.features.gpc3 ? (1n << 44n) - 1n : (1n << 40n) - 1n,
  })),
  'bits of absent extensions are obeyed': implementing({ gpc2: true, gpc3: true, gdi: true }),
  'Secure is valid without a Secure state': implementing({ sel2: true }),
  'GPC2 is not implemented': implementing({ gpc2: false, gpc3: false, gdi: false }),
};

const isGpc = (report: GptReport): boolean => report.class === 'GPC';

export const flawedReports: Readonly<Record<string, Subject>> = {
  'a fetch is a write': reporting(({ iss }, { access }) => (access === 'x' ? { iss: iss | 0x40 } : {})),
  'S1PTW is set always': reporting(({ iss }) => ({ iss: iss | 0x80 })),
  'S2PTW is never set': reporting((report) => (isGpc(report) ? { iss: report.iss & ~(1 << 21) } : {})),
  'InD is never set': reporting((report) => (isGpc(report) ? { iss: report.iss & ~(1 << 20) } : {})),
  'maintenance does not count as a write': reporting(({ iss }, { access }) =>
    access === 'dc' || access === 'at' ? { iss: iss & ~0x40 } : {},
  ),
  'AT does not set CM': reporting(({ iss }, { access }) => (access === 'at' ? { iss: iss & ~0x100 } : {})),
  'xFSC carries the GPT level': reporting(({ iss }, { walk, level }) =>
    walk === undefined ? {} : { iss: (iss & ~0x3f) | (0x24 + level) },
  ),
  'GPCSC is off by one level': reporting((report) => (isGpc(report) ? { iss: report.iss ^ (1 << 14) } : {})),
  'NS and NSE of MFAR are swapped': reporting((report, { pas, frame }) =>
    isGpc(report) ? { mfar: (BigInt(pas & 1) << 62n) | (BigInt(pas >> 1) << 63n) | (BigInt(frame) << 12n) } : {},
  ),
  'HPFAR is written for stage 1 as well': reporting((_, { walk }) =>
    walk === undefined ? {} : { hpfarIpaFrame: walk.ipaFrame },
  ),
  'HPFAR is left alone when EL3 takes it': reporting((report) => (isGpc(report) ? { hpfarIpaFrame: undefined } : {})),
  'EASE is ignored': reporting(() => ({ serrorVector: false })),
  'EASE counts for every kind': reporting((report, { scrEase }) => (isGpc(report) ? { serrorVector: scrEase } : {})),
  'SCR_EL3.GPF counts at EL3': reporting(
    (report) => report,
    (input) => (input.el === 3 && input.scrGpf ? { ...input, el: 2 } : input),
  ),
  'SCR_EL3.GPF is ignored': reporting(
    (report) => report,
    (input) => ({ ...input, scrGpf: false }),
  ),
  'HCR_EL2.GPF is ignored': reporting(
    (report) => report,
    (input) => ({ ...input, hcrGpf: false }),
  ),
  'HCR_EL2.TGE is ignored': reporting(
    (report) => report,
    (input) => ({ ...input, hcrTge: false }),
  ),
  'a disabled EL2 takes faults': reporting(
    (report) => report,
    (input) => ({ ...input, el2Enabled: true }),
  ),
  'a fault of a stage 2 walk goes to EL1': reporting((report, { walk, el }) =>
    !isGpc(report) && walk?.stage2 === true ? { target: 1, ec: (report.ec & ~1) | (el === 1 ? 1 : 0) } : {},
  ),
  'the class is that of the same EL always': reporting((report) => (isGpc(report) ? {} : { ec: report.ec | 1 })),
};

export const flawedRanges: Readonly<Record<string, Subject>> = {
  'reserved sizes mean the largest': {
    tlbi: (op, xt, pgs, paBits) =>
      decodeTlbiRange(op, field(xt, 44, 4) > 9n ? set(xt, 44, 4, 9n) & ~low(27) : xt, pgs, paBits),
  },
  'a size below the granule stays small': {
    tlbi: (op, xt, pgs, paBits) => decodeTlbiRange(op, xt, pgs === 3 ? 3 : 0, paBits),
  },
  'a base that is not aligned is rounded down': {
    tlbi: (op, xt, pgs, paBits) => decodeTlbiRange(op, xt & ~low(27), pgs, paBits),
  },
  'RPALOS reaches all levels': { tlbi: (_, xt, pgs, paBits) => decodeTlbiRange('rpaos', xt, pgs, paBits) },
  'PGS codes are swapped': {
    tlbi: (op, xt, pgs, paBits) => decodeTlbiRange(op, xt, [0, 2, 1, 3][pgs] as number, paBits),
  },
  'the reserved PGS means 4 KiB': { tlbi: (op, xt, pgs, paBits) => decodeTlbiRange(op, xt, pgs % 3, paBits) },
};
