// Everything observable is a trace event: one union, made here, read by the terminal, the graders, golden files and tests.
// It is the view of someone who looks at the whole machine: it may name a reason that the ABI keeps to itself.

import { hex } from '../base/hex.ts';
import { unreachable } from '../base/assert.ts';
import type { Interrupt } from './action.ts';
import { gpiName } from './gpi.ts';
import type { GptFaultKind } from './gpt.ts';
import { smcName } from './smccc.ts';
import { ecName, ecOf } from './syndrome.ts';
import { type El, type Pas, type World, worldName } from './world.ts';

/** Who acted: a PE in a world, or a device. */
export type Actor = { readonly pe: number; readonly world: World; readonly el: El } | { readonly device: string };

export type TraceEvent = { readonly step: number } & TraceBody;

/** An event without its number. */
export type TraceBody =
  | { readonly kind: 'boot'; readonly what: string; readonly detail: string }
  | {
      readonly kind: 'call';
      readonly by: Actor;
      readonly conduit: 'SMC' | 'HVC' | 'SVC';
      readonly x: readonly bigint[];
    }
  | {
      readonly kind: 'return';
      readonly by: Actor;
      readonly fid: bigint;
      readonly x: readonly bigint[];
      readonly reason?: string;
    }
  | { readonly kind: 'switch'; readonly pe: number; readonly from: World; readonly to: World }
  | {
      readonly kind: 'exception';
      readonly by: Actor;
      readonly to: El;
      readonly esr: bigint;
      readonly elr: bigint;
      readonly far: bigint;
    }
  | {
      readonly kind: 'interrupt';
      readonly by: Actor;
      readonly to: El;
      readonly what: Interrupt;
      readonly elr: bigint;
    }
  | {
      readonly kind: 'access';
      readonly by: Actor;
      readonly what: 'load' | 'store' | 'fetch';
      readonly pas: Pas;
      readonly at: bigint;
      readonly size: number;
      readonly value: bigint;
    }
  | {
      readonly kind: 'gpt-fault';
      readonly by: Actor;
      readonly what: 'load' | 'store' | 'fetch';
      readonly pas: Pas;
      readonly at: bigint;
      readonly fault: GptFaultKind;
      readonly level: 0 | 1;
      readonly gpi: number;
    }
  | {
      readonly kind: 'bus-abort';
      readonly by: Actor;
      readonly what: 'load' | 'store' | 'fetch';
      readonly pas: Pas;
      readonly at: bigint;
    }
  | {
      readonly kind: 'gpt-change';
      readonly frame: number;
      readonly from: number;
      readonly to: number;
      readonly by: World;
    }
  | {
      readonly kind: 'gpt-size';
      readonly frame: number;
      readonly spanBits: number;
      readonly gpi: number;
      readonly what: 'shatter' | 'fuse';
    }
  | { readonly kind: 'tlbi'; readonly pe: number; readonly op: string; readonly frame: number; readonly bits: number }
  | { readonly kind: 'popa'; readonly frame: number; readonly pas: Pas; readonly wasDirty: boolean }
  /** The row that made a command fail: the ABI says only the status. */
  | { readonly kind: 'rmi'; readonly pe: number; readonly name: string; readonly failed: string }
  /** A call that a Realm made to the RMM. */
  | { readonly kind: 'rsi'; readonly pe: number; readonly name: string; readonly failed?: string }
  | { readonly kind: 'wipe'; readonly frame: number }
  | { readonly kind: 'late-writeback'; readonly frame: number; readonly pas: Pas; readonly lines: number }
  | { readonly kind: 'power'; readonly pe: number; readonly what: 'on' | 'off' | 'reset' | 'system-off' }
  | { readonly kind: 'stop'; readonly pe: number; readonly reason: string }
  | {
      readonly kind: 'finding';
      readonly invariant: string;
      readonly by: Actor;
      readonly frame: number;
      readonly detail: string;
    };

/** Takes events. Building one costs something, so producers look at `on` first. */
export class Trace {
  on = false;
  /** Number of the next event. */
  step = 0;
  #sink: ((event: TraceEvent) => void) | undefined;

  /** Sends all further events to `sink`, or nowhere. */
  to(sink: ((event: TraceEvent) => void) | undefined): void {
    this.#sink = sink;
    this.on = sink !== undefined;
  }

