// Completion scripts, written from the command tree: for each command the words that may follow it.

import type { Option } from 'commander';
import type { CliCommand } from '../command.ts';
import { Exit } from '../exit-code.ts';
import type { Shell } from '../program.ts';
import { topics } from '../program.ts';

export function completion(program: CliCommand, shell: Shell): Exit {
  const nodes = program.tree.map(nodeOf);
  const lines = { bash, zsh, fish }[shell](nodes);
  for (const line of lines) program.context.out.line(line);
  return Exit.Yes;
}

/** What may follow the words of a command. */
type Node = {
  readonly path: string;
  readonly commands: readonly Described[];
  readonly options: readonly (Described & { readonly values: readonly string[]; readonly takesValue: boolean })[];
  readonly values: readonly string[];
  readonly takesFiles: boolean;
};
type Described = { readonly word: string; readonly what: string };

function nodeOf(command: CliCommand): Node {
  const helper = command.createHelp();
  const options = [...helper.visibleOptions(command), ...helper.visibleGlobalOptions(command)];
  return {
    path: command.path,
    commands: command.commands.map((child) => ({ word: child.name(), what: child.summary() })),
    options: options.flatMap((option) =>
      option.long
        ? [
            {
              word: option.long,
              what: option.description,
              values: valuesOf(option),
              takesValue: option.required || option.optional,
            },
          ]
        : [],
    ),
    values:
      command.path === 'help'
        ? [...topics, ...((command.parent as CliCommand).commands as CliCommand[]).map((child) => child.name())]
        : command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    takesFiles: command.registeredArguments.some((argument) => argument.name() === 'file'),
  };
}

const valuesOf = (option: Option): readonly string[] =>
  option.argChoices ?? (option.long === '--machine' ? ['base', 'max', 'large'] : []);

/** One `case` over the words typed so far. */
function bash(nodes: readonly Node[]): readonly string[] {
  const commandWords = [...new Set(nodes.flatMap(({ commands }) => commands.map(({ word }) => word)))];
  return [
    '_fourworlds() {',
    '  local cur prev path word',
    '  cur="${COMP_WORDS[COMP_CWORD]}"; prev="${COMP_WORDS[COMP_CWORD-1]}"; path=""',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    `    case "$word" in ${commandWords.join('|')}) path="\${path:+$path }$word" ;; esac`,
    '  done',
    '  case "$prev" in',
    ...valueCases(nodes).map(([flag, values]) => `    ${flag}) ${bashReply(values)} return ;;`),
    '  esac',
    '  case "$path" in',
    ...nodes.map(({ path, commands, options, values, takesFiles }) => {
      const words = [...commands, ...options].map(({ word }) => word);
      const files = takesFiles ? '; [[ $cur != -* ]] && COMPREPLY+=($(compgen -f -- "$cur"))' : '';
      return `    "${path}") COMPREPLY=($(compgen -W "${[...words, ...values].join(' ')}" -- "$cur"))${files} ;;`;
    }),
    '  esac',
    '}',
    'complete -o filenames -F _fourworlds fourworlds',
  ];
}

const bashReply = (values: readonly string[]): string =>
  values.length === 0
    ? 'COMPREPLY=($(compgen -f -- "$cur"));'
    : `COMPREPLY=($(compgen -W "${values.join(' ')}" -- "$cur")$([[ $prev == --machine ]] && compgen -f -- "$cur"));`;

/** Options that take a value, each with the values known; none known means a file name. */
function valueCases(nodes: readonly Node[]): readonly (readonly [string, readonly string[]])[] {
  const cases = new Map<string, readonly string[]>();
  for (const { options } of nodes)
    for (const { word, values, takesValue } of options) if (takesValue) cases.set(word, values);
  return [...cases];
}

function zsh(nodes: readonly Node[]): readonly string[] {
  const quote = ({ word, what }: Described): string =>
    `'${word}:${what.replaceAll("'", "'\\''").replaceAll(':', '\\:')}'`;
  const commandWords = [...new Set(nodes.flatMap(({ commands }) => commands.map(({ word }) => word)))];
  return [
    '#compdef fourworlds',
    '_fourworlds() {',
    '  local path="" word',
    '  local -a commands options',
    '  for word in "${(@)words[2,CURRENT-1]}"; do',
    `    case "$word" in (${commandWords.join('|')}) path="\${path:+$path }$word" ;; esac`,
    '  done',
    '  case "${words[CURRENT-1]}" in',
    ...valueCases(nodes).map(([flag, values]) =>
      values.length === 0
        ? `    (${flag}) _files; return ;;`
        : `    (${flag}) compadd -- ${values.join(' ')}; ${flag === '--machine' ? '_files; ' : ''}return ;;`,
    ),
    '  esac',
    '  case "$path" in',
    ...nodes.flatMap(({ path, commands, options, values, takesFiles }) => [
      `    ("${path}")`,
      `      commands=(${commands.map(quote).join(' ')})`,
      `      options=(${options.map(quote).join(' ')})`,
      `      ${[
        "_describe -t commands 'fourworlds' commands",
        "_describe -o -t options 'fourworlds' options",
        ...(values.length === 0 ? [] : [`compadd -- ${values.join(' ')}`]),
        ...(takesFiles ? ['_files'] : []),
      ].join('; ')} ;;`,
    ]),
    '  esac',
    '}',
    'compdef _fourworlds fourworlds',
  ];
}

function fish(nodes: readonly Node[]): readonly string[] {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = ['complete -c fourworlds -f'];
  for (const { path, commands, options, values, takesFiles } of nodes) {
    const words = path === '' ? [] : path.split(' ');
    const below = commands.map(({ word }) => word).join(' ');
    const conditions = [
      ...words.map((word) => `__fish_seen_subcommand_from ${word}`),
      ...(below === '' ? [] : [`not __fish_seen_subcommand_from ${below}`]),
    ];
    const start = `complete -c fourworlds -n ${quote(conditions.join('; and '))}`;
    for (const { word, what } of commands) lines.push(`${start} -a ${word} -d ${quote(what)}`);
    if (values.length > 0) lines.push(`${start} -a ${quote(values.join(' '))}`);
    if (takesFiles) lines.push(`${start} -F`);
    for (const { word, what, values: choices, takesValue } of options) {
      const value = takesValue ? (choices.length > 0 ? ` -r -a ${quote(choices.join(' '))}` : ' -r -F') : '';
      lines.push(`${start} -l ${word.slice(2)}${value} -d ${quote(what)}`);
    }
  }
  return lines;
}
