// `shell`: lines from a person or a pipe, each a command over one machine. A line that is refused changes nothing and
// does not stop the next one; the exit code tells of it.

import { createInterface } from 'node:readline';
import { type TraceEvent, traceLine } from '../../arch/trace.ts';
import { InputError } from '../../base/input-error.ts';
import { worldName } from '../../arch/world.ts';
import type { Context } from '../context.ts';
import { errorLines } from '../error-report.ts';
import { UsageError } from '../errors.ts';
import { Exit } from '../exit-code.ts';
import { bootMachine, describeMachine } from '../machine-file.ts';
import { Session } from '../shell/session.ts';
import { commandOf, complete } from '../shell/table.ts';
import { tokensOf } from '../shell/tokens.ts';
import { worldColour } from '../world-colours.ts';

export type ShellOptions = { readonly machine: string; readonly seed: number | undefined; readonly json: boolean };

const SCHEMA = 'fourworlds/shell/1';

export async function shell(context: Context, { machine, seed, json }: ShellOptions): Promise<Exit> {
  const { description, lines } = describeMachine(machine);
  const described = { lines, description: seed === undefined ? description : { ...description, seed } };
  const session = new Session((trace) => bootMachine(described, { trace }));
  const isInteractive = context.stdin.isTTY === true && context.terminal !== undefined && !json;
  return isInteractive ? prompt(context, session) : script(context, session, json);
}

/** Lines from a pipe or a file: no prompt, errors with the number of the line. */
async function script(context: Context, session: Session, isJson: boolean): Promise<Exit> {
  const { stdin } = context;
  let number = 0;
  let hasFailed = false;
  for await (const line of createInterface({ input: stdin, crlfDelay: Infinity, terminal: false })) {
    number++;
    const came = runLine(context, session, line, { number, isJson });
    if (came === 'failed') hasFailed = true;
    if (came === 'end') break;
  }
  return hasFailed ? Exit.No : Exit.Yes;
}

/** A person at a terminal: a prompt that says who acts, completion with Tab, history with the arrow keys. */
function prompt(context: Context, session: Session): Promise<Exit> {
  const { out, say, stdin, terminal } = context;
  out.note(say('shell.welcome', { machine: session.machine.description.name }));
  const reader = createInterface({ input: stdin, output: terminal, terminal: true, completer: complete });
  const ask = (): void => {
    const { world, el } = session.who;
    reader.setPrompt(`${out.paint(worldColour(world), `${worldName(world)}.EL${el}`)} PE${session.peIndex}> `);
    reader.prompt();
  };
  return new Promise((resolve, reject) => {
    let exit: Exit = Exit.Yes;
    reader.on('SIGINT', () => {
      if (reader.line === '') {
        exit = Exit.Interrupted;
        reader.close();
      } else {
        // As in other shells: the line goes, the prompt stays.
        reader.write(null, { ctrl: true, name: 'e' });
        reader.write(null, { ctrl: true, name: 'u' });
      }
    });
    reader.on('line', (line) => {
      try {
        if (runLine(context, session, line, { number: undefined, isJson: false }) === 'end') reader.close();
        else ask();
      } catch (error) {
        reader.close();
        reject(error as Error);
      }
    });
    reader.on('close', () => resolve(exit));
    ask();
  });
}

type LineOptions = { readonly number: number | undefined; readonly isJson: boolean };

/** Carries out one line and prints what came of it. */
function runLine(
  context: Context,
  session: Session,
  line: string,
  { number, isJson }: LineOptions,
): 'done' | 'failed' | 'end' {
  const { out } = context;
  const showEvent = (event: TraceEvent): void =>
    isJson ? out.jsonLine({ schema: SCHEMA, event }) : out.line(traceLine(event));
  try {
    const [name, ...words] = tokensOf(line.replace(/(^|\s)#.*$/, ''));
    if (name === undefined) return 'done';
    const command = commandOf(name);
    const reply = command.run({ ...context, session, showEvent }, words);
    if (isJson) out.jsonLine({ schema: SCHEMA, line: number, command: command.name, ok: true, ...reply.result });
    else for (const text of reply.lines) out.line(text);
    return reply.isEnd === true ? 'end' : 'done';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (isJson) {
      const { code, where, expected, found } = error;
      out.jsonLine({ schema: SCHEMA, line: number, ok: false, error: { code, where, expected, found } });
    } else {
      const placed = number === undefined ? error : inLine(error, number);
      for (const text of errorLines(context, placed)) out.error(text);
    }
    return 'failed';
  }
}

/** The same error, with the line it is in. */
function inLine(error: InputError, number: number): InputError {
  const complaint = {
    code: error.code,
    where: error.where === 'line' ? `stdin:${number}` : `stdin:${number} ${error.where}`,
    ...(error.expected === undefined ? {} : { expected: error.expected }),
    ...(error.found === undefined ? {} : { found: error.found }),
  };
  return error instanceof UsageError
    ? new UsageError({ ...complaint, suggestion: error.suggestion })
    : new InputError(complaint);
}
