// `npm run check:long`: what takes too long for every commit. Each step has its own time limit.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRepo } from './repo.ts';
import { exec, execNode, NO_COLOURS, runSteps, selectSteps, StepFailure, type Step } from './steps.ts';
import { snippetsOf } from './snippets.ts';
import { runTool } from './tool.ts';

const USAGE = `
usage: npm run check:long [-- STEP...]

Runs the long steps, or only those that are named: pack (the packed package, installed into an empty folder,
compiles and runs the README's first program), publint, attw, gpt-vectors and determinism (proofs that
judge no time), random (the random runs of the tests, ten times as long). Prints one line a step.
`;

const scratch = mkdtempSync(join(tmpdir(), 'fourworlds-long-'));
let packed: Promise<string> | undefined;

const pack: Step = { name: 'pack', limitSeconds: 240, run: runPackedProgram };

const publint: Step = {
  name: 'publint',
  limitSeconds: 60,
  async run(signal) {
    await execNode([inRepo('node_modules/publint/src/cli.js'), await tarball(), '--strict'], { signal });
  },
};

const attw: Step = {
  name: 'attw',
  limitSeconds: 120,
  async run(signal) {
    const cli = inRepo('node_modules/@arethetypeswrong/cli/dist/index.js');
    await execNode([cli, await tarball(), '--profile', 'esm-only', '--no-emoji'], { signal });
  },
};

/** The random runs of the tests, ten times as long, and every pair of changes to a call of the RMM. */
const random: Step = {
  name: 'random',
  limitSeconds: 900,
  async run(signal) {
    const args = [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=dot',
      'test/memory',
      'test/machine/gpt-vectors.test.ts',
      'test/spec/oracle.test.ts',
      'test/fuzz',
    ];
    await execNode(args, { signal, env: { ...NO_COLOURS, FOURWORLDS_LONG: '10' } });
  },
};

/** Proofs that judge no time. */
const proofs: readonly Step[] = ['gpt-vectors', 'determinism'].map((name) => ({
  name,
  limitSeconds: 300,
  async run(signal) {
    await execNode(['dist/tools/prove.js', name], { signal, env: NO_COLOURS });
  },
}));

const BATCHES: readonly (readonly Step[])[] = [[pack], [publint, attw], proofs, [random]];

await runTool(USAGE, async (names) => {
  try {
    return await runSteps(selectSteps(BATCHES, names));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});

function tarball(): Promise<string> {
  packed ??= exec('npm', ['pack', '--silent', '--pack-destination', scratch]).then((output) => {
    const name = output.trim().split('\n').at(-1) ?? '';
    if (!existsSync(join(scratch, name))) throw new StepFailure(`npm pack made no package:\n${output}`);
    return join(scratch, name);
  });
  return packed;
}

/** What a stranger does first: an empty folder, `npm install`, the program from the README, the command. */
async function runPackedProgram(signal: AbortSignal): Promise<string> {
  const cwd = mkdtempSync(join(scratch, 'consumer-'));
  const { source, remark } = firstProgram();
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  writeFileSync(join(cwd, 'program.ts'), source);
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', await tarball()];
  await exec('npm', install, { cwd, signal });

  // Node's types stand for what a consumer has; the package's own declarations are checked as well.
  cpSync(inRepo('node_modules/@types/node'), join(cwd, 'node_modules/@types/node'), { recursive: true });
  cpSync(inRepo('node_modules/undici-types'), join(cwd, 'node_modules/undici-types'), { recursive: true });
  const compile = [
    '--ignoreConfig',
    '--strict',
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--types',
    'node',
    '--pretty',
    'false',
  ];
  await execNode([inRepo('node_modules/typescript/bin/tsc'), ...compile, 'program.ts'], { cwd, signal });
  await execNode(['program.js'], { cwd, signal });

  if (!existsSync(inRepo('dist/cli/main.js'))) return `${remark}; no command yet`;
  await exec(join(cwd, 'node_modules/.bin/fourworlds'), ['--help'], { cwd, signal });
  return remark;
}

function firstProgram(): { source: string; remark: string } {
  if (!existsSync(inRepo('README.md'))) {
    return {
      source: "import * as fourworlds from 'fourworlds';\nvoid fourworlds;\n",
      remark: 'no README yet: a bare import',
    };
  }
  const program = snippetsOf('README.md', readFileSync(inRepo('README.md'), 'utf8')).find(
    ({ language, code }) => language === 'ts' && code.includes("'fourworlds'"),
  );
  if (program === undefined) throw new StepFailure("README.md has no ```ts run block that imports from 'fourworlds'");
  return { source: program.code, remark: `README.md:${program.line}` };
}
