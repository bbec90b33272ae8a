// The scenarios that ship: each holds, with any seed; and each of its expectations is noticed when it is another one.
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bootMachine } from '../../src/cli/machine-file.ts';
import { readScenario } from '../../src/cli/scenario-file.ts';
import { ScenarioRunner } from '../../src/scenario/runner.ts';
import type { Expected, Scenario, ScenarioReport } from '../../src/scenario/scenario.ts';
import { inRepo } from '../../src/tools/repo.ts';

const folder = inRepo('fixtures/scenarios');
const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

function play(file: string, seed: number, change = (scenario: Scenario): Scenario => scenario): ScenarioReport {
  const { scenario, machine } = readScenario(`${folder}/${file}`);
  const description = { ...machine.description, seed };
  return new ScenarioRunner(change(scenario), (options) => bootMachine({ ...machine, description }, options)).run();
}

const other = (expected: readonly Expected[]): Expected[] => expected.map((one) => ({ ...one, value: 'another' }));

/** The same scenario, with every expectation another one. */
const spoiled = (scenario: Scenario): Scenario => ({
  ...scenario,
  guests: new Map(
    [...scenario.guests].map(([name, guest]) => [name, { ...guest, expected: guest.expected.map(other) }]),
  ),
  steps: scenario.steps.map((step) => ({ ...step, expected: other(step.expected) })),
});

const placesOf = (scenario: Scenario): readonly string[] =>
  [
    ...scenario.steps.flatMap(({ expected }) => expected),
    ...[...scenario.guests.values()].flatMap(({ expected }) => expected.flat()),
  ].map(({ where }) => where);

test('there are sixteen', () => {
  expect(files).toHaveLength(16);
});

describe.each(files)('%s', (file) => {
  test.each([1, 2, 3])('holds with seed %i', (seed) => {
    expect(play(file, seed).failures).toEqual([]);
  });

  test('runs the same way twice', () => {
    expect(play(file, 4)).toEqual(play(file, 4));
  });

  test('every expectation can fail', () => {
    const { failures } = play(file, 1, spoiled);
    const reported = new Set(failures.map(({ where }) => where));
    const places = placesOf(readScenario(`${folder}/${file}`).scenario);
    expect(places.filter((where) => !reported.has(where))).toEqual([]);
    expect(places.length).toBeGreaterThan(1);
  });
});

describe('what nobody expected is a failure', () => {
  test('a refusal', () => {
    const twice = (scenario: Scenario): Scenario => ({
      ...scenario,
      steps: scenario.steps.map((step) =>
        step.deed.verb === 'measure' ? { ...step, deed: scenario.steps[0]!.deed } : step,
      ),
    });
    expect(play('whole-life.yaml', 1, twice).failures).toContainEqual(
      expect.objectContaining({ expected: 'RMI_SUCCESS', found: 'RMI_ERROR_INPUT' }),
    );
  });

  test('a fault, a leak, a finding', () => {
    const silent = (scenario: Scenario): Scenario => ({
      ...scenario,
      steps: scenario.steps.map((step) => ({ ...step, expected: [] })),
    });
    const found = (file: string): readonly string[] => play(file, 1, silent).failures.map(({ what }) => what);
    expect(found('vm-or-realm.yaml')).toContain('read realm a ipa 0x2008: fault');
    expect(found('unwiped-page.yaml')).toEqual(['empty a: leaks']);
    expect(found('stale-tlb.yaml')).toContain('findings: findings');
  });

  test('a guest that does not come to a step of which something is expected', () => {
    const short = (scenario: Scenario): Scenario => ({
      ...scenario,
      steps: scenario.steps.filter(({ deed }) => deed.verb !== 'run'),
    });
    const { failures } = play('shared-memory.yaml', 1, short);
    expect(failures.filter(({ what }) => what === 'sharer[0]')).toMatchObject([{ expected: 'done', found: 'none' }]);
  });
});
