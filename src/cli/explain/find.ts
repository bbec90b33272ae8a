// What a name of the specification stands for. A name may stand for several things: RAM is a state and a value, state is a row
// of two commands. Everything comes from src/spec, so it is there without the repository.

import { Fid, type FidName } from '../../arch/smccc.ts';
import { commandSpecs } from '../../spec/commands.generated.ts';
import { bitfields, enumerations, lifeCycles, structures } from '../../spec/generated.ts';
import type { CommandSpec, FailureSpec } from '../../spec/specification.ts';

/** A move of a life cycle; Protected entries have their RIPAS beside the state. */
export type Move = { readonly cycle: string; readonly from: string; readonly command: string; readonly to: string };

/** A row of a command's failure table, or a condition in which the call is repeated. */
export type Row = {
  readonly command: string;
  readonly id: string;
  /** Place in the order of evaluation, from 1. */
  readonly place: number | undefined;
  readonly status: string;
  readonly index?: string;
  readonly condition: string;
  readonly isInformal: boolean;
  readonly note?: string;
};

export type Field = {
  readonly name: string;
  readonly type: string;
  /** Bytes from the start, or bits of the word. */
  readonly at: string;
  readonly size: number;
  readonly count: number;
  readonly isMeasured: boolean;
};

export type Entry =
  | { readonly kind: 'command'; readonly name: string; readonly spec: CommandSpec; readonly rows: readonly Row[] }
  /** A function that is no command of the RMM: FF-A, PSCI for the Host, the services of EL3. */
  | { readonly kind: 'function'; readonly name: string; readonly fid: number }
  | { readonly kind: 'row'; readonly name: string; readonly rows: readonly Row[] }
  | {
      readonly kind: 'value';
      readonly name: string;
      readonly of: readonly { readonly type: string; readonly value: number }[];
      /** Rows that end with this status. */
      readonly rows: readonly Row[];
    }
  | { readonly kind: 'structure'; readonly name: string; readonly size: number; readonly fields: readonly Field[] }
  | { readonly kind: 'bitfield'; readonly name: string; readonly fields: readonly Field[] }
  | { readonly kind: 'enumeration'; readonly name: string; readonly values: Readonly<Record<string, number>> }
  | { readonly kind: 'state'; readonly name: string; readonly moves: readonly Move[] }
  | { readonly kind: 'life-cycle'; readonly name: string; readonly moves: readonly Move[] };

const enumerationTable: Readonly<Record<string, Readonly<Record<string, number>>>> = enumerations;
const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** The specification of a command. */
export const commandSpec = (name: string): CommandSpec | undefined =>
  commandSpecs.find((command) => command.name === name.toUpperCase());

/** The rows of a command in the order in which they are looked at, and then what makes it start again. */
export function rowsOf(spec: CommandSpec): readonly Row[] {
  const failures = spec.evaluationOrder.map((id, i) =>
    failureRow(spec.name, spec.failure.find((row) => row.id === id) as FailureSpec, i + 1),
  );
  const restarts = (spec.restart ?? []).map(({ id, pre }) => ({
    command: spec.name,
    id,
    place: undefined,
    status: 'RESTART',
    condition: pre,
    isInformal: false,
  }));
  return [...failures, ...restarts];
}

function failureRow(command: string, { id, pre, post, index, informal, note }: FailureSpec, place: number): Row {
  return {
    command,
    id,
    place,
    status: post,
    ...(index === undefined ? {} : { index }),
    condition: pre,
    isInformal: informal === true,
    ...(note === undefined ? {} : { note }),
  };
}

const everyRow: readonly Row[] = commandSpecs.flatMap(rowsOf);

const everyMove: readonly Move[] = Object.entries(lifeCycles).flatMap(([cycle, moves]) =>
  moves.map((move: readonly string[]) =>
    move.length === 3
      ? { cycle, from: move[0] as string, command: move[1] as string, to: move[2] as string }
      : { cycle, from: `${move[0]} ${move[1]}`, command: move[2] as string, to: `${move[3]} ${move[4]}` },
  ),
);

/** Moves that a command makes. */
export const movesBy = (command: string): readonly Move[] => everyMove.filter((move) => move.command === command);

/** Everything that a name stands for; a second name narrows it to a row of a command. */
export function find(name: string, row?: string): readonly Entry[] {
  if (row !== undefined) {
    const rows = everyRow.filter(({ command, id }) => isSame(command, name) && isSame(id, row));
    return rows.length === 0 ? [] : [{ kind: 'row', name: row, rows }];
  }
  return [...functions(name), ...statesNamed(name), ...typesNamed(name), ...valuesNamed(name), ...rowsNamed(name)];
}

