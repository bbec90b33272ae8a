// A guest that does what its arguments say, step by step: so that a file can script one. What it does is in its image, and measured.

import type { AccessSize, Action, Entry, Outcome, Script, ScriptArgs, ScriptFactory } from '../arch/action.ts';
import type { SysReg } from '../arch/registers.ts';
import { type Num, big, hostCall, refused } from './realm.ts';

/** One step of a scripted guest: an action, or a host call with its structure in memory. */
export type ScriptedStep =
  | { readonly load: Num; readonly size?: AccessSize; readonly reg?: number }
  | { readonly store: Num; readonly value: Num; readonly size?: AccessSize; readonly reg?: number }
  | { readonly fetch: Num }
  /** X0 and up. */
  | { readonly smc: readonly Num[] }
  | { readonly hvc: number }
  | { readonly mrs: string }
  | { readonly msr: string; readonly value: Num }
  | { readonly wfi: true }
  | { readonly hostCall: number; readonly page: Num; readonly gprs: readonly Num[] };

export type ScriptedArgs = { readonly name: string; readonly steps: readonly ScriptedStep[] };

/** What came of a step. */
export type Seen = { readonly guest: string; readonly step: number; readonly outcome: Outcome };

/** The guest, for somebody who wants to know what it sees. */
export function scriptedGuest(report: (seen: Seen) => void): ScriptFactory {
  return function* scripted(args: ScriptArgs, _entry: Entry): Script {
    const { name, steps } = (args ?? {}) as unknown as Partial<ScriptedArgs>;
    if (name === undefined || !Array.isArray(steps)) throw refused(args);
    for (const [i, step] of (steps as readonly ScriptedStep[]).entries()) {
      let outcome: Outcome;
      if ('hostCall' in step) {
        const x = yield* hostCall(big(step.page), step.hostCall, step.gprs.map(big));
        outcome = { kind: 'done', value: 0n, x };
      } else {
        outcome = yield actionOf(step);
      }
      report({ guest: name, step: i, outcome });
    }
  };
}

/** The same when nobody listens. */
export const scripted = scriptedGuest(() => undefined);

function actionOf(step: Exclude<ScriptedStep, { readonly hostCall: number }>): Action {
  if ('load' in step) return { op: 'load', at: big(step.load), size: step.size ?? 8, ...registerOf(step) };
  if ('store' in step)
    return { op: 'store', at: big(step.store), size: step.size ?? 8, value: big(step.value), ...registerOf(step) };
  if ('fetch' in step) return { op: 'fetch', at: big(step.fetch) };
  if ('smc' in step) return { op: 'smc', x: step.smc.map(big) };
  if ('hvc' in step) return { op: 'hvc', imm: step.hvc };
  if ('msr' in step) return { op: 'msr', reg: step.msr as SysReg, value: big(step.value) };
  if ('mrs' in step) return { op: 'mrs', reg: step.mrs as SysReg };
  return { op: 'wfi' };
}

const registerOf = ({ reg }: { readonly reg?: number }): { readonly reg?: number } =>
  reg === undefined ? {} : { reg };
