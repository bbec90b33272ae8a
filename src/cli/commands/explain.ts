// `explain NAME`: what the specification says of a name, and where the project does what it says.

import { hex } from '../../base/hex.ts';
import { commandSpecs } from '../../spec/commands.generated.ts';
import { bitfields, enumerations, structures } from '../../spec/generated.ts';
import type { CommandSpec } from '../../spec/specification.ts';
import type { Word } from '../../words/words.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import { Exit } from '../exit-code.ts';
import {
  type Entry,
  type Field,
  type Move,
  type Row,
  everyName,
  find,
  movesBy,
  placesOf,
  rowsOf,
} from '../explain/find.ts';
import { suggest } from '../suggest.ts';
import { table, wrap } from '../text.ts';

const WIDTH_MAX = 100;
const NO_BREAK = '\u00a0';

export function explain(context: Context, words: readonly string[], isJson: boolean): Exit {
  const [name = '', row] = words;
  const entries = words.length > 2 ? [] : find(name, row);
  if (entries.length === 0) throw unknown(words);
  if (isJson) context.out.json({ schema: 'fourworlds/explain/1', name: words.join(' '), entries: entries.map(dataOf) });
  else
    for (const [i, entry] of entries.entries()) {
      if (i > 0) context.out.line();
      printEntry(context, entry);
    }
  return Exit.Yes;
}

/** With a command that exists the suggestion is one of its rows. */
function unknown(words: readonly string[]): UsageError {
  const [name = '', row] = words;
  const command = find(name).find((entry) => entry.kind === 'command');
  const rows = command === undefined || row === undefined ? [] : command.rows.map(({ id }) => id);
  const suggestion = rows.length > 0 ? suggest(row as string, rows) : suggest(name, everyName());
  return new UsageError({
    code: 'EXPLAIN_UNKNOWN',
    where: 'fourworlds explain',
    expected: rows.length > 0 ? rows.join(', ') : 'RMI_RTT_CREATE, RMI_ERROR_RTT, RmiRecExit, REC_READY, rtt_walk',
    found: words.join(' '),
    suggestion: suggestion === undefined || rows.length === 0 ? suggestion : `${command?.name ?? ''} ${suggestion}`,
  });
}

/** An entry as data, with the places in the repository. */
function dataOf(entry: Entry): object {
  switch (entry.kind) {
    case 'command': {
      const { spec, rows, kind } = entry;
      return { kind, ...spec, rows, moves: movesBy(spec.name), related: relatedTo(spec), ...placesOf(spec.name) };
    }
    case 'function':
      return { ...entry, ...placesOf(entry.name) };
    default:
      return entry;
  }
}

function printEntry(context: Context, entry: Entry): void {
  const { out, say } = context;
  const title = (text: string, ...more: readonly string[]): void =>
    out.line([out.paint('bold', text), ...more].join('  '));
  switch (entry.kind) {
    case 'command':
      title(
        entry.name,
        [entry.spec.fid, entry.spec.fid32].filter((fid) => fid !== undefined).join(', '),
        entry.spec.interface,
      );
      return printCommand(context, entry.spec);
    case 'function':
      title(entry.name, hex(entry.fid, 8), say('explain.function'));
      return printPlaces(context, entry.name);
    case 'structure':
      title(entry.name, say('explain.structure', { size: hex(entry.size) }));
      return printFields(context, entry.fields);
    case 'bitfield':
      title(entry.name, say('explain.bitfield'));
      return printFields(context, entry.fields);
    case 'enumeration':
      title(entry.name, say('explain.enumeration'));
      return lines(context, table(Object.entries(entry.values).map(([name, value]) => [String(value), name])));
    case 'value':
      title(entry.name, say('explain.value'));
      lines(context, table(entry.of.map(({ type, value }) => [String(value), type])));
      if (entry.rows.length > 0) section(context, 'explain.statusOf', rowTable(entry.rows));
      return;
    case 'state':
      title(entry.name, say('explain.state'));
      return lines(context, moveTable(entry.moves));
    case 'life-cycle':
      title(entry.name, say('explain.lifeCycle'));
      return lines(context, moveTable(entry.moves));
    case 'row':
      title(entry.name, say('explain.row', { count: entry.rows.length }));
      for (const row of entry.rows) {
        const status = row.index === undefined ? row.status : `${row.status}, ${row.index}`;
        lines(context, [`${row.command}  ${status}`]);
        lines(context, wrap(row.condition, widthOf(context) - 6), 6);
        if (row.note !== undefined) lines(context, wrap(row.note, widthOf(context) - 6), 6);
      }
      return;
  }
}

