// Every expression of specs/rmm-1.0/ uses known names, functions, fields and enumerators; what passes this check is then
// evaluated with values of the right types, drawn at random, and must never meet one of the wrong kind.
import { describe, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { parseCondition } from '../../src/spec/condition.ts';
import { evaluate, type Scope, type Value } from '../../src/spec/evaluate.ts';
import { pureFunctions } from '../../src/spec/functions.ts';
import type { CommandSpec } from '../../src/spec/specification.ts';
import { Vocabulary } from '../../src/spec/vocabulary.ts';
import { checkExpressions, readSpecification } from '../../src/tools/spec-files.ts';

const specification = readSpecification();
const { commands, types } = specification;
const vocabulary = new Vocabulary(specification);
const functions = specification.vocabulary.functions;
const named = commands.map((command) => [command.name, command] as const);

/** A value of a type of types.json or vocabulary.json; now and then nothing, and reserved encodings. */
function draw(prng: Prng, type: string): Value {
  if (prng.below(12) === 0) return undefined;
  const item = /^List<(.+)>$/.exec(type)?.[1];
  if (item !== undefined) return Array.from({ length: prng.below(12) }, () => draw(prng, item));
  const enumeration = types.enumerations.find(({ name }) => name === type);
  if (type === 'Bool' || enumeration?.boolean) return prng.below(2) === 0;
  if (enumeration !== undefined) {
    const { values } = enumeration;
    return prng.below(8) === 0 ? 99n : values[prng.below(values.length)]?.name;
  }
  if (type === 'Bytes' || type === 'Bits512') return `bytes ${prng.below(3)}`;

  const bitfield = types.bitfields.find(({ name, conditions }) => name === type && conditions === 'record');
  const structure = types.structures.find(({ name }) => name === type);
  const fields =
    bitfield?.fields ?? structure?.fields ?? specification.vocabulary.records.find(({ name }) => name === type)?.fields;
  if (fields === undefined) return BigInt(prng.below(24) - 2);
  const drawn = fields.map((field) => {
    const isMany = 'count' in field && field.count !== undefined;
    return [field.name, draw(prng, isMany ? `List<${field.type}>` : field.type)] as const;
  });
  return { ...Object.fromEntries(drawn), value: draw(prng, 'Int'), unused_is_zero: draw(prng, 'Bool') };
}

function drawnScope(prng: Prng, { input, output, context, after = [] }: CommandSpec, before?: Scope): Scope {
  const fixed = new Map([...input, ...output].map(({ name, type }) => [name, draw(prng, type)]));
  const expressions = new Map([...context, ...after].map(({ name, value }) => [name, parseCondition(value)]));
  const scope: Scope = {
    functions: Object.fromEntries(functions.map(({ name, result }) => [name, () => draw(prng, result)])),
    variable(name) {
      const expression = expressions.get(name);
      return expression === undefined ? fixed.get(name) : evaluate(expression, scope);
    },
    ...(before === undefined ? {} : { before }),
  };
  return scope;
}

describe.each(named)('%s', (_, command) => {
  test('uses known names, functions with their arguments, fields and enumerators', () => {
    expect(checkExpressions(command, vocabulary).filter(({ problem }) => problem !== undefined)).toEqual([]);
  });

  test('is evaluated without a value of the wrong kind (seed 1 to 40)', () => {
    const texts = [
      ...command.failure.flatMap(({ pre, index }) => [pre, ...(index === undefined ? [] : [index])]),
      ...(command.restart ?? []).map(({ pre }) => pre),
      ...[...command.success, ...(command.onFailure ?? [])].map(({ post }) => post),
      ...command.footprint,
    ].map(parseCondition);
    for (let seed = 1; seed <= 40; seed++) {
      const prng = new Prng(seed);
      const scope = drawnScope(prng, command, drawnScope(prng, command));
      for (const expression of texts) expect(() => evaluate(expression, scope)).not.toThrow();
    }
  });
});

describe('a mistake in an expression is found', () => {
  const [command] = commands.filter(({ name }) => name === 'RMI_RTT_CREATE') as [CommandSpec];
  const pre = (text: string): CommandSpec => ({
    ...command,
    failure: [{ id: 'planted', pre: text, post: 'RMI_ERROR_RTT' }],
  });
  const problemsOf = (planted: CommandSpec): readonly string[] =>
    checkExpressions(planted, vocabulary).flatMap(({ problem }) => problem ?? []);

  test.each([
    [
      'a function that is not there',
      'PaIsDelegatable(rd)',
      'expected a function of the vocabulary, found PaIsDelegatable',
    ],
    ['too few arguments', 'AddrIsAligned(rd)', 'expected 2 arguments, found 1'],
    ['an argument of another type', 'AddrIsProtected(ipa, rd)', 'expected Realm, found Int'],
    ['a name that is not there', 'rdd == 0', 'expected a known name, found rdd'],
    ['an output where there is none yet', 'result.status == RMI_SUCCESS', 'expected a known name, found result'],
    ['a field that is not there', 'realm.num_rec > 0', 'expected a field of Realm, found num_rec'],
    [
      'an enumerator that is not there',
      'Granule(rtt).state != DELEGATE',
      'expected a known enumerator, found DELEGATE',
    ],
    ['an enumerator of another type', 'Granule(rtt).state != UNASSIGNED', 'expected UNDELEGATED | DELEGATED'],
    ['an enumerator of another type in a set', 'walk.rtte.state in {TABLE, EMPTY}', 'found EMPTY'],
    ['a number that is no condition', 'walk.level', 'expected Bool, found Int'],
    ['arithmetic with a state', 'walk.rtte.state + 1 == 0', 'expected Int'],
    ['looking back where nothing was before', 'old(realm.num_recs) == 0', 'expected a state before, found old'],
    ['an index into no list', 'realm.vmid[0] == 0', 'expected a list, found Int'],
    ['a quantifier that hides a name', 'all(rd in 0..1: true)', 'expected a new name, found rd'],
    ['a syntax error', 'rd ==', 'CONDITION_SYNTAX at column 6'],
  ])('%s', (_, text, message) => {
    expect(problemsOf(pre(text))).toEqual([expect.stringContaining(message)]);
  });

  test('prose', () => {
    expect(problemsOf(pre('rd is not a multiple of 4096'))).toHaveLength(1);
  });

  test('a footprint that is no location', () => {
    const planted = { ...command, footprint: ['realm.num_recs', 'EntrySize(level)', 'Realm(rd).num_recs'] };
    expect(problemsOf(planted)).toHaveLength(2);
  });
});

test('every function and every pure one is there once, and each is used', () => {
  const names = functions.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  expect(Object.keys(pureFunctions).sort()).toEqual(
    functions
      .filter(({ pure }) => pure)
      .map(({ name }) => name)
      .sort(),
  );
  const text = JSON.stringify(commands);
  expect(names.filter((name) => !text.includes(`${name}(`))).toEqual([]);
});
