// Checks conditions against the vocabulary: known names, functions with the right arguments, fields that exist,
// enumerators that the other side can have. What passes cannot meet a value of the wrong kind when it is evaluated.

import { InputError } from '../base/input-error.ts';
import type { Expression } from './condition.ts';
import type { Specification } from './specification.ts';

export type Type =
  | { readonly kind: 'Int' | 'Bool' | 'Bytes' }
  | { readonly kind: 'Enum'; readonly values: readonly string[] }
  | { readonly kind: 'Record'; readonly name: string }
  | { readonly kind: 'List'; readonly of: Type | undefined };

/** What the names in a condition are, and whether it may look back. */
export interface Names {
  readonly variables: ReadonlyMap<string, Type>;
  readonly mayLookBack: boolean;
}

interface Function {
  readonly args: readonly Type[];
  readonly result: Type;
  readonly isLocation: boolean;
}

const INT: Type = { kind: 'Int' };
const BOOL: Type = { kind: 'Bool' };

export class Vocabulary {
  readonly #types = new Map<string, Type>();
  readonly #fields = new Map<string, ReadonlyMap<string, Type>>();
  readonly #functions = new Map<string, Function>();
  readonly #enumerators: ReadonlySet<string>;

  constructor({ types, vocabulary }: Omit<Specification, 'commands' | 'states'>) {
    const { enumerations, bitfields, structures } = types;
    this.#enumerators = new Set(enumerations.flatMap(({ values }) => values.map(({ name }) => name)));
    for (const { name, boolean, values } of enumerations) {
      this.#types.set(name, boolean ? BOOL : { kind: 'Enum', values: values.map(({ name }) => name) });
    }
    for (const { name, conditions } of bitfields) {
      this.#types.set(name, conditions === 'number' ? INT : { kind: 'Record', name });
    }
    for (const { name } of [...structures, ...vocabulary.records]) this.#types.set(name, { kind: 'Record', name });

    for (const { name, fields } of bitfields) {
      this.#fields.set(name, new Map([...this.#typed(fields), ['value', INT]]));
    }
    for (const { name, fields } of structures) {
      const typed = fields.map(({ name, type, count }): [string, Type] => {
        const one = this.type(type);
        return [name, count === undefined ? one : { kind: 'List', of: one }];
      });
      this.#fields.set(name, new Map([...typed, ['unused_is_zero', BOOL]]));
    }
    for (const { name, fields } of vocabulary.records) this.#fields.set(name, new Map(this.#typed(fields)));
    for (const { name, args, result, location } of vocabulary.functions) {
      const types = args.map(({ type }) => this.type(type));
      this.#functions.set(name, { args: types, result: this.type(result), isLocation: location === true });
    }
  }

  /** The type of that name: one of types.json, of vocabulary.json, or a plain one. */
  type(name: string): Type {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    if (name === 'List') return { kind: 'List', of: undefined };
    const item = /^List<(.+)>$/.exec(name)?.[1];
    if (item !== undefined) return { kind: 'List', of: this.type(item) };
    if (name === 'Bool') return BOOL;
    if (name === 'Bytes' || name === 'Bits512') return { kind: 'Bytes' };
    if (/^(Int|Address|U?Int\d+|Bits64)$/.test(name)) return INT;
    throw new InputError({ code: 'CONDITION_TYPE', where: 'the specification', expected: 'a known type', found: name });
  }

