// Completion scripts, written from the command tree: for each command the words that may follow it.

import type { Option } from 'commander';
import type { CliCommand } from '../command.ts';
import { Exit } from '../exit-code.ts';
import { type Shell, topics } from '../program.ts';

export function completion(program: CliCommand, shell: Shell): Exit {
  const nodes = program.tree.map(nodeOf);
  const lines = { bash, zsh, fish }[shell](nodes);
  for (const line of lines) program.context.out.line(line);
  return Exit.Yes;
}

type Described = { readonly word: string; readonly what: string };
type Flag = Described & {
  readonly takesValue: boolean;
  readonly values: readonly string[];
  readonly takesFile: boolean;
};

/** What may follow the words of a command. */
type Node = {
  readonly path: string;
  readonly commands: readonly Described[];
  readonly flags: readonly Flag[];
  readonly values: readonly string[];
  readonly takesFiles: boolean;
};

function nodeOf(command: CliCommand): Node {
  const helper = command.createHelp();
  const options = [...helper.visibleOptions(command), ...helper.visibleGlobalOptions(command)];
  return {
    path: command.path,
    commands: command.commands.map((child) => ({ word: child.name(), what: child.summary() })),
    flags: options.flatMap((option) => (option.long ? [flagOf(option, option.long)] : [])),
    values:
      command.path === 'help'
        ? [...new Set([...topics, ...(command.parent as CliCommand).commands.map((child) => child.name())])]
        : command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    takesFiles: command.registeredArguments.some((argument) => argument.name() === 'file'),
  };
}

const flagOf = (option: Option, word: string): Flag => ({
  word,
  what: option.description,
  takesValue: option.required || option.optional,
  values: option.argChoices ?? (word === '--machine' ? ['base', 'max', 'large'] : []),
  takesFile: word === '--machine' || word === '--results',
});

const quoted = (words: readonly string[]): string => words.map((word) => `"${word}"`).join('|');
const knownPaths = (nodes: readonly Node[]): readonly string[] =>
  nodes.flatMap(({ path }) => (path === '' ? [] : [path]));

/** Each flag with a value once; flags of one name mean the same everywhere. */
function valueFlags(nodes: readonly Node[]): readonly Flag[] {
  const flags = nodes.flatMap((node) => node.flags).filter(({ takesValue }) => takesValue);
  return [...new Map(flags.map((flag) => [flag.word, flag])).values()];
}

function bash(nodes: readonly Node[]): readonly string[] {
  const words = (list: readonly string[]): string => `$(compgen -W "${list.join(' ')}" -- "$cur")`;
  const files = '$(compgen -f -- "$cur")';
  return [
    '_fourworlds() {',
    '  local cur prev typed word',
    '  cur="${COMP_WORDS[COMP_CWORD]}"; prev="${COMP_WORDS[COMP_CWORD-1]}"; typed=""',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    `    case "\${typed:+$typed }$word" in ${quoted(knownPaths(nodes))}) typed="\${typed:+$typed }$word" ;; esac`,
    '  done',
    '  case "$prev" in',
    ...valueFlags(nodes).map(({ word, values, takesFile }) => {
      const parts = [...(values.length > 0 ? [words(values)] : []), ...(takesFile ? [files] : [])];
      return `    ${word}) COMPREPLY=(${parts.join(' ')}); return ;;`;
    }),
    '  esac',
    '  case "$typed" in',
    ...nodes.map(({ path, commands, flags, values, takesFiles }) => {
      const list = [...[...commands, ...flags].map(({ word }) => word), ...values];
      return `    "${path}") COMPREPLY=(${words(list)}${takesFiles ? ` ${files}` : ''}) ;;`;
    }),
    '  esac',
    '}',
    'complete -o filenames -F _fourworlds fourworlds',
  ];
}

function zsh(nodes: readonly Node[]): readonly string[] {
  const described = ({ word, what }: Described): string =>
    `'${word}:${what.replaceAll("'", "'\\''").replaceAll(':', '\\:')}'`;
  return [
    '#compdef fourworlds',
    'compdef _fourworlds fourworlds',
    '_fourworlds() {',
    '  local typed="" word',
    '  local -a commands flags',
    '  for word in "${(@)words[2,CURRENT-1]}"; do',
    `    case "\${typed:+$typed }$word" in ${quoted(knownPaths(nodes))}) typed="\${typed:+$typed }$word" ;; esac`,
    '  done',
    '  case "${words[CURRENT-1]}" in',
    ...valueFlags(nodes).map(({ word, values, takesFile }) => {
      const parts = [
        ...(values.length > 0 ? [`compadd -- ${values.join(' ')}`] : []),
        ...(takesFile ? ['_files'] : []),
      ];
      return `    ${word}) ${[...parts, 'return'].join('; ')} ;;`;
    }),
    '  esac',
    '  case "$typed" in',
    ...nodes.flatMap(({ path, commands, flags, values, takesFiles }) => [
      `    "${path}")`,
      `      commands=(${commands.map(described).join(' ')})`,
      `      flags=(${flags.map(described).join(' ')})`,
      ...(commands.length > 0 ? ["      _describe 'command' commands"] : []),
      "      _describe -o 'option' flags",
      ...(values.length > 0 ? [`      compadd -- ${values.join(' ')}`] : []),
      ...(takesFiles ? ['      _files'] : []),
      '      ;;',
    ]),
    '  esac',
    '}',
    // Put into a folder of $fpath, the file is the function; sourced, it only defines it.
    'if [ "$funcstack[1]" = "_fourworlds" ]; then _fourworlds; fi',
  ];
}

function fish(nodes: readonly Node[]): readonly string[] {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = ['complete -c fourworlds -f'];
  for (const { path, commands, flags, values, takesFiles } of nodes) {
    const seen = path === '' ? [] : path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
    const below = commands.map(({ word }) => word).join(' ');
    const conditions = [...seen, ...(below === '' ? [] : [`not __fish_seen_subcommand_from ${below}`])];
    const start = `complete -c fourworlds -n ${quote(conditions.join('; and '))}`;
    for (const { word, what } of commands) lines.push(`${start} -a ${word} -d ${quote(what)}`);
    if (values.length > 0) lines.push(`${start} -a ${quote(values.join(' '))}`);
    if (takesFiles) lines.push(`${start} -F`);
    for (const { word, what, values: choices, takesValue, takesFile } of flags) {
      const value = takesValue ? ' -r' : '';
      const list = choices.length > 0 ? ` -a ${quote(choices.join(' '))}` : '';
      lines.push(`${start} -l ${word.slice(2)}${value}${list}${takesFile ? ' -F' : ''} -d ${quote(what)}`);
    }
  }
  return lines;
}