function functions(name: string): readonly Entry[] {
  const fid = /^0x[0-9a-f_]+$/i.test(name) ? Number(name.replaceAll('_', '')) : undefined;
  const spec =
    fid === undefined
      ? commandSpec(name)
      : commandSpecs.find((one) => Number(one.fid) === fid || Number(one.fid32) === fid);
  if (spec !== undefined) return [{ kind: 'command', name: spec.name, spec, rows: rowsOf(spec) }];
  const found = Object.entries(Fid).find(([known, number]) =>
    fid === undefined ? isSame(known, name) : number === fid,
  );
  return found === undefined ? [] : [{ kind: 'function', name: found[0], fid: found[1] }];
}

function statesNamed(name: string): readonly Entry[] {
  const cycle = Object.keys(lifeCycles).find((one) => isSame(one, name));
  const state = everyMove
    .flatMap(({ from, to }) => [from, to])
    .flatMap((text) => text.split(' '))
    .find((one) => isSame(one, name));
  const isIn = (text: string): boolean => text.split(' ').some((one) => isSame(one, name));
  return [
    ...(cycle === undefined
      ? []
      : [{ kind: 'life-cycle', name: cycle, moves: everyMove.filter((move) => move.cycle === cycle) } as const]),
    ...(state === undefined
      ? []
      : [{ kind: 'state', name: state, moves: everyMove.filter(({ from, to }) => isIn(from) !== isIn(to)) } as const]),
  ];
}

function typesNamed(name: string): readonly Entry[] {
  const entries: Entry[] = [];
  for (const [known, { size, fields }] of Object.entries(structures)) {
    if (!isSame(known, name)) continue;
    const list = Object.entries(fields).map(([field, of]) => ({
      name: field,
      type: of.type,
      at: `0x${of.offset.toString(16).padStart(3, '0')}`,
      size: of.size,
      count: of.count,
      isMeasured: of.isMeasured,
    }));
    entries.push({ kind: 'structure', name: known, size, fields: list });
  }
  for (const [known, fields] of Object.entries(bitfields)) {
    if (!isSame(known, name)) continue;
    const list = Object.entries(fields).map(([field, { high, low, type }]) => ({
      name: field,
      type,
      at: high === low ? `[${high}]` : `[${high}:${low}]`,
      size: high - low + 1,
      count: 1,
      isMeasured: false,
    }));
    entries.push({ kind: 'bitfield', name: known, fields: list });
  }
  for (const [known, values] of Object.entries(enumerationTable))
    if (isSame(known, name)) entries.push({ kind: 'enumeration', name: known, values });
  return entries;
}

function valuesNamed(name: string): readonly Entry[] {
  const of = Object.entries(enumerationTable).flatMap(([type, values]) =>
    Object.entries(values).flatMap(([known, value]) => (isSame(known, name) ? [{ type, value, known }] : [])),
  );
  const [first] = of;
  if (first === undefined) return [];
  const rows = everyRow.filter(({ status }) => isSame(status, name));
  return [{ kind: 'value', name: first.known, of: of.map(({ type, value }) => ({ type, value })), rows }];
}

function rowsNamed(name: string): readonly Entry[] {
  const rows = everyRow.filter(({ id }) => isSame(id, name));
  return rows.length === 0 ? [] : [{ kind: 'row', name: rows[0]?.id ?? name, rows }];
}

/** Every name there is something to say of. */
export function everyName(): readonly string[] {
  const names = [
    ...commandSpecs.map(({ name }) => name),
    ...(Object.keys(Fid) as FidName[]),
    ...Object.keys(lifeCycles),
    ...everyMove.flatMap(({ from, to }) => `${from} ${to}`.split(' ')),
    ...Object.keys(structures),
    ...Object.keys(bitfields),
    ...Object.keys(enumerationTable),
    ...Object.values(enumerationTable).flatMap((values) => Object.keys(values)),
    ...everyRow.map(({ id }) => id),
  ];
  return [...new Set(names)];
}

/** Where a function is written, and the tests of it. */
export function placesOf(name: string): { readonly source: string; readonly tests: string; readonly page?: string } {
  const spec = commandSpec(name);
  if (spec !== undefined) {
    const file = `${spec.interface.toLowerCase()}/${fileName(name.slice(spec.interface.length + 1))}`;
    return { source: `src/rmm/${file}.ts`, tests: 'test/rmm/', page: `docs/reference/rmm-1.0/${file}.md` };
  }
  if (name.startsWith('FFA_')) return { source: 'src/monitor/spmc.ts', tests: 'test/monitor/' };
  if (name.startsWith('RMM_')) return { source: 'src/monitor/rmm-services.ts', tests: 'test/monitor/' };
  if (name.startsWith('PSCI_')) return { source: 'src/monitor/psci.ts', tests: 'test/monitor/' };
  return { source: 'src/monitor/monitor.ts', tests: 'test/monitor/' };
}

const fileName = (name: string): string => name.toLowerCase().replaceAll('_', '-');
