// `npm run bench -- NAME`: one benchmark. Each file of src/tools/bench/ is one, except measure.ts, their helper.
import { parseArgs } from 'node:util';
import { registryEntry, registryNames, runTool } from './tool.ts';
import { toJson, toTable, type Result } from './bench/measure.ts';

const USAGE = `
usage: npm run bench -- NAME [--json] [--rounds N]
       npm run bench -- --list

Runs the contenders of one benchmark in interleaved rounds and prints the median rate of each, its spread,
and its ratio to the yardstick of the same run.
  --json       print one JSON document
  --rounds N   rounds instead of five
`;

/** What a module in src/tools/bench/ exports. */
export interface Benchmark {
  /** What is measured, in one sentence. */
  readonly measures: string;
  run(options: { readonly rounds: number }): Promise<Result | readonly Result[]>;
}

await runTool(USAGE, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
    },
  });
  const known = registryNames('bench', ['measure']);
  const name = positionals[0];
  if (values.list || name === undefined) {
    if (known.length === 0) console.log('no benchmarks yet: add a file to src/tools/bench/');
    for (const each of known) {
      console.log(`${each.padEnd(24)} ${(await registryEntry<Benchmark>('bench', each, known)).measures}`);
    }
    return 0;
  }
  const rounds = Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    console.error(`--rounds wants a number of at least 1, not '${values.rounds}'`);
    return 2;
  }
  const { run } = await registryEntry<Benchmark>('bench', name, known);
  const result = await run({ rounds });
  const results = 'title' in result ? [result] : result;
  console.log(values.json ? toJson(name, results) : results.map(toTable).join('\n\n'));
  return 0;
});