function printCommand(context: Context, spec: CommandSpec): void {
  const { say } = context;
  const width = widthOf(context);
  lines(context, wrap(spec.purpose, width - 2));
  const registers = (list: CommandSpec['input']): readonly string[] =>
    table(list.map(({ reg, name, type, desc = '' }) => [reg.toUpperCase(), name, type, desc]));
  section(context, 'explain.inputs', registers(spec.input));
  section(context, 'explain.outputs', registers(spec.output));
  const values = [...spec.context, ...(spec.after ?? [])].map(({ name, value }) => `${name} = ${value}`);
  section(context, 'explain.context', hanging(values, width));
  section(context, 'explain.failures', conditionRows(rowsOf(spec), width));
  const pairs = spec.order.map(([first, second]) => `${first}${NO_BREAK}<${NO_BREAK}${second}`);
  section(
    context,
    'explain.order',
    pairs.length === 0 ? [] : wrap(pairs.join(', '), width - 2).map((line) => line.replaceAll(NO_BREAK, ' ')),
  );
  section(
    context,
    'explain.success',
    hanging(
      spec.success.map(({ id, post }) => `${id}: ${post}`),
      width,
    ),
  );
  const failed = (spec.onFailure ?? []).map(({ id, post }) => `${id}: ${post}`);
  section(context, 'explain.onFailure', hanging(failed, width));
  section(context, 'explain.footprint', hanging(spec.footprint, width));
  section(context, 'explain.moves', moveTable(movesBy(spec.name)));
  section(context, 'explain.notes', hanging(spec.notes ?? [], width));
  printPlaces(context, spec.name);
  lines(context, hanging([`${say('explain.related')}: ${relatedTo(spec).join(', ')}`], width), 0);
}

function printPlaces({ out, say }: Context, name: string): void {
  const { source, tests, page } = placesOf(name);
  out.line();
  out.line(`${say('explain.source')}: ${source}`);
  out.line(`${say('explain.tests')}: ${tests}`);
  if (page !== undefined) out.line(`${say('explain.page')}: ${page}`);
}

function printFields(context: Context, fields: readonly Field[]): void {
  const { say } = context;
  const row = ({ at, name, type, count, isMeasured }: Field): string[] => [
    at,
    count === 1 ? name : `${name}[${count}]`,
    type,
    isMeasured ? say('explain.measured') : '',
  ];
  lines(context, table(fields.map(row)));
}

/** Number, row and status in columns; the condition below them. */
function conditionRows(rows: readonly Row[], width: number): readonly string[] {
  const heads = table(
    rows.map(({ place, id, status, index, isInformal }) => [
      place === undefined ? '' : String(place).padStart(2),
      `${id}${isInformal ? '*' : ''}`,
      index === undefined ? status : `${status}, ${index}`,
    ]),
  );
  return rows.flatMap(({ condition, note }, i) => [
    heads[i] ?? '',
    ...wrap(condition, width - 8).map((line) => `      ${line}`),
    ...(note === undefined ? [] : wrap(`* ${note}`, width - 8).map((line) => `      ${line}`)),
  ]);
}

const rowTable = (rows: readonly Row[]): readonly string[] => table(rows.map(({ command, id }) => [command, id]));

const moveTable = (moves: readonly Move[]): readonly string[] =>
  table(moves.map(({ cycle, from, command, to }) => [cycle, from, '->', to, command]));

/** Other names to look at: commands about the same thing, life cycles that it moves, types that it takes. */
function relatedTo({ name, interface: of, input, output }: CommandSpec): readonly string[] {
  const noun = name.split('_').slice(0, 2).join('_');
  const commands = commandSpecs
    .filter((other) => other.interface === of && other.name !== name && other.name.startsWith(`${noun}_`))
    .map((other) => other.name);
  const known = [...Object.keys(structures), ...Object.keys(bitfields), ...Object.keys(enumerations)];
  const types = [...input, ...output].map(({ type }) => type).filter((type) => known.includes(type));
  const cycles = movesBy(name).map(({ cycle }) => cycle);
  return [...new Set([...commands, ...types, ...cycles])];
}

const widthOf = ({ out }: Context): number => Math.min(out.width, WIDTH_MAX);

/** Lines that go on are indented, so that one can see where the next begins. */
const hanging = (items: readonly string[], width: number): readonly string[] =>
  items.flatMap((item) => wrap(item, width - 6).map((line, i) => (i === 0 ? line : `    ${line}`)));

function lines({ out }: Context, list: readonly string[], indent = 2): void {
  for (const line of list) out.line(`${' '.repeat(indent)}${line}`.trimEnd());
}

function section(context: Context, word: Word, list: readonly string[]): void {
  if (list.length === 0) return;
  context.out.line();
  context.out.line(context.out.paint('bold', context.say(word)));
  lines(context, list);
}
