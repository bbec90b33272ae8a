// All commands of the shell by name, help, and completion.

import { sysRegs } from '../../arch/registers.ts';
import { Fid } from '../../arch/smccc.ts';
import type { Word } from '../../words/words.ts';
import { UsageError } from '../errors.ts';
import { commandSpec } from '../explain/find.ts';
import { suggest } from '../suggest.ts';
import { definition, wrap } from '../text.ts';
import { accessCommands } from './access.ts';
import { callCommands } from './calls.ts';
import { momentCommands } from './moments.ts';
import { build, guestNames } from './build.ts';
import { observeCommands } from './observe.ts';
import { registerCommands, tlbiOps } from './registers.ts';
import type { Reply, ShellCommand, ShellContext } from './reply.ts';
import { argumentsOf, rmmCommand, rmmNames } from './rmm-calls.ts';
import { show, showWords } from './show.ts';
import { Tokens } from './tokens.ts';

export const shellCommands: readonly ShellCommand[] = [
  ...callCommands,
  ...accessCommands,
  ...registerCommands,
  ...momentCommands,
  ...observeCommands,
  { name: 'show', usage: 'show realm|rec|rtt|granules [ADDR]', run: show },
  { name: 'build', usage: 'build realm [GUEST]', run: build },
  { name: 'help', usage: 'help [COMMAND]', run: help },
  { name: 'quit', usage: 'quit', run: quit },
  { name: 'exit', usage: 'exit', run: quit },
];

/** The command of a name. */
export function commandOf(name: string): ShellCommand {
  const found = shellCommands.find((command) => command.name === name.toLowerCase());
  if (found !== undefined) return found;
  const command = rmmCommand(name);
  if (command !== undefined) return command;
  const names = shellCommands.map((one) => one.name);
  throw new UsageError({
    code: 'SHELL_UNKNOWN_COMMAND',
    where: 'line',
    expected: names.join(', '),
    found: name,
    suggestion: suggest(name, [...names, ...rmmNames]),
  });
}

/** A command of the RMM is explained by its purpose in the specification. */
const summaryOf = ({ name }: ShellCommand, say: ShellContext['say']): string =>
  commandSpec(name)?.purpose ?? say(`shell.help.${name}` as Word);

function help({ say, out }: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const one = tokens.isEmpty ? undefined : commandOf(tokens.word('COMMAND'));
  tokens.end();
  const shown = one === undefined ? shellCommands : [one];
  const width = Math.min(out.width, 100);
  return {
    lines: [
      ...shown.flatMap((command) => definition(command.usage, summaryOf(command, say), 28, width)),
      ...(one === undefined ? ['', ...wrap(say('shell.help.notes'), width)] : []),
    ],
    result: { commands: shown.map(({ name, usage }) => ({ name, usage })) },
  };
}

function quit(_shell: ShellContext, words: readonly string[]): Reply {
  new Tokens(words).end();
  return { lines: [], result: { quit: true }, isEnd: true };
}

/** What may stand where the cursor is: the candidates, and the word they complete. */
export function complete(line: string): [string[], string] {
  const words = line.split(/\s+/);
  const word = words.at(-1) ?? '';
  const before = words.at(-2)?.toLowerCase() ?? '';
  const candidates =
    words.length <= 1 ? [...shellCommands.map(({ name }) => name), ...rmmNames] : followers(before, words[0] ?? '');
  return [candidates.filter((one) => one.toLowerCase().startsWith(word.toLowerCase())), word];
}

function followers(before: string, command: string): readonly string[] {
  switch (before) {
    case 'smc':
      return [...new Set([...Object.keys(Fid), ...rmmNames])];
    case 'world':
    case 'as':
    case 'pas':
      return ['ns', 's', 'rl', 'rt'];
    case 'mrs':
    case 'msr':
      return sysRegs;
    case 'tlbi':
      return tlbiOps;
    case 'trace':
      return ['on', 'off', 'last'];
    case 'strict':
      return ['on', 'off'];
    case 'show':
      return showWords;
    case 'build':
      return ['realm'];
    case 'realm':
      return command === 'build' ? guestNames : [];
    case 'dma':
      return ['read', 'write'];
    case 'help':
      return [...shellCommands.map(({ name }) => name), ...rmmNames];
    default:
      if (commandSpec(command) !== undefined) return argumentsOf(command);
      return ['read', 'write', 'fetch', 'dma', 'walk'].includes(command) ? ['as', 'pas'] : [];
  }
}
