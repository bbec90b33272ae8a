import { randomCalls } from '../../fuzz/random-calls.ts';

export const shows =
  'ten million random calls with hostile arguments: no exception, no assertion, no state outside the tables, no violation';

const CALLS = 10_000_000;

/** Arguments: number of calls, seed. */
export function run([calls = String(CALLS), seed = '1']: readonly string[]): boolean {
  const report = randomCalls({ seed: Number(seed), calls: Number(calls), judgeEvery: 500, period: 500 });
  const { violations, problems, ...counts } = report;
  for (const [what, count] of Object.entries(counts))
    console.log(`  ${what.padEnd(10)} ${count.toLocaleString('en-US')}`);
  for (const problem of problems) console.log(`  ${problem}`);
  for (const violation of violations) console.log(`  ${JSON.stringify(violation)}`);
  return problems.length === 0 && violations.length === 0 && counts.calls === Number(calls);
}
