import { describe, expect, test } from 'vitest';
import { parseCondition } from '../../src/spec/condition.ts';
import { evaluate, holds, type Scope, type Value } from '../../src/spec/evaluate.ts';

const variables: Readonly<Record<string, Value>> = {
  yes: true,
  no: false,
  one: 1n,
  top: (1n << 64n) - 1n,
  state: 'RD',
  reserved: 7n,
  list: [10n, 20n, 30n],
  same: [10n, 20n, 30n],
  rec: { state: 'REC_READY', pc: 8n, gone: undefined },
  twin: { state: 'REC_READY', pc: 8n, gone: undefined },
};

/** `nothing` and whatever has no value is undefined; `Call` returns its sum, `Fails` must never be called. */
const scope: Scope = {
  variable: (name) => variables[name],
  functions: {
    Sum: (args) => args.reduce<bigint>((sum, value) => sum + (value as bigint), 0n),
    Nothing: () => undefined,
    Fails: () => {
      throw new Error('called');
    },
  },
};
const value = (text: string, where = scope): Value => evaluate(parseCondition(text), where);

test.each<[string, Value]>([
  ['1 + 2 * 3 - 4', 3n],
  ['7 / 2', 3n],
  ['7 % 4', 3n],
  ['-one', -1n],
  ['top + 1', 1n << 64n],
  ['0 - 1', -1n],
  ['one < 2', true],
  ['one >= 2', false],
  ['state == RD', true],
  ['state != RD', false],
  ['reserved == RD', false],
  ['reserved in {RD, RTT}', false],
  ['state in {RTT, RD}', true],
  ['one in [1, 2)', true],
  ['2 in [1, 2)', false],
  ['list[1]', 20n],
  ['list == same', true],
  ['list == [10, 20]', false],
  ['rec == twin', true],
  ['rec.pc', 8n],
  ['Sum(1, 2, one)', 4n],
  ['if no then 1 else 2', 2n],
  ['no => Fails()', true],
  ['yes => no', false],
])('%s is %s', (text, expected) => {
  expect(value(text)).toEqual(expected);
});

describe('what is made from nothing is nothing', () => {
  test.each([
    'nothing',
    'nothing.state',
    'nothing == RD',
    'nothing != RD',
    'RD == nothing',
    '!nothing',
    '-nothing',
    '1 + nothing',
    'nothing < 1',
    'nothing in [0, 1)',
    '0 in [0, nothing)',
    'nothing in {RD}',
    'RD in {RTT, nothing}',
    'list[3]',
    'list[-1]',
    'list[nothing]',
    'rec.gone',
    'rec.unheard',
    '[1, nothing]',
    '1 / 0',
    '1 % 0',
    'Nothing()',
    'Fails(nothing)',
    'if nothing then 1 else 2',
    'all(i in 0..nothing: yes)',
    'each(i in 0..2: nothing)',
  ])('%s', (text) => {
    expect(value(text)).toBeUndefined();
    expect(holds(parseCondition(text), scope)).toBe(false);
  });

  test('and `defined` asks for it', () => {
    expect(value('defined(nothing.state)')).toBe(false);
    expect(value('defined(no)')).toBe(true);
  });
});

describe('logic goes from left to right', () => {
  test.each<[string, Value]>([
    ['no && nothing', false],
    ['no && Fails()', false],
    ['yes && nothing', undefined],
    ['nothing && no', undefined],
    ['yes || nothing', true],
    ['yes || Fails()', true],
    ['no || nothing', undefined],
    ['nothing || yes', undefined],
    ['no => nothing', true],
    ['yes => nothing', undefined],
    ['if yes then 1 else Fails()', 1n],
  ])('%s is %s', (text, expected) => {
    expect(value(text)).toBe(expected);
  });
});

describe('quantifiers', () => {
  test.each<[string, Value]>([
    ['all(i in 0..3: list[i] == 10 * (i + 1))', true],
    ['all(i in 0..3: list[i] < 30)', false],
    ['any(i in 0..3: list[i] == 30)', true],
    ['any(i in 0..2: list[i] == 30)', false],
    ['all(i in 5..5: Fails())', true],
    ['any(i in 5..5: Fails())', false],
    ['all(i in 2..0: no)', true],
    ['each(i in 0..3: list[2 - i])', [30n, 20n, 10n]],
    ['each(i in 0..0: Fails())', []],
    ['all(i in 0..2: any(j in 0..3: list[j] == 10 + i * 10))', true],
    ['any(i in 0..4: list[i] == 20)', true],
    ['any(i in 0..4: list[i] == 99)', undefined],
    ['all(i in 0..4: list[i] == 99)', false],
    ['all(i in 0..4: list[i] > 0)', undefined],
  ])('%s is %s', (text, expected) => {
    expect(value(text)).toEqual(expected);
  });

  test('a hostile range stops the program instead of running for ever', () => {
    expect(() => value('all(i in 0..top: yes)')).toThrow('a quantifier ranges over at most 65536 numbers');
  });
});

describe('old', () => {
  const after: Scope = { ...scope, variable: (name) => (name === 'one' ? 2n : variables[name]), before: scope };

  test('looks at the state before, with the numbers of quantifiers around it', () => {
    expect(value('old(one)', after)).toBe(1n);
    expect(value('one == old(one) + 1', after)).toBe(true);
    expect(value('all(i in 0..3: list[i] == old(list[i]))', after)).toBe(true);
  });

  test('is our mistake where there is none', () => {
    expect(() => value('old(one)')).toThrow('only where there is a state before');
  });
});

test.each([
  ['1 && yes', 'a condition is true or false'],
  ['!one', 'a condition is true or false'],
  ['yes + 1', 'arithmetic is about integers'],
  ['state < RTT', 'arithmetic is about integers'],
  ['list[yes]', 'arithmetic is about integers'],
  ['one.pc', '.pc is asked of a record'],
  ['one[0]', 'an index is asked of a list'],
  ['Unheard()', 'the vocabulary has Unheard'],
])('a value of the wrong kind is our mistake, not an answer: %s', (text, message) => {
  expect(() => value(text)).toThrow(message);
});
