// The granule protection check of one requester: its registers, the configuration and GPT information it holds, and the
// decision procedure of DDI 0487 D9 (`GranuleProtectionCheck`). Ports ask it before every access.

import type { Features } from '../arch/features.ts';
import {
  type GptConfig,
  gpccrField,
  type GptFaultKind,
  decodeGptConfig,
  decodeTableBase,
  gpcsc,
  isInWindow,
} from '../arch/gpt.ts';
import { gpiName, grantsOf, permitMasks } from '../arch/gpi.ts';
import type { TlbiPaOp, TlbiRange } from '../arch/tlbi.ts';
import { Pas, type World } from '../arch/world.ts';
import { GptTlb, type GptTlbData } from './gpt-tlb.ts';
import { type GptSource, GptWalk } from './gpt-walk.ts';

/** Registers that steer the check. */
export type GpcRegisters = { readonly gpccr: bigint; readonly gptbr: bigint; readonly gpcbw: bigint };

/** Why a check refused, or that it let the access through without looking. */
export type GptFault = {
  kind: GptFaultKind;
  level: 0 | 1;
  /** GPCSC of ESR_EL3. */
  code: number;
  frame: number;
  pas: Pas;
  state: World;
  /** GPI that did not permit; -1 when no entry was reached. */
  gpi: number;
};

/** How a check came to its answer, for people. */
export type GpcExplanation = {
  readonly allowed: boolean;
  /** Set when no entry was needed. */
  readonly why: 'gpc-off' | 'above-pps' | 'window' | 'registers' | 'closed' | undefined;
  readonly fault: Pick<GptFault, 'kind' | 'level' | 'code'> | undefined;
  readonly gpi: number | undefined;
  readonly spanBits: number | undefined;
  readonly walk: GptWalk;
};

/** Use of cached GPT information, or of cached register fields, that memory and registers no longer hold. */
export type StaleUse = {
  readonly frame: number;
  readonly pas: Pas;
  /** A GPI, a fault of the walk, or what the steps before the tables say. */
  readonly held: string;
  readonly now: string;
  readonly granted: boolean;
};

const noRegisters: GpcRegisters = { gpccr: 0n, gptbr: 0n, gpcbw: 0n };

export class Gpc {
  readonly features: Features;
  readonly paBits: number;
  readonly tlb: GptTlb;
  /** The last fault. One object for ever: nothing is allocated on the way of an access. */
  readonly fault: GptFault = { kind: 'gpf', level: 0, code: 0, frame: 0, pas: 0, state: 0, gpi: -1 };
  readonly #source: GptSource;
  readonly #walk = new GptWalk();
  readonly #freshWalk = new GptWalk();
  /** GPCCR_EL3.PGS: a TLBI by range from a PE with another granule requires nothing here. */
  granuleCode = 0;
  #registers = noRegisters;
  #onStale: ((use: StaleUse) => void) | undefined;
  /** Configuration as cached; undefined when the next check has to read the registers. */
  #config: GptConfig | undefined;
  /** The first frame beyond 2^t of `#config`: a power costs as much as the rest of a check that the cache answers. */
  #endFrame = 0;

  constructor(source: GptSource, features: Features, paBits: number) {
    this.#source = source;
    this.features = features;
    this.paBits = paBits;
    this.tlb = new GptTlb(paBits);
  }

  get registers(): GpcRegisters {
    return this.#registers;
  }

  /** Writes registers. Cached fields of GPCCR_EL3 stay in use until TLBI PAALL; GPTBR_EL3 counts from the next walk. */
  setRegisters(registers: Partial<GpcRegisters>): void {
    this.#setRegisters({ ...this.#registers, ...registers });
    const config = this.#config;
    if (config === undefined) return;
    const { gptbr } = this.#registers;
    this.#config = { ...config, ...decodeTableBase(gptbr, this.features, config.t, config.s) };
  }

  /** Strict mode: reports every use of GPT information that the tables do not hold any more. */
  watchStale(report: ((use: StaleUse) => void) | undefined): void {
    this.#onStale = report;
    if (report !== undefined) this.tlb.hideGrants();
  }