  emit(body: TraceBody): void {
    this.#sink?.({ step: this.step++, ...body });
  }
}

const hexes = (x: readonly bigint[]): string => x.map((value) => hex(value)).join(' ');

/** Drops zeros at the end: registers that carry nothing. */
function significant(x: readonly bigint[]): readonly bigint[] {
  let length = x.length;
  while (length > 0 && x[length - 1] === 0n) length--;
  return x.slice(0, length);
}

const who = (by: Actor): string => ('device' in by ? by.device : `PE${by.pe} ${worldName(by.world)}.EL${by.el}`);
const at = (frame: number): string => hex(BigInt(frame) << 12n);

/** One event as one line: number, actor, subject, details, result. The legend is in docs/reference/trace.md. */
export function traceLine(event: TraceEvent): string {
  const [actor, subject, details, result] = columns(event);
  return `${String(event.step).padStart(6)}  ${actor.padEnd(10)}  ${subject.padEnd(26)}  ${details.padEnd(40)}  ${result}`.trimEnd();
}

function columns(event: TraceEvent): readonly [string, string, string, string] {
  switch (event.kind) {
    case 'boot':
      return ['', `boot ${event.what}`, event.detail, ''];
    case 'call':
      return [who(event.by), `${event.conduit} ${smcName(event.x[0] ?? 0n)}`, hexes(significant(event.x.slice(1))), ''];
    case 'return':
      return [
        who(event.by),
        `  = ${smcName(event.fid)}`,
        hexes([event.x[0] ?? 0n, ...significant(event.x.slice(1))]),
        event.reason ?? '',
      ];
    case 'switch':
      return [`PE${event.pe}`, 'world switch', `${worldName(event.from)} -> ${worldName(event.to)}`, ''];
    case 'exception':
      return [
        who(event.by),
        `exception to EL${event.to}`,
        `ESR ${hex(event.esr)} FAR ${hex(event.far)} ELR ${hex(event.elr)}`,
        ecName(ecOf(event.esr)),
      ];
    case 'interrupt':
      return [who(event.by), `interrupt to EL${event.to}`, `ELR ${hex(event.elr)}`, event.what.toUpperCase()];
    case 'access':
      return [who(event.by), event.what, `${worldName(event.pas)} ${hex(event.at)} ${event.size}`, hex(event.value)];
    case 'gpt-fault':
      return [
        who(event.by),
        event.what,
        `${worldName(event.pas)} ${hex(event.at)}`,
        `${event.fault.toUpperCase()} level ${event.level}${event.gpi < 0 ? '' : ` ${gpiName(event.gpi)}`}`,
      ];
    case 'bus-abort':
      return [who(event.by), event.what, `${worldName(event.pas)} ${hex(event.at)}`, 'EXTERNAL_ABORT'];
    case 'gpt-change':
      return ['EL3', 'GPT entry', at(event.frame), `${gpiName(event.from)} -> ${gpiName(event.to)}`];
    case 'gpt-size':
      return ['EL3', `GPT ${event.what}`, `${at(event.frame)} 2^${event.spanBits}`, gpiName(event.gpi)];
    case 'tlbi':
      return [
        `PE${event.pe}`,
        `TLBI ${event.op.toUpperCase()}`,
        event.bits === 0 ? '' : `${at(event.frame)} 2^${event.bits}`,
        '',
      ];
    case 'popa':
      return [
        'EL3',
        'DC CIPAPA granule',
        `${worldName(event.pas)} ${at(event.frame)}`,
        event.wasDirty ? 'dirty' : 'clean',
      ];
    case 'rmi':
      return ['RMM', event.name, 'failed', event.failed];
    case 'rsi':
      return ['RMM', event.name, event.failed === undefined ? '' : 'failed', event.failed ?? ''];
    case 'wipe':
      return ['RMM', 'wipe', at(event.frame), ''];
    case 'late-writeback':
      return ['cache', 'late write-back', `${worldName(event.pas)} ${at(event.frame)}`, `${event.lines} lines`];
    case 'power':
      return [`PE${event.pe}`, 'power', event.what, ''];
    case 'stop':
      return [`PE${event.pe}`, 'stop', event.reason, ''];
    case 'finding':
      return [who(event.by), `FINDING ${event.invariant}`, at(event.frame), event.detail];
    default:
      return unreachable(event);
  }
}
