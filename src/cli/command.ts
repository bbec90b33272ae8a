// Commander with our words: errors as UsageError with a suggestion, help in the order examples, options, exit codes.
// The overridden methods are commander's own places for each message; tests hold them to what commander calls.

import { type Argument, Command, Help, type Option } from 'commander';
import type { Word } from '../words/words.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import { Exit } from './exit-code.ts';
import { suggest } from './suggest.ts';
import { definition, wrap } from './text.ts';

/** An example: the line to type, and what it is for. */
export type Example = readonly [line: string, what: Word];

export class CliCommand extends Command {
  readonly context: Context;
  examples: readonly Example[] = [];
  /** What the codes mean for this command; left out, the general meaning. */
  exits: Readonly<Partial<Record<Exit, Word>>> = {};

  constructor(name: string, context: Context) {
    super(name);
    this.context = context;
    this.exitOverride().configureOutput({
      writeOut: (text) => context.out.line(text),
      writeErr: (text) => context.out.error(text),
      getOutHasColors: () => context.out.hasColour,
      getErrHasColors: () => false,
    });
    this.helpOption('-h, --help', context.say('cli.option.help'));
  }

  override createCommand(name?: string): CliCommand {
    return new CliCommand(name ?? '', this.context);
  }

  /** The words that lead to this command: `gpt walk`. */
  get path(): string {
    const parent = this.parent as CliCommand | null;
    return parent === null ? '' : `${parent.path} ${this.name()}`.trim();
  }

  /** All commands below, this one included. */
  get tree(): readonly CliCommand[] {
    return [this, ...(this.commands as CliCommand[]).flatMap((command) => command.tree)];
  }

  override createHelp(): Help {
    return new CliHelp();
  }

  override helpInformation(): string {
    return helpText(this, new CliHelp());
  }

  // Each of these is called by commander in place of printing its own English sentence.

  unknownCommand(): never {
    const found = this.args[0] ?? '';
    const names = this.commands.map((command) => command.name());
    throw new UsageError({
      code: 'USAGE_UNKNOWN_COMMAND',
      where: this.path === '' ? 'fourworlds' : `fourworlds ${this.path}`,
      expected: names.join(', '),
      found,
      suggestion: suggest(found, names),
    });
  }

  unknownOption(flag: string): never {
    const longs = this.#optionsInReach().flatMap(({ long }) => (long ? [long] : []));
    throw new UsageError({
      code: 'USAGE_UNKNOWN_OPTION',
      where: this.#where(),
      found: flag,
      suggestion: suggest(flag, longs),
    });
  }

  missingArgument(name: string): never {
    throw new UsageError({ code: 'USAGE_MISSING_ARGUMENT', where: this.#where(), expected: name.toUpperCase() });
  }

  optionMissingArgument(option: Option): never {
    throw new UsageError({ code: 'USAGE_OPTION_NEEDS_VALUE', where: this.#where(), expected: option.flags });
  }

  missingMandatoryOptionValue(option: Option): never {
    throw new UsageError({ code: 'USAGE_MISSING_OPTION', where: this.#where(), expected: option.flags });
  }

  _conflictingOption(option: Option, other: Option): never {
    throw new UsageError({
      code: 'USAGE_CONFLICT',
      where: this.#where(),
      expected: option.long ?? option.flags,
      found: `${option.long ?? ''} ${other.long ?? ''}`,
    });
  }

  _excessArguments(received: readonly string[]): never {
    throw new UsageError({
      code: 'USAGE_TOO_MANY_ARGUMENTS',
      where: this.#where(),
      expected: this.registeredArguments.length,
      found: received.length,
    });
  }

  #where(): string {
    return `fourworlds ${this.path}`.trim();
  }

  #optionsInReach(): readonly Option[] {
    const helper = this.createHelp();
    return [...helper.visibleOptions(this), ...helper.visibleGlobalOptions(this)];
  }
}

/** Commander's lists of what is visible; the text is ours. */
class CliHelp extends Help {
  override showGlobalOptions = true;
}

function helpText(command: CliCommand, helper: Help): string {
  const { say, out } = command.context;
  const width = Math.min(Math.max(out.width, 40), 100);
  const title = (word: Word): string => out.paint('bold', `${say(word)}:`);
  const options = helper.visibleOptions(command).map((o) => [o.flags, o.description] as const);
  const globals = helper.visibleGlobalOptions(command).map((o) => [o.flags, o.description] as const);
  const args = command.registeredArguments.map((a) => [argumentTerm(a), a.description] as const);
  const commands = (command.commands as CliCommand[]).map((c) => [usageOf(c, false), c.summary()] as const);
  const termWidth = Math.min(
    28,
    Math.max(...[...options, ...globals, ...args, ...commands].map(([term]) => term.length)),
  );
  const list = (word: Word, rows: readonly (readonly [string, string])[]): readonly string[] =>
    rows.length === 0
      ? []
      : ['', title(word), ...rows.flatMap(([term, what]) => definition(term, what, termWidth, width))];
  return [
    ...wrap(command.description(), width),
    '',
    `${title('cli.help.usage')} fourworlds ${usageOf(command, true)}`.trimEnd(),
    ...(command.examples.length === 0
      ? []
      : [
          '',
          title('cli.help.examples'),
          ...command.examples.flatMap(([line, what]) => [
            `  ${out.paint('bold', line)}`,
            ...wrap(say(what), width - 6).map((text) => `      ${text}`),
          ]),
        ]),
    ...list('cli.help.commands', commands),
    ...list('cli.help.arguments', args),
    ...list('cli.help.options', options),
    ...list('cli.help.global', globals),
    ...list('cli.help.exits', exitRows(command)),
    ...(command.parent === null ? ['', ...wrap(say('cli.help.more'), width)] : []),
  ].join('\n');
}

/** `gpt walk PA [options]`: without the path, as a list of commands shows it. */
function usageOf(command: CliCommand, isWhole: boolean): string {
  const args = command.registeredArguments.map(argumentTerm);
  const options = command.options.filter(({ mandatory }) => mandatory).map(({ flags }) => flags);
  const rest = isWhole ? [...options, `[${command.context.say('cli.help.optionsWord')}]`] : [];
  const below = command.commands.length > 0 && isWhole ? [command.context.say('cli.help.commandWord')] : [];
  return [isWhole ? command.path : command.name(), ...below, ...args, ...rest].filter((part) => part !== '').join(' ');
}

function argumentTerm(argument: Argument): string {
  const name = `${argument.name().toUpperCase()}${argument.variadic ? '...' : ''}`;
  return argument.required ? name : `[${name}]`;
}

const generalExits: Readonly<Record<Exit, Word>> = {
  [Exit.Yes]: 'cli.exit.yes',
  [Exit.No]: 'cli.exit.no',
  [Exit.Usage]: 'cli.exit.usage',
  [Exit.Malformed]: 'cli.exit.malformed',
  [Exit.CannotOpen]: 'cli.exit.cannotOpen',
  [Exit.Bug]: 'cli.exit.bug',
  [Exit.Interrupted]: 'cli.exit.interrupted',
};

function exitRows({ context, exits }: CliCommand): readonly (readonly [string, string])[] {
  return Object.values(Exit).map((code) => [String(code), context.say(exits[code] ?? generalExits[code])] as const);
}