  /** The type of an expression; throws an `InputError` at the first thing that makes no sense. */
  typeOf(expression: Expression, names: Names): Type {
    const of = (inner: Expression): Type => this.typeOf(inner, names);
    const want = (type: Type, inner: Expression): void => demand(type, of(inner), inner);
    switch (expression.kind) {
      case 'number':
        return INT;
      case 'boolean':
        return BOOL;
      case 'enumerator':
        if (!this.#enumerators.has(expression.name)) refuse(expression, 'a known enumerator', expression.name);
        return { kind: 'Enum', values: [expression.name] };
      case 'variable':
        return names.variables.get(expression.name) ?? refuse(expression, 'a known name', expression.name);
      case 'list':
        return { kind: 'List', of: join(expression.items.map(of), expression) };
      case 'call':
        return this.#call(expression, names);
      case 'member': {
        const record = of(expression.of);
        const fields = record.kind === 'Record' ? this.#fields.get(record.name) : undefined;
        return fields?.get(expression.name) ?? refuse(expression, `a field of ${describe(record)}`, expression.name);
      }
      case 'index': {
        const list = of(expression.of);
        want(INT, expression.index);
        if (list.kind !== 'List' || list.of === undefined) return refuse(expression, 'a list', describe(list));
        return list.of;
      }
      case 'unary':
        want(expression.operator === '!' ? BOOL : INT, expression.of);
        return expression.operator === '!' ? BOOL : INT;
      case 'binary':
        return this.#binary(expression, names);
      case 'range':
        for (const inner of [expression.value, expression.from, expression.to]) want(INT, inner);
        return BOOL;
      case 'set': {
        const value = of(expression.value);
        for (const candidate of expression.items) want(value, candidate);
        return BOOL;
      }
      case 'if':
        want(BOOL, expression.test);
        return join([of(expression.yes), of(expression.no)], expression) ?? BOOL;
      case 'quantified': {
        want(INT, expression.from);
        want(INT, expression.to);
        if (names.variables.has(expression.variable)) refuse(expression, 'a new name', expression.variable);
        const variables = new Map([...names.variables, [expression.variable, INT]]);
        const body = this.typeOf(expression.body, { ...names, variables });
        if (expression.quantifier === 'each') return { kind: 'List', of: body };
        demand(BOOL, body, expression.body);
        return BOOL;
      }
      case 'old':
        if (!names.mayLookBack) refuse(expression, 'a state before', 'old');
        return of(expression.of);
      case 'defined':
        of(expression.of);
        return BOOL;
    }
  }

  /** Checks a condition: it has to be true or false. */
  checkCondition(expression: Expression, names: Names): void {
    demand(BOOL, this.typeOf(expression, names), expression);
  }

  /** Checks a footprint entry: a location, a part of one, or each of a range of them. */
  checkLocation(expression: Expression, names: Names): void {
    this.typeOf(expression, names);
    let inner = expression;
    while (inner.kind === 'quantified' && inner.quantifier === 'each') inner = inner.body;
    while (inner.kind === 'member' || inner.kind === 'index') inner = inner.of;
    const isLocation = inner.kind === 'call' && this.#functions.get(inner.name)?.isLocation === true;
    if (!isLocation) refuse(inner, 'a location', inner.kind);
  }

  #typed(fields: readonly { readonly name: string; readonly type: string }[]): [string, Type][] {
    return fields.map(({ name, type }) => [name, this.type(type)]);
  }

  #call(expression: Expression & { kind: 'call' }, names: Names): Type {
    const { name, args } = expression;
    const known = this.#functions.get(name) ?? refuse(expression, 'a function of the vocabulary', name);
    if (args.length !== known.args.length) refuse(expression, `${known.args.length} arguments`, args.length);
    known.args.forEach((type, i) => {
      const arg = args[i] as Expression;
      demand(type, this.typeOf(arg, names), arg);
    });
    return known.result;
  }

  #binary({ operator, left, right }: Expression & { kind: 'binary' }, names: Names): Type {
    const leftType = this.typeOf(left, names);
    const rightType = this.typeOf(right, names);
    if (operator === '==' || operator === '!=') {
      demand(leftType, rightType, right);
      return BOOL;
    }
    const isLogic = operator === '&&' || operator === '||' || operator === '=>';
    demand(isLogic ? BOOL : INT, leftType, left);
    demand(isLogic ? BOOL : INT, rightType, right);
    return isLogic || operator.startsWith('<') || operator.startsWith('>') ? BOOL : INT;
  }
}

/** The common type of several values; undefined for none. */
function join(types: readonly Type[], at: Expression): Type | undefined {
  return types.reduce<Type | undefined>((joined, type) => {
    if (joined === undefined) return type;
    if (joined.kind !== 'Enum' || type.kind !== 'Enum') {
      demand(joined, type, at);
      return joined;
    }
    return { kind: 'Enum', values: [...new Set([...joined.values, ...type.values])] };
  }, undefined);
}

function demand(wanted: Type, found: Type, at: Expression): void {
  if (!fits(wanted, found)) refuse(at, describe(wanted), describe(found));
}

/** Enumerations fit when one has all values of the other: RsiRipas and RmiRipas, a type and one of its names. */
function fits(a: Type, b: Type): boolean {
  if (a.kind === 'Enum' && b.kind === 'Enum') {
    return a.values.every((value) => b.values.includes(value)) || b.values.every((value) => a.values.includes(value));
  }
  if (a.kind === 'List' && b.kind === 'List') return a.of === undefined || b.of === undefined || fits(a.of, b.of);
  if (a.kind === 'Record' && b.kind === 'Record') return a.name === b.name;
  return a.kind === b.kind;
}

function describe(type: Type): string {
  if (type.kind === 'Enum') return type.values.join(' | ');
  if (type.kind === 'List') return type.of === undefined ? 'List' : `List<${describe(type.of)}>`;
  return type.kind === 'Record' ? type.name : type.kind;
}

function refuse(at: Expression, expected: string, found: string | number): never {
  throw new InputError({ code: 'CONDITION_TYPE', where: `column ${at.at + 1}`, expected, found });
}
