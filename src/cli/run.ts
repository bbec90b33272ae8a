// From a command line to an exit code. Everything outside arrives as an argument, so that tests run it in their own
// process.

import { CommanderError } from 'commander';
import { InputError } from '../base/input-error.ts';
import { say } from '../words/words.ts';
import type { Context } from './context.ts';
import { bugLines, errorLines } from './error-report.ts';
import { exitOf } from './errors.ts';
import { Exit } from './exit-code.ts';
import { makeOutput } from './output.ts';
import { makeProgram } from './program.ts';
import { type Environment, readSettings } from './settings.ts';

/** What surrounds a run. */
export type Surroundings = {
  readonly environment: Environment;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly stdin: Context['stdin'];
  readonly isTerminal: boolean;
  readonly width: number;
  readonly terminal?: NodeJS.WriteStream;
};

/** Runs one command line (without node and script). */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<Exit> {
  const { environment, isTerminal, write, writeError, width, stdin, terminal } = surroundings;
  const settings = readSettings(argv, environment, isTerminal);
  const { language, isVerbose } = settings;
  const context: Context = {
    out: makeOutput({ ...settings, write, writeError, width }),
    language,
    isVerbose,
    say: (word, facts) => say(language, word, facts),
    stdin,
    terminal,
  };
  let exit: Exit = Exit.Yes;
  try {
    const program = makeProgram(context, (code) => {
      exit = code;
    });
    await program.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    return explain(context, error, argv);
  }
}

function explain(context: Context, error: unknown, argv: readonly string[]): Exit {
  if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.Yes : Exit.Usage;
  if (error instanceof InputError) {
    for (const line of errorLines(context, error)) context.out.error(line);
    return exitOf(error);
  }
  for (const line of bugLines(context, error, argv)) context.out.error(line);
  return Exit.Bug;
}
