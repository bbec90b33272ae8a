import { describe, expect, test } from 'vitest';
import { parseCondition, type Expression } from '../../src/spec/condition.ts';

/** The tree with every operation in parentheses. */
function show(e: Expression): string {
  const list = (items: readonly Expression[]): string => items.map(show).join(', ');
  switch (e.kind) {
    case 'number':
    case 'boolean':
      return String(e.value);
    case 'enumerator':
    case 'variable':
      return e.name;
    case 'list':
      return `[${list(e.items)}]`;
    case 'call':
      return `${e.name}(${list(e.args)})`;
    case 'member':
      return `${show(e.of)}.${e.name}`;
    case 'index':
      return `${show(e.of)}[${show(e.index)}]`;
    case 'unary':
      return `(${e.operator}${show(e.of)})`;
    case 'binary':
      return `(${show(e.left)} ${e.operator} ${show(e.right)})`;
    case 'range':
      return `(${show(e.value)} in [${show(e.from)}, ${show(e.to)}))`;
    case 'set':
      return `(${show(e.value)} in {${list(e.items)}})`;
    case 'if':
      return `(if ${show(e.test)} then ${show(e.yes)} else ${show(e.no)})`;
    case 'quantified':
      return `${e.quantifier}(${e.variable} in ${show(e.from)}..${show(e.to)}: ${show(e.body)})`;
    case 'old':
    case 'defined':
      return `${e.kind}(${show(e.of)})`;
  }
}

test.each([
  ['a || b && c', '(a || (b && c))'],
  ['a && b || c && d', '((a && b) || (c && d))'],
  ['!a && b', '((!a) && b)'],
  ['!a.b[0]', '(!a.b[0])'],
  ['a == b + c * d', '(a == (b + (c * d)))'],
  ['a - b - c', '((a - b) - c)'],
  ['a / b % c', '((a / b) % c)'],
  ['-a + b', '((-a) + b)'],
  ['a < b && c >= d', '((a < b) && (c >= d))'],
  ['a => b => c', '(a => (b => c))'],
  ['a || b => c && d', '((a || b) => (c && d))'],
  ['if a then b else if c then d else e', '(if a then b else (if c then d else e))'],
  ['if a then b else c => d', '(if a then b else (c => d))'],
  ['level in [start + 1, 4) && x', '((level in [(start + 1), 4)) && x)'],
  ['!(s in {UNASSIGNED, TABLE})', '(!(s in {UNASSIGNED, TABLE}))'],
  ['all(i in 0..n - 1: x[i] == 0 || y)', 'all(i in 0..(n - 1): ((x[i] == 0) || y))'],
  ['each(i in 0..2: Granule(base + i * 4096).state)', 'each(i in 0..2: Granule((base + (i * 4096))).state)'],
  ['old(Rec(rec).gprs[3]) == [1, 2]', '(old(Rec(rec).gprs[3]) == [1, 2])'],
  ['defined(Exit()) == false', '(defined(Exit()) == false)'],
  ['0xC400_0003 == 1_000', '(3288334339 == 1000)'],
  ['inside == iffy', '(inside == iffy)'],
  [' a\n||\tb ', '(a || b)'],
])('%s is read as %s', (text, tree) => {
  expect(show(parseCondition(text))).toBe(tree);
});

test('names in capitals are enumerators, others are names, and a call is a call', () => {
  expect(parseCondition('RTT').kind).toBe('enumerator');
  expect(parseCondition('Rtt').kind).toBe('variable');
  expect(parseCondition('rtt').kind).toBe('variable');
  expect(parseCondition('RTT()').kind).toBe('call');
});

test('a node knows the column of its operator or first character', () => {
  expect(parseCondition('a + b == c')).toMatchObject({ at: 6, left: { at: 2, left: { at: 0 }, right: { at: 4 } } });
});

describe('errors name the column, what was expected and what was found', () => {
  test.each([
    ['', 'column 1', 'a value', 'the end'],
    ['a +', 'column 4', 'a value', 'the end'],
    ['a b', 'column 3', 'the end', "'b'"],
    ['a == b == c', 'column 8', 'the end', "'=='"],
    ['(a', 'column 3', "')'", 'the end'],
    ['f(a,)', 'column 5', 'a value', "')'"],
    ['a $ b', 'column 3', 'a token', 'something else'],
    ['a &  & b', 'column 3', 'a token', 'something else'],
    ['x in [a, b]', 'column 11', "')'", "']'"],
    ['x in a', 'column 6', "'['", "'a'"],
    ['all(i in 0: a)', 'column 11', "'..'", "':'"],
    ['all(if in 0..1: a)', 'column 5', 'a name', "'if'"],
    ['if a then b', 'column 12', "'else'", 'the end'],
    ['x.3', 'column 3', 'a name', "'3'"],
    ['then', 'column 1', 'a value', "'then'"],
  ])('%s', (text, where, expected, found) => {
    expect(() => parseCondition(text)).toThrow(
      expect.objectContaining({ name: 'InputError', code: 'CONDITION_SYNTAX', where, expected, found }),
    );
  });
});