  /** Reset: checking is off and nothing is cached. */
  reset(): void {
    this.#setRegisters(noRegisters);
    this.#config = undefined;
    this.tlb.dropAll();
  }

  /** The configuration that checks go by now. */
  get config(): GptConfig {
    return this.#config ?? this.#adopt();
  }

  /**
   * Decides one access by a frame. False: refused, and `fault` says why. One long function on purpose: V8 inlines nothing of more
   * than 460 bytes of bytecode, so the `check` of a port stays small and is itself inlined (docs/decisions/0007-the-inner-loop.md).
   */
  check(frame: number, pas: Pas, state: World): boolean {
    const config = this.#config ?? this.#adopt();
    if (this.#onStale !== undefined) this.#compareEarly(config, frame, pas, state);
    if (!config.enabled) return true;
    if (config.problem !== undefined) return this.#refuse('walk', 0, frame, pas, state, -1);
    if ((config.closedPases >>> pas) & 1) return this.#refuse('gpf', 0, frame, pas, state, -1);
    if (frame >= this.#endFrame) {
      return pas === 1 || config.openAbovePps ? true : this.#refuse('gpf', 0, frame, pas, state, -1);
    }
    if (config.window !== undefined && isInWindow(config.window, frame)) return true;

    let gpi = this.tlb.find(frame);
    let level: 0 | 1;
    if (gpi >= 0) {
      level = this.tlb.foundSpanBits >= 30 ? 0 : 1;
    } else {
      const walk = this.#walk;
      walk.run(config, this.#source, frame, this.tlb);
      level = walk.level;
      if (walk.fault !== undefined) {
        if (this.#onStale !== undefined) this.#compare(frame, pas, state, walk.fault, false);
        return this.#refuse(walk.fault, level, frame, pas, state, -1);
      }
      gpi = walk.gpi;
      this.tlb.keep(frame, gpi, walk.spanBits, this.#endFrame, this.#grants(gpi));
    }
    const isAllowed = (((permitMasks[pas * 4 + state] as number) >>> gpi) & 1) === 1;
    if (this.#onStale !== undefined) this.#compare(frame, pas, state, gpiName(gpi), isAllowed);
    return isAllowed || this.#refuse('gpf', level, frame, pas, state, gpi);
  }

  /** Explains a check, by a walk that ignores and changes nothing that is cached. */
  explain(frame: number, pas: Pas, state: World): GpcExplanation {
    const config = this.#decode();
    const walk = new GptWalk();
    walk.fetches = [];
    const answer = (why: GpcExplanation['why'], kind?: GptFaultKind, level: 0 | 1 = 0): GpcExplanation => ({
      allowed: kind === undefined,
      why,
      fault: kind === undefined ? undefined : { kind, level, code: gpcsc(kind, level) },
      gpi: undefined,
      spanBits: undefined,
      walk,
    });
    if (!config.enabled) return answer('gpc-off');
    if (config.problem !== undefined) return answer('registers', 'walk');
    if ((config.closedPases >>> pas) & 1) return answer('closed', 'gpf');
    if (frame >= 2 ** (config.t - 12))
      return pas === 1 || config.openAbovePps ? answer('above-pps') : answer('above-pps', 'gpf');
    if (config.window !== undefined && isInWindow(config.window, frame)) return answer('window');
    walk.run(config, this.#source, frame);
    if (walk.fault !== undefined) return answer(undefined, walk.fault, walk.level);
    const allowed = ((permitMasks[pas * 4 + state] as number) >>> walk.gpi) & 1;
    return { ...answer(undefined, allowed ? undefined : 'gpf', walk.level), gpi: walk.gpi, spanBits: walk.spanBits };
  }

  /** Carries out a TLBI by PA on this requester. */
  invalidate(op: TlbiPaOp, range?: TlbiRange): void {
    if (op === 'paall' || op === 'paallos') {
      this.#config = undefined;
      this.tlb.dropAll();
    } else if (range?.required === true) {
      // With no configuration adopted since the last PAALL nothing is held either.
      if (this.#config !== undefined)
        this.tlb.dropRange(range.firstFrame, range.lastFrame, range.lastLevelOnly, this.#config.s);
    }
  }

  /** Registers and cached state as plain data. */
  data(): GpcData {
    return { registers: this.#registers, config: this.#config, tlb: this.tlb.data() };
  }

  setData(data: GpcData): void {
    this.setRegistersAndConfig(data);
    this.tlb.setData(data.tlb, (gpi) => this.#grants(gpi));
  }

  /** Takes everything but the TLB from a copy, when the TLB is known to be unchanged. */
  setRegistersAndConfig(data: Pick<GpcData, 'registers' | 'config'>): void {
    this.#setRegisters(data.registers);
    if (data.config === undefined) this.#config = undefined;
    else this.#hold(data.config);
  }

  /** Strict mode, where no table was asked: cached register fields gave the answer. */
  #compareEarly(config: GptConfig, frame: number, pas: Pas, state: World): void {
    const held = beforeTables(config, frame, pas);
    if (held !== undefined) this.#compare(frame, pas, state, held, held === 'OPEN');
  }

  /** Strict mode: what a check with nothing cached would say, beside what this one says. */
  #compare(frame: number, pas: Pas, state: World, held: string, isAllowed: boolean): void {
    const config = this.#decode();
    let now: string | undefined = beforeTables(config, frame, pas);
    let allows = now === 'OPEN';
    if (now === undefined) {
      const walk = this.#freshWalk;
      walk.run(config, this.#source, frame);
      now = walk.fault ?? gpiName(walk.gpi);
      allows = walk.fault === undefined && (((permitMasks[pas * 4 + state] as number) >>> walk.gpi) & 1) === 1;
    }
    if (now !== held) this.#onStale?.({ frame, pas, held, now, granted: isAllowed && !allows });
  }

  #refuse(kind: GptFaultKind, level: 0 | 1, frame: number, pas: Pas, state: World, gpi: number): false {
    const { fault } = this;
    fault.kind = kind;
    fault.level = level;
    fault.code = gpcsc(kind, level);
    fault.frame = frame;
    fault.pas = pas;
    fault.state = state;
    fault.gpi = gpi;
    return false;
  }

  #setRegisters(registers: GpcRegisters): void {
    this.#registers = registers;
    this.granuleCode = gpccrField(registers.gpccr, 'PGS');
  }

  #decode(): GptConfig {
    return decodeGptConfig(this.#registers, this.features, this.paBits);
  }

  #adopt(): GptConfig {
    return this.#hold(this.#decode());
  }

  #hold(config: GptConfig): GptConfig {
    this.#config = config;
    this.#endFrame = 2 ** (config.t - 12);
    return config;
  }

  /** What the fast path may say for a GPI: only yes, and only what steps 0 to 4 of the procedure cannot turn into a no. */
  #grants(gpi: number): number {
    return this.#onStale === undefined && this.#config !== undefined ? grantsOf(gpi, this.#config.closedPases) : 0;
  }
}

/** What the steps before the tables say of an access; undefined when the tables decide. */
function beforeTables(
  config: GptConfig,
  frame: number,
  pas: Pas,
): 'OPEN' | 'REGISTERS' | 'CLOSED' | 'ABOVE_PPS' | undefined {
  if (!config.enabled) return 'OPEN';
  if (config.problem !== undefined) return 'REGISTERS';
  if ((config.closedPases >>> pas) & 1) return 'CLOSED';
  if (frame >= 2 ** (config.t - 12)) return pas === Pas.NonSecure || config.openAbovePps ? 'OPEN' : 'ABOVE_PPS';
  return config.window !== undefined && isInWindow(config.window, frame) ? 'OPEN' : undefined;
}

/** What a check holds, as plain data. */
export type GpcData = {
  readonly registers: GpcRegisters;
  readonly config: GptConfig | undefined;
  readonly tlb: GptTlbData;
};
