import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { execNode, runSteps, selectSteps, type Step } from '../../src/tools/steps.ts';

let lines: string[] = [];
beforeEach(() => {
  lines = [];
  vi.spyOn(console, 'log').mockImplementation((text: string) => void lines.push(text));
});
afterEach(() => vi.restoreAllMocks());

const step = (name: string, code: string, limitSeconds = 10): Step => ({
  name,
  limitSeconds,
  run: async (signal) => void (await execNode(['-e', code], { signal })),
});

test('prints a line a step, the output of failed ones, and the count', async () => {
  const code = await runSteps([
    [step('good', 'console.log("quiet")')],
    [step('bad', 'console.log("loud"); process.exit(3)')],
  ]);
  expect(code).toBe(1);
  expect(lines.join('\n')).toMatch(
    /^good +\d\.\d s {2}ok\nbad +\d\.\d s {2}FAILED\n {4}loud\n[^]*exit code 3\n\n1 passed, 1 failed$/,
  );
});

test('a step over its limit is stopped with what it started', async () => {
  const sleeper = 'require("node:child_process").execSync("sleep 60")';
  expect(await runSteps([[step('slow', sleeper, 0.3)]])).toBe(1);
  expect(lines.join('\n')).toContain('FAILED (over its limit of 0.3 s)');
});

test('no step at all is no success', async () => {
  expect(await runSteps([])).toBe(1);
});

test('steps are chosen by name, and a wrong name lists the right ones', () => {
  const batches = [[step('a', ''), step('b', '')], [step('c', '')]];
  expect(selectSteps(batches, ['c', 'a']).map((batch) => batch.map(({ name }) => name))).toEqual([['a'], ['c']]);
  expect(() => selectSteps(batches, ['d'])).toThrow("no step 'd'. There are: a, b, c");
});
