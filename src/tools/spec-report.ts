// `npm run spec:report`: what specs/rmm-1.0/ holds, whether all of it can be evaluated, and how it differs from another
// list of the same commands. Each comparison is one function that returns differences.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Vocabulary } from '../spec/vocabulary.ts';
import { checkExpressions, readSpecification, type CheckedExpression, type Part } from './spec-files.ts';
import { differences, parseCommandList, type CommandList, type Difference } from './spec-compare.ts';
import { implementedCommands, rowDifferences, rowKinds } from './spec-rows.ts';
import { inRepo } from './repo.ts';
import { runTool } from './tool.ts';
import { StepFailure } from './steps.ts';
import type { CommandSpec } from '../spec/specification.ts';

const USAGE = `
usage: npm run spec:report [-- --against FILE]

Counts commands, failure rows, ordered pairs and conditions of specs/rmm-1.0/, checks every expression, and compares the rows with
the tables of the RMM; exit code 1 when something cannot be evaluated or differs.
  --against FILE   list the differences from a JSON file with the same commands; exit code 1 when one of them is not
                   named in docs/decisions/rmm-1.0-where-the-sources-disagree.md
`;

const DECISIONS = 'docs/decisions/rmm-1.0-where-the-sources-disagree.md';
const PARTS: readonly (readonly [Part, string])[] = [
  ['pre', 'failure conditions'],
  ['index', 'indices'],
  ['context', 'context values'],
  ['restart', 'restart conditions'],
  ['success', 'success conditions'],
  ['onFailure', 'outputs of failures'],
  ['footprint', 'footprint entries'],
];

await runTool(USAGE, async (args) => {
  const { values } = parseArgs({ args, options: { against: { type: 'string' } } });
  const specification = readSpecification();
  const { commands } = specification;
  const vocabulary = new Vocabulary(specification);
  const expressions = commands.flatMap((command) => checkExpressions(command, vocabulary));

  reportCounts('specs/rmm-1.0', commands);
  const problems = reportExpressions(expressions) + reportRows(commands);
  const unnamed = values.against === undefined ? 0 : reportDifferences(values.against, commands);
  return problems + unnamed === 0 ? 0 : 1;
});

function reportCounts(title: string, commands: CommandList): void {
  const rows = commands.flatMap(({ failure }) => failure);
  const pairs = commands.reduce((sum, { order }) => sum + order.length, 0);
  console.log(title);
  line('commands', `${commands.length}`);
  line('failure rows', `${rows.length} (${rows.filter(({ informal }) => informal).length} marked informal)`);
  line('ordered pairs', `${pairs}`);
}

/** Returns how many cannot be evaluated. */
function reportExpressions(expressions: readonly CheckedExpression[]): number {
  for (const [wanted, title] of PARTS) {
    const all = expressions.filter(({ part }) => part === wanted);
    const bad = all.filter(({ problem }) => problem !== undefined).length;
    line(title, `${all.length - bad} of ${all.length} can be evaluated, ${bad} prose only`);
  }
  const bad = expressions.filter(({ problem }) => problem !== undefined);
  for (const { command, where, problem, text } of bad) console.log(`  ${command} ${where}: ${problem}\n    ${text}`);
  return bad.length;
}

/** Returns in how many places the RMM's tables differ. */
function reportRows(commands: readonly CommandSpec[]): number {
  const found = rowDifferences(commands, implementedCommands);
  const rows = implementedCommands.reduce((sum, { failures }) => sum + failures.length, 0);
  const counts = rowKinds.map((kind) => `${found.filter((each) => each.kind === kind).length} ${kind}`);
  console.log('');
  console.log('src/rmm against specs/rmm-1.0');
  line('commands', `${implementedCommands.length}`);
  line('failure rows', `${rows}`);
  line('differences', counts.join(', '));
  for (const { command, kind, detail } of found) console.log(`  ${command} ${kind}: ${detail}`);
  return found.length;
}

/** Returns how many differences the decisions do not name. */
function reportDifferences(path: string, ours: readonly CommandSpec[]): number {
  const theirs = parseCommandList(read(path));
  console.log('');
  reportCounts(path, theirs);
  const found = differences(ours, theirs);
  const decisions = readFileSync(inRepo(DECISIONS), 'utf8').split('\n');
  const unnamed = found.filter((difference) => !isNamed(difference, decisions));
  line('differences', `${found.length}, ${found.length - unnamed.length} of them named in ${DECISIONS}`);
  for (const difference of found) {
    const { command, where, here, there } = difference;
    const remark = unnamed.includes(difference) ? 'no decision' : 'decided';
    console.log(`  ${command} ${where}: ${here} here, ${there} there (${remark})`);
  }
  return unnamed.length;
}

/** A decision names a difference when one line has the command and the row or register. */
function isNamed({ command, subject }: Difference, decisions: readonly string[]): boolean {
  const words = (text: string): readonly string[] => text.split(/[^A-Za-z0-9_]+/);
  return decisions.map(words).some((line) => line.includes(command) && line.includes(subject));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new StepFailure(`--against ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function line(title: string, text: string): void {
  console.log(`  ${title.padEnd(21)}${text}`);
}
