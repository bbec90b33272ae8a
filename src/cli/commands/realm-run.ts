// `realm run`: plays a scenario and says which expectations hold. Nothing is run of a file that cannot be read as a whole.

import { hex } from '../../base/hex.ts';
import { ScenarioRunner } from '../../scenario/runner.ts';
import type { Fact, ScenarioReport, StepReport } from '../../scenario/scenario.ts';
import type { Context } from '../context.ts';
import { Exit } from '../exit-code.ts';
import { bootMachine } from '../machine-file.ts';
import { readScenario } from '../scenario-file.ts';
import { table } from '../text.ts';

export type RealmRunOptions = { readonly trace: boolean; readonly json: boolean; readonly seed: number | undefined };

export function realmRun(context: Context, file: string, { trace, json, seed }: RealmRunOptions): Exit {
  const { out } = context;
  const { scenario, machine } = readScenario(file);
  const description = seed === undefined ? machine.description : { ...machine.description, seed };
  const runner = new ScenarioRunner(scenario, (options) => bootMachine({ ...machine, description }, options));
  const report = runner.run();
  if (json) {
    const steps = report.steps.map(({ trace: lines, ...step }) => (trace ? { ...step, trace: lines } : step));
    out.json({
      schema: 'fourworlds/realm-run/1',
      file,
      machine: description.name,
      seed: description.seed,
      ...report,
      steps,
    });
  } else {
    print(context, report, trace);
  }
  return report.isGood ? Exit.Yes : Exit.No;
}

function print({ out, say }: Context, report: ScenarioReport, trace: boolean): void {
  const { name, steps, failures, expectations } = report;
  out.line(out.paint('bold', name));
  const width = Math.min(44, Math.max(...steps.map(({ title }) => title.length)));
  for (const [i, step] of steps.entries()) {
    if (trace) for (const line of step.trace) out.line(out.paint('dim', `      ${line}`));
    const isGood = step.failures.length === 0;
    const number = String(i + 1).padStart(3);
    out.line(`${number} ${out.paint(isGood ? 'green' : 'red', isGood ? '+' : '-')} ${rowOf(step, width)}`.trimEnd());
  }
  out.line();
  for (const { where, what, expected, found } of failures) {
    out.line(out.paint('red', `${where}: ${what}`));
    const rows = [
      [say('error.expected'), factText(expected)],
      [say('error.found'), factText(found)],
    ];
    for (const line of table(rows)) out.line(`  ${line}`);
  }
  const counts = { steps: steps.length, expectations, failed: failures.length };
  const isGood = failures.length === 0;
  out.line(out.paint(isGood ? 'green' : 'red', say(isGood ? 'realm.run.ok' : 'realm.run.bad', counts)));
}

function rowOf({ title, facts }: StepReport, width: number): string {
  const shown = Object.entries(facts).filter(([key, value]) => !isDull(key, value));
  return `${title.padEnd(width)}  ${shown.map(([key, value]) => `${key} ${factText(value)}`).join(', ')}`;
}

/** Zero registers and measurements say nothing, nor does a list of nothing. */
const isDull = (key: string, value: Fact): boolean =>
  value === '' || (/^gpr[0-9]$/.test(key) && value === 0n) || (key.startsWith('rem') && /^0*$/.test(String(value)));

const factText = (value: Fact): string =>
  typeof value === 'bigint' ? hex(value) : typeof value === 'number' && value > 4095 ? hex(value) : String(value);
