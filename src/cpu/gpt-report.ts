// How a granule protection fault is reported: class, target EL, syndrome and address registers. DDI 0487 D9.
// One function from fault and controls to report; exceptions and the vector checker both go through it.

import { type GptFaultKind, gpcsc } from '../arch/gpt.ts';
import { Ec, Fsc, Iss, gpcscShift, mfar } from '../arch/syndrome.ts';
import type { El, Pas } from '../arch/world.ts';

/** What was going on when the check refused. */
export type GptReportInput = {
  readonly kind: GptFaultKind;
  readonly level: 0 | 1;
  /** EL that made the access. */
  readonly el: El;
  /** `dc` and `at` are cache maintenance and address translation instructions. */
  readonly access: 'r' | 'w' | 'x' | 'dc' | 'at';
  /** PAS and frame of the access that failed: the descriptor's, when a table fetch failed. */
  readonly pas: Pas;
  readonly frame: number;
  /** Set when a translation table fetch failed. */
  readonly walk:
    | { readonly level: number; readonly stage2: boolean; readonly s1ptw: boolean; readonly ipaFrame: number }
    | undefined;
  readonly scrGpf: boolean;
  readonly scrEase: boolean;
  readonly hcrTge: boolean;
  readonly hcrGpf: boolean;
  readonly el2Enabled: boolean;
};

/** What software finds. FAR_ELx always gets the faulting VA; it is not part of this. */
export type GptReport = {
  readonly class: 'GPC' | 'DABT' | 'IABT';
  readonly target: 1 | 2 | 3;
  readonly ec: number;
  readonly iss: number;
  /** MFAR_EL3; only for GPC exceptions. */
  readonly mfar: bigint | undefined;
  /** IPA frame for HPFAR_EL2; undefined leaves the register alone. */
  readonly hpfarIpaFrame: number | undefined;
  /** The vector offset of an SError (+0x180) is used. */
  readonly serrorVector: boolean;
};

export function reportGptFault(input: GptReportInput): GptReport {
  const { kind, level, el, access, walk } = input;
  const isFetch = access === 'x';
  const isMaintenance = access === 'dc' || access === 'at';
  // Cache maintenance and AT count as writes; a fetch never does.
  const isWrite = access === 'w' || isMaintenance;
  const fsc = walk === undefined ? Fsc.gpf : Fsc.gpfOnWalk(walk.level);
  const stage2 = walk?.stage2 === true;
  const common =
    (isMaintenance ? Iss.CM : 0) | (stage2 && walk?.s1ptw === true ? Iss.S1PTW : 0) | (isWrite ? Iss.WnR : 0) | fsc;
  const hpfarIpaFrame = stage2 ? walk?.ipaFrame : undefined;

  const isGpc = kind !== 'gpf' || (el !== 3 && input.scrGpf);
  if (isGpc) {
    return {
      class: 'GPC',
      target: 3,
      ec: Ec.Gpc,
      iss: (stage2 ? Iss.S2PTW : 0) | (isFetch ? Iss.InD : 0) | (gpcsc(kind, level) << gpcscShift) | common,
      mfar: mfar(input.frame, input.pas),
      hpfarIpaFrame,
      serrorVector: kind === 'eabt' && input.scrEase,
    };
  }
  const target = abortTarget(input, stage2);
  const lower = isFetch ? Ec.InstructionAbortLower : Ec.DataAbortLower;
  return {
    class: isFetch ? 'IABT' : 'DABT',
    target,
    ec: target === el ? lower + 1 : lower,
    iss: common,
    mfar: undefined,
    hpfarIpaFrame,
    serrorVector: false,
  };
}

/** Where a GPF goes that is an ordinary abort. */
function abortTarget(input: GptReportInput, stage2: boolean): 1 | 2 | 3 {
  const { el } = input;
  if (el === 3 || el === 2) return el;
  if (stage2) return 2;
  return input.el2Enabled && (input.hcrTge || input.hcrGpf) ? 2 : 1;
}
