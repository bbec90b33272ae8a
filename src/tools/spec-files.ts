// Reads the specification from specs/rmm-1.0/, and lists its expressions with the names each of them may use.
import { readFileSync } from 'node:fs';
import { parseCondition, type Expression } from '../spec/condition.ts';
import type { CommandSpec, Specification, StatesSpec, TypesSpec, VocabularySpec } from '../spec/specification.ts';
import type { Type, Vocabulary } from '../spec/vocabulary.ts';
import { filesBelow, inRepo } from './repo.ts';

export const SPEC_FOLDER = 'specs/rmm-1.0';
export const INTERFACES = ['rmi', 'rsi', 'psci'] as const;

export function readSpecification(): Specification {
  const paths = INTERFACES.flatMap((name) => filesBelow(`${SPEC_FOLDER}/${name}`));
  return {
    commands: paths.map((path) => readJson<CommandSpec>(path)).sort(byInterfaceAndFid),
    types: readJson<TypesSpec>(`${SPEC_FOLDER}/types.json`),
    states: readJson<StatesSpec>(`${SPEC_FOLDER}/states.json`),
    vocabulary: readJson<VocabularySpec>(`${SPEC_FOLDER}/vocabulary.json`),
  };
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(inRepo(path), 'utf8')) as T;
}

/** `rmi/rtt-create`: the file of a command in every folder that has one for it, without its ending. */
export function commandFile({ interface: of, name }: Pick<CommandSpec, 'interface' | 'name'>): string {
  return `${of.toLowerCase()}/${name
    .slice(of.length + 1)
    .toLowerCase()
    .replaceAll('_', '-')}`;
}

function byInterfaceAndFid(a: CommandSpec, b: CommandSpec): number {
  const place = ({ interface: of }: CommandSpec): number => INTERFACES.findIndex((name) => name === of.toLowerCase());
  return place(a) - place(b) || functionNumber(a) - functionNumber(b);
}

const functionNumber = ({ fid }: CommandSpec): number => Number(fid) & 0xffff;

export type Part = 'context' | 'pre' | 'index' | 'restart' | 'success' | 'onFailure' | 'footprint';

/** What an expression came to: nothing, or what is wrong with it. */
export interface CheckedExpression {
  readonly command: string;
  readonly part: Part;
  /** `pre rtt_walk`. */
  readonly where: string;
  readonly text: string;
  readonly problem: string | undefined;
}

/** Parses every expression of a command and checks its names, fields, enumerators and arguments. */
export function checkExpressions(command: CommandSpec, vocabulary: Vocabulary): readonly CheckedExpression[] {
  const checked: CheckedExpression[] = [];
  const before = namesOf(command.input, vocabulary);
  const look = (part: Part, id: string, text: string, check: (expression: Expression) => void): void => {
    let problem: string | undefined;
    try {
      check(parseCondition(text));
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    checked.push({ command: command.name, part, where: `${part} ${id}`, text, problem });
  };
  const define = (names: Map<string, Type>, mayLookBack: boolean) => {
    return ({ name, value }: { readonly name: string; readonly value: string }): void =>
      look('context', name, value, (expression) => {
        const type = vocabulary.typeOf(expression, { variables: names, mayLookBack });
        if (names.has(name)) throw new Error(`the name ${name} is taken`);
        names.set(name, type);
      });
  };
  const condition = (part: Part, names: ReadonlyMap<string, Type>, mayLookBack: boolean) => {
    return (id: string, text: string): void =>
      look(part, id, text, (expression) => vocabulary.checkCondition(expression, { variables: names, mayLookBack }));
  };

  command.context.forEach(define(before, false));
  for (const { id, pre, index } of command.failure) {
    condition('pre', before, false)(id, pre);
    if (index !== undefined) {
      look('index', id, index, (expression) => {
        const type = vocabulary.typeOf(expression, { variables: before, mayLookBack: false });
        if (type.kind !== 'Int') throw new Error('an index is an integer');
      });
    }
  }
  for (const { id, pre } of command.restart ?? []) condition('restart', before, false)(id, pre);

  const outputs = namesOf(command.output, vocabulary);
  for (const name of outputs.keys()) {
    if (before.has(name)) throw new Error(`${command.name}: the name ${name} is taken`);
  }
  const failed = new Map([...before, ...outputs]);
  for (const { id, post } of command.onFailure ?? []) condition('onFailure', failed, false)(id, post);
  const after = new Map(failed);
  command.after?.forEach(define(after, true));
  for (const { id, post } of command.success) condition('success', after, true)(id, post);
  for (const [i, text] of command.footprint.entries()) {
    look('footprint', String(i), text, (expression) =>
      vocabulary.checkLocation(expression, { variables: before, mayLookBack: false }),
    );
  }
  return checked;
}

function namesOf(registers: CommandSpec['input'], vocabulary: Vocabulary): Map<string, Type> {
  return new Map(registers.map(({ name, type }) => [name, vocabulary.type(type)]));
}
