// `npm run check`: what every commit must pass, in about a minute on two cores.
import { runTool } from './tool.ts';
import { execNode, NO_COLOURS, runSteps, selectSteps, type Step } from './steps.ts';

const USAGE = `
usage: npm run check [-- STEP...]

Runs types, unused, lint, format, generated, tests; or only the steps that are named. Prints one line a step and
the output of those that failed.
`;

const types = step('types', 60, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--pretty', 'false']);
const lint = step('lint', 60, ['node_modules/oxlint/bin/oxlint', '--deny-warnings']);
const format = step('format', 60, [
  'node_modules/prettier/bin/prettier.cjs',
  '--check',
  '--log-level=warn',
  'src',
  'test',
  '*.ts',
]);
const generated = step('generated', 60, ['dist/tools/gen.js', '--check']);
const unused = step('unused', 60, ['node_modules/knip/bin/knip.js', '--no-progress']);
const tests = step('tests', 300, ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot']);

// vitest fills both cores by itself.
const BATCHES = [[types, unused], [lint, format], [generated], [tests]];

await runTool(USAGE, (names) => runSteps(selectSteps(BATCHES, names)));

function step(name: string, limitSeconds: number, argv: readonly string[]): Step {
  return {
    name,
    limitSeconds,
    async run(signal) {
      await execNode(argv, { signal, env: NO_COLOURS });
    },
  };
}
