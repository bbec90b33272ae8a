// What a command of the shell answers: lines for people, a result for programs.

import type { Outcome } from '../../arch/action.ts';
import { Ec, ecName } from '../../arch/syndrome.ts';
import type { TraceEvent } from '../../arch/trace.ts';
import { worldName } from '../../arch/world.ts';
import { hex } from '../../base/hex.ts';
import type { Context } from '../context.ts';
import type { Session } from './session.ts';

export type Reply = {
  readonly lines: readonly string[];
  readonly result: Readonly<Record<string, unknown>>;
  /** The session is over. */
  readonly isEnd?: true;
};

/** A command of the shell. */
export type ShellCommand = {
  readonly name: string;
  /** Its words, as help shows them. */
  readonly usage: string;
  /** Runs the command on words that come after its name. */
  readonly run: (shell: ShellContext, words: readonly string[]) => Reply;
};

export type ShellContext = Pick<Context, 'say' | 'out'> & {
  readonly session: Session;
  /** Shows one event of the trace. */
  readonly showEvent: (event: TraceEvent) => void;
};

/** What became of an access or a register access. */
export function outcomeReply(shell: ShellContext, outcome: Outcome, done: (value: bigint) => Reply): Reply {
  const { say, out, session } = shell;
  switch (outcome.kind) {
    case 'done':
      return done(outcome.value);
    case 'moved': {
      const { end, monitor } = session.machine;
      const to = outcome.to === 'off' ? 'off' : `${worldName(outcome.to.world)}.EL${outcome.to.el}`;
      const panic = monitor.panic === undefined ? [] : [`  ${monitor.panic}`];
      const exit = exitReply(shell);
      return {
        lines: [
          end === undefined ? say('shell.moved', { to }) : say('shell.stopped', { end }),
          ...panic,
          ...exit.lines,
        ],
        result: {
          outcome: 'moved',
          to,
          ...(end === undefined ? {} : { end }),
          ...(panic.length > 0 ? { panic: monitor.panic } : {}),
          ...exit.result,
        },
      };
    }
    case 'exception': {
      const { exception } = outcome;
      return {
        lines: [say('shell.exception', { from: exception.from, esr: hex(exception.esr) })],
        result: { outcome: 'exception', from: exception.from, esr: exception.esr, far: exception.far },
      };
    }
    case 'fault': {
      const { el, esr, far, ec, fsc } = outcome.fault;
      const gpt = session.gptDetail(outcome);
      const lines = [
        out.paint('red', say('shell.fault', { class: ecName(ec), el })),
        `  ESR_EL${el} ${hex(esr)}${hasAddress(ec) ? `  FAR_EL${el} ${hex(far)}` : ''}`,
      ];
      if (gpt !== undefined)
        lines.push(
          `  ${say(`gpt.walk.fault.${gpt.fault}`, { level: gpt.level })}${gpt.gpi === undefined ? '' : `, GPI ${gpt.gpi}`}`,
        );
      return {
        lines,
        result: { outcome: 'fault', el, esr, far, class: ecName(ec), fsc, ...(gpt === undefined ? {} : { gpt }) },
      };
    }
  }
}

/** What a REC that came out of the PE told the Host; nothing when none did. */
export function exitReply({ session }: ShellContext): Pick<Reply, 'lines' | 'result'> {
  const { exit } = session;
  if (exit === undefined) return { lines: [], result: {} };
  const { reason, fields } = exit;
  return {
    lines: [`  RmiRecExit ${[reason, ...fields.map(({ name, value }) => `${name} ${hex(value)}`)].join('  ')}`],
    result: { exit: { reason, ...Object.fromEntries(fields.map(({ name, value }) => [name, value])) } },
  };
}

/** Exception classes that write FAR_ELx: aborts, GPC exceptions, a misaligned PC. */
const hasAddress = (ec: number): boolean => ec === Ec.Gpc || (ec >= Ec.InstructionAbortLower && ec <= Ec.DataAbortSame);
