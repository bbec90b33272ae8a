// Prints what a benchmark measured and says whether all of it came out as wanted.
import { type Result, isAsWanted, toTable } from '../../bench/measure.ts';

export function judge(measures: string, result: Result | readonly Result[]): boolean {
  const results = 'title' in result ? [result] : result;
  console.log(`  ${measures}\n`);
  for (const each of results) console.log(`${toTable(each)}\n`);
  return isAsWanted(results);
}
