// Gives a condition its meaning. What does not exist is undefined, and so is everything that is made from it.

import { assert, unreachable } from '../base/assert.ts';
import type { BinaryOperator, Expression } from './condition.ts';

export type Value = bigint | boolean | string | undefined | readonly Value[] | { readonly [field: string]: Value };

/** A state in which conditions are evaluated: what its names and functions stand for. */
export interface Scope {
  readonly functions: Readonly<Record<string, (args: readonly Value[]) => Value>>;
  /** Inputs, outputs and context. */
  variable(name: string): Value;
  /** The state before the command, where `old(...)` looks. */
  readonly before?: Scope;
}

/** A quantifier is for tables and short lists; a hostile number never makes a long loop. */
const LONGEST_RANGE = 1n << 16n;

type Locals = Readonly<Record<string, bigint>>;

/** Whether a condition holds. One that comes out as undefined does not. */
export const holds = (condition: Expression, scope: Scope): boolean => evaluate(condition, scope) === true;

/** The value of an expression. A function is called only when all its arguments exist. */
export function evaluate(expression: Expression, scope: Scope, locals: Locals = {}): Value {
  const of = (inner: Expression): Value => evaluate(inner, scope, locals);
  switch (expression.kind) {
    case 'number':
    case 'boolean':
      return expression.value;
    case 'enumerator':
      return expression.name;
    case 'variable':
      return locals[expression.name] ?? scope.variable(expression.name);
    case 'list':
      return all(expression.items.map(of));
    case 'call': {
      const call = scope.functions[expression.name];
      assert(call !== undefined, `the vocabulary has ${expression.name}`);
      const args = all(expression.args.map(of));
      return args === undefined ? undefined : call(args);
    }
    case 'member':
      return member(of(expression.of), expression.name);
    case 'index':
      return item(of(expression.of), of(expression.index));
    case 'unary':
      return unary(expression.operator, of(expression.of));
    case 'binary':
      return binary(expression.operator, of(expression.left), () => of(expression.right));
    case 'range':
      return isInRange(of(expression.value), of(expression.from), of(expression.to));
    case 'set':
      return isOneOf(of(expression.value), all(expression.items.map(of)));
    case 'if':
      return choose(
        of(expression.test),
        () => of(expression.yes),
        () => of(expression.no),
      );
    case 'quantified':
      return quantified(expression, scope, locals);
    case 'old':
      assert(scope.before !== undefined, 'old(...) stands only where there is a state before');
      return evaluate(expression.of, scope.before, locals);
    case 'defined':
      return of(expression.of) !== undefined;
    default:
      return unreachable(expression);
  }
}

/** The values, or undefined when one of them is. */
function all(values: readonly Value[]): readonly Value[] | undefined {
  return values.includes(undefined) ? undefined : values;
}

function member(record: Value, name: string): Value {
  if (record === undefined) return undefined;
  assert(isRecord(record), `.${name} is asked of a record`);
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function item(list: Value, index: Value): Value {
  if (list === undefined || index === undefined) return undefined;
  assert(isList(list), 'an index is asked of a list');
  const i = toInteger(index);
  return i >= 0n && i < BigInt(list.length) ? list[Number(i)] : undefined;
}

function unary(operator: '!' | '-', value: Value): Value {
  if (value === undefined) return undefined;
  return operator === '!' ? !toBoolean(value) : -toInteger(value);
}

/** Left to right: what the left side decides alone does not look at the right side. */
function binary(operator: BinaryOperator, left: Value, lazyRight: () => Value): Value {
  if (left === undefined) return undefined;
  if (operator === '&&') return toBoolean(left) ? lazyRight() : false;
  if (operator === '||') return toBoolean(left) ? true : lazyRight();
  if (operator === '=>') return toBoolean(left) ? lazyRight() : true;
  const right = lazyRight();
  if (right === undefined) return undefined;
  if (operator === '==') return areEqual(left, right);
  if (operator === '!=') return !areEqual(left, right);
  return arithmetic(operator, toInteger(left), toInteger(right));
}

function arithmetic(
  operator: Exclude<BinaryOperator, '&&' | '||' | '=>' | '==' | '!='>,
  left: bigint,
  right: bigint,
): Value {
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0n ? undefined : left / right;
    case '%':
      return right === 0n ? undefined : left % right;
    default:
      return unreachable(operator);
  }
}

function isInRange(value: Value, from: Value, to: Value): Value {
  if (value === undefined || from === undefined || to === undefined) return undefined;
  return toInteger(value) >= toInteger(from) && toInteger(value) < toInteger(to);
}

function isOneOf(value: Value, items: readonly Value[] | undefined): Value {
  if (value === undefined || items === undefined) return undefined;
  return items.some((candidate) => areEqual(value, candidate));
}

function choose(test: Value, yes: () => Value, no: () => Value): Value {
  if (test === undefined) return undefined;
  return toBoolean(test) ? yes() : no();
}

/** `all` is a chain of `&&`, `any` a chain of `||`, `each` the list of values. */
function quantified(expression: Expression & { kind: 'quantified' }, scope: Scope, locals: Locals): Value {
  const from = evaluate(expression.from, scope, locals);
  const to = evaluate(expression.to, scope, locals);
  if (from === undefined || to === undefined) return undefined;
  const first = toInteger(from);
  const end = toInteger(to);
  assert(end - first <= LONGEST_RANGE, `a quantifier ranges over at most ${LONGEST_RANGE} numbers`);

  const values: Value[] = [];
  for (let i = first; i < end; i++) {
    const value = evaluate(expression.body, scope, { ...locals, [expression.variable]: i });
    if (expression.quantifier === 'each') values.push(value);
    else if (value === undefined) return undefined;
    else if (toBoolean(value) !== (expression.quantifier === 'all')) return value;
  }
  return expression.quantifier === 'each' ? all(values) : expression.quantifier === 'all';
}

/** Equality of whole values. Values of different kinds differ: a reserved encoding stays a number and equals no name. */
function areEqual(a: Value, b: Value): boolean {
  if (isList(a) && isList(b)) return a.length === b.length && a.every((value, i) => areEqual(value, b[i]));
  if (isRecord(a) && isRecord(b)) {
    const fields = Object.keys(a);
    return fields.length === Object.keys(b).length && fields.every((field) => areEqual(a[field], b[field]));
  }
  return a === b;
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);
const isRecord = (value: Value): value is { readonly [field: string]: Value } =>
  typeof value === 'object' && !Array.isArray(value);

/** A value that a condition makes sure is a Boolean. */
export function toBoolean(value: Value): boolean {
  assert(typeof value === 'boolean', 'a condition is true or false');
  return value;
}

/** A value that a condition makes sure is an integer. */
export function toInteger(value: Value): bigint {
  assert(typeof value === 'bigint', 'arithmetic is about integers');
  return value;
}
