// Compares the commands of specs/ with a list that others made: names, identifiers, registers, rows, statuses, order.
import type { CommandSpec } from '../spec/specification.ts';
import { StepFailure } from './steps.ts';

type Register = Pick<CommandSpec['input'][number], 'name' | 'reg' | 'type'>;
type Row = Pick<CommandSpec['failure'][number], 'id' | 'post' | 'index' | 'informal'>;

/** What two lists have in common. */
export interface ComparableCommand {
  readonly name: string;
  readonly fid: string;
  readonly fid32?: string | undefined;
  readonly interface: string;
  readonly input: readonly Register[];
  readonly output: readonly Register[];
  readonly failure: readonly Row[];
  readonly order: CommandSpec['order'];
  readonly evaluationOrder: readonly string[];
}
export type CommandList = readonly ComparableCommand[];

export interface Difference {
  readonly command: string;
  readonly where: string;
  /** The row, register or field it is about. */
  readonly subject: string;
  readonly here: string;
  readonly there: string;
}

/** The other list's own shape: `failureConditions`, `ordering`, registers in capitals, an index with a remark. */
interface TheirCommand {
  readonly name: string;
  readonly fid: string;
  readonly altFids?: readonly string[];
  readonly interface: string;
  readonly inputs: readonly Register[];
  readonly outputs: readonly Register[];
  readonly failureConditions: readonly {
    readonly id: string;
    readonly status: string;
    readonly index?: string | number;
    readonly formal?: boolean;
  }[];
  readonly ordering: CommandSpec['order'];
  readonly evaluationOrder: readonly string[];
}

export function parseCommandList(text: string): CommandList {
  const list = parseJson(text);
  if (!isCommandList(list)) throw new StepFailure('--against wants a JSON list of commands with failureConditions');
  return list.map(({ inputs, outputs, failureConditions, ordering, altFids, ...same }) => ({
    ...same,
    fid32: altFids?.[0],
    input: inputs.map(inLowerCase),
    output: outputs.map(inLowerCase),
    failure: failureConditions.map(({ id, status, index, formal }) => ({
      id,
      post: status,
      ...(index === undefined ? {} : { index: withoutRemark(String(index)) }),
      ...(formal === false ? { informal: true as const } : {}),
    })),
    order: ordering,
  }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StepFailure(`--against wants JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isCommandList(list: unknown): list is readonly TheirCommand[] {
  return Array.isArray(list) && list.every((command) => Array.isArray((command as TheirCommand).failureConditions));
}

const inLowerCase = ({ name, reg, type }: Register): Register => ({ name, reg: reg.toLowerCase(), type });
const withoutRemark = (index: string): string => index.replace(/ \(.*\)$/, '');

/** Everything in which they differ, command by command. */
export function differences(ours: CommandList, theirs: CommandList): readonly Difference[] {
  const names = new Set([...ours, ...theirs].map(({ name }) => name));
  return [...names].flatMap((name) => {
    const here = ours.find((command) => command.name === name);
    const there = theirs.find((command) => command.name === name);
    if (here !== undefined && there !== undefined) return compareFacts(name, facts(here), facts(there));
    return [{ command: name, where: 'command', subject: name, here: presence(here), there: presence(there) }];
  });
}

const presence = (command: ComparableCommand | undefined): string => (command === undefined ? 'absent' : 'present');

type Facts = ReadonlyMap<string, { readonly subject: string; readonly text: string }>;

function facts(command: ComparableCommand): Facts {
  const { fid, fid32 = 'none', interface: of, input, output, failure, order, evaluationOrder } = command;
  const found: (readonly [where: string, subject: string, text: string])[] = [
    ['fid', 'fid', fid],
    ['fid32', 'fid32', fid32],
    ['interface', 'interface', of],
    ['evaluation order', 'evaluationOrder', evaluationOrder.join(' > ')],
    ...input.map(({ name, reg, type }) => [`input ${name}`, name, `${reg} ${type}`] as const),
    ...output.map(({ name, reg, type }) => [`output ${name}`, name, `${reg} ${type}`] as const),
    ...failure.map(({ id, post, index = '0', informal = false }) => {
      return [`row ${id}`, id, `${post}, index ${index}${informal ? ', informal' : ''}`] as const;
    }),
    ...order.map(([first, second]) => [`pair ${first} before ${second}`, first, 'present'] as const),
  ];
  return new Map(found.map(([where, subject, text]) => [where, { subject, text }]));
}

function compareFacts(command: string, ours: Facts, theirs: Facts): readonly Difference[] {
  return [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((where) => {
    const here = ours.get(where);
    const there = theirs.get(where);
    if (here?.text === there?.text) return [];
    const subject = here?.subject ?? there?.subject ?? where;
    return [{ command, where, subject, here: here?.text ?? 'absent', there: there?.text ?? 'absent' }];
  });
}
