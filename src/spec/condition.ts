// The condition language of specs/: what a failure row, a success condition, a context value or a footprint entry says.
// A parser and the tree it makes; `evaluate.ts` gives the tree a meaning, `vocabulary.ts` checks its names and types.
// The grammar is in specs/rmm-1.0/README.md.

import { InputError } from '../base/input-error.ts';

export type BinaryOperator = '=>' | '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/' | '%';
export type Quantifier = 'all' | 'any' | 'each';

/** A node; `at` is the column of its first character, or of its operator. */
export type Expression = { readonly at: number } & (
  | { readonly kind: 'number'; readonly value: bigint }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'enumerator'; readonly name: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'member'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'index'; readonly of: Expression; readonly index: Expression }
  | { readonly kind: 'unary'; readonly operator: '!' | '-'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'range'; readonly value: Expression; readonly from: Expression; readonly to: Expression }
  | { readonly kind: 'set'; readonly value: Expression; readonly items: readonly Expression[] }
  | { readonly kind: 'if'; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
  | {
      readonly kind: 'quantified';
      readonly quantifier: Quantifier;
      readonly variable: string;
      readonly from: Expression;
      readonly to: Expression;
      readonly body: Expression;
    }
  | { readonly kind: 'old' | 'defined'; readonly of: Expression }
);

/** Weakest first; all of a level stand on one line. Comparisons do not chain. */
const LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '%'],
];
const COMPARISON = 2;
const KEYWORDS = new Set(['if', 'then', 'else', 'in', 'all', 'any', 'each', 'old', 'defined', 'true', 'false']);
const TOKEN =
  /\s*(?:(?<number>0x[0-9A-Fa-f_]+|[0-9][0-9_]*)|(?<word>[A-Za-z_]\w*)|(?<sign>=>|==|!=|<=|>=|&&|\|\||\.\.|[-+*/%<>!()[\]{}.,:]))/y;
const ENUMERATOR = /^[A-Z][A-Z0-9_]*$/;

interface Token {
  readonly kind: 'number' | 'word' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

/** Reads a condition or throws an `InputError` that names the column. */
export function parseCondition(text: string): Expression {
  const tokens = tokenize(text);
  let next = 0;

  const peek = (): Token => tokens[next] as Token;
  const isNext = (text: string): boolean => peek().kind !== 'number' && peek().text === text;
  const take = (): Token => tokens[next++] as Token;
  const takeIf = (text: string): boolean => isNext(text) && take() !== undefined;
  const want = (text: string): Token => (isNext(text) ? take() : refuse(`'${text}'`));
  const refuse = (expected: string): never => syntaxError(peek(), expected);
  const wantName = (): string => {
    const { kind, text } = peek();
    return kind === 'word' && !KEYWORDS.has(text) ? take().text : refuse('a name');
  };

  function expression(): Expression {
    const { at } = peek();
    if (takeIf('if')) {
      const test = expression();
      want('then');
      const yes = expression();
      want('else');
      return { kind: 'if', at, test, yes, no: expression() };
    }
    const left = binary(0);
    const arrow = peek();
    return takeIf('=>') ? { kind: 'binary', at: arrow.at, operator: '=>', left, right: expression() } : left;
  }

  function binary(level: number): Expression {
    const operators = LEVELS[level];
    if (operators === undefined) return unary();
    let left = binary(level + 1);
    for (;;) {
      const { at } = peek();
      const operator = operators.find(isNext);
      if (operator !== undefined) {
        take();
        left = { kind: 'binary', at, operator, left, right: binary(level + 1) };
      } else if (level === COMPARISON && takeIf('in')) {
        left = membership(left, at);
      } else {
        return left;
      }
      if (level === COMPARISON) return left;
    }
  }

  function membership(value: Expression, at: number): Expression {
    if (takeIf('{')) return { kind: 'set', at, value, items: items('}') };
    want('[');
    const from = expression();
    want(',');
    const to = expression();
    want(')');
    return { kind: 'range', at, value, from, to };
  }

  function unary(): Expression {
    const { at } = peek();
    for (const operator of ['!', '-'] as const) {
      if (takeIf(operator)) return { kind: 'unary', at, operator, of: unary() };
    }
    return postfix(primary());
  }

  function postfix(of: Expression): Expression {
    const { at } = peek();
    if (takeIf('.')) return postfix({ kind: 'member', at, of, name: wantName() });
    if (!takeIf('[')) return of;
    const index = expression();
    want(']');
    return postfix({ kind: 'index', at, of, index });
  }

  function primary(): Expression {
    const { kind, text, at } = peek();
    if (kind === 'number') return { kind, at, value: BigInt(take().text.replaceAll('_', '')) };
    if (takeIf('(')) return grouped(expression());
    if (takeIf('[')) return { kind: 'list', at, items: items(']') };
    if (takeIf('true')) return { kind: 'boolean', at, value: true };
    if (takeIf('false')) return { kind: 'boolean', at, value: false };
    for (const quantifier of ['all', 'any', 'each'] as const) if (takeIf(quantifier)) return quantified(quantifier, at);
    for (const special of ['old', 'defined'] as const) {
      if (!takeIf(special)) continue;
      want('(');
      return { kind: special, at, of: grouped(expression()) };
    }
    if (kind !== 'word' || KEYWORDS.has(text)) return refuse('a value');
    const name = take().text;
    if (takeIf('(')) return { kind: 'call', at, name, args: items(')') };
    return { kind: ENUMERATOR.test(name) ? 'enumerator' : 'variable', at, name };
  }

  function grouped(inner: Expression): Expression {
    want(')');
    return inner;
  }

  function quantified(quantifier: Quantifier, at: number): Expression {
    want('(');
    const variable = wantName();
    want('in');
    const from = binary(COMPARISON + 1);
    want('..');
    const to = binary(COMPARISON + 1);
    want(':');
    return { kind: 'quantified', at, quantifier, variable, from, to, body: grouped(expression()) };
  }

  function items(close: string): Expression[] {
    const found: Expression[] = [];
    if (takeIf(close)) return found;
    do found.push(expression());
    while (takeIf(','));
    want(close);
    return found;
  }

  const whole = expression();
  return peek().kind === 'end' ? whole : refuse('the end');
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  for (let at = 0; at < end;) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) syntaxError({ at: at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0) }, 'a token');
    at = TOKEN.lastIndex;
    for (const kind of ['number', 'word', 'sign'] as const) {
      const found = groups[kind];
      if (found !== undefined) tokens.push({ kind, text: found, at: at - found.length });
    }
  }
  return [...tokens, { kind: 'end', text: '', at: end }];
}

function syntaxError({ at, text }: { readonly at: number; readonly text?: string }, expected: string): never {
  const found = text === undefined ? 'something else' : text === '' ? 'the end' : `'${text}'`;
  throw new InputError({ code: 'CONDITION_SYNTAX', where: `column ${at + 1}`, expected, found });
}
