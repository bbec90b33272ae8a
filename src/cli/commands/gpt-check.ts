// `gpt check`: files of vectors through the code that the machine runs. Nothing is printed as a result, and no file
// written, unless every line of every file was a vector.

import { writeFileSync } from 'node:fs';
import { InputError } from '../../base/input-error.ts';
import { type VectorResult, VectorRunner } from '../../machine/gpt-vectors.ts';
import type { Context } from '../context.ts';
import { errorLines } from '../error-report.ts';
import { UsageError, exitOf, fileError } from '../errors.ts';
import { Exit } from '../exit-code.ts';
import { table } from '../text.ts';
import { linesOf } from '../vector-files.ts';

export type GptCheckOptions = {
  readonly form: 'text' | 'json' | 'jsonl';
  /** File for the answers to all vectors. */
  readonly results: string | undefined;
};

/** A vector that the machine answers otherwise. */
type Mismatch = { readonly file: string } & Pick<VectorResult, 'id' | 'tag' | 'expected' | 'got'>;
type Tally = { passed: number; failed: number };
type FileReport = { readonly file: string; readonly tally: Tally; readonly mismatches: readonly Mismatch[] };

/** Mismatches that a person is shown. */
const SHOWN = 5;

export async function gptCheck(context: Context, files: readonly string[], options: GptCheckOptions): Promise<Exit> {
  if (options.results === '-')
    throw new UsageError({ code: 'USAGE_BAD_VALUE', where: '--results', expected: 'FILE', found: '-' });
  if (files.filter((file) => file === '-').length > 1)
    throw new UsageError({ code: 'USAGE_BAD_VALUE', where: 'FILE', expected: '1 x -', found: files.join(' ') });
  const runner = new VectorRunner();
  const tags = new Map<string, Tally>();
  const reports: FileReport[] = [];
  const errors: InputError[] = [];
  const answers: string[] | undefined = options.results === undefined ? undefined : [];
  for (const file of files) {
    try {
      reports.push(await checkFile(context, runner, file, tags, answers));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      errors.push(error);
    }
  }
  if (errors.length > 0) {
    for (const error of errors) for (const line of errorLines(context, error)) context.out.error(line);
    return Math.max(...errors.map(exitOf)) as Exit;
  }
  if (options.results !== undefined && answers !== undefined) writeAnswers(options.results, answers);
  print(context, reports, tags, options);
  if (options.results !== undefined && answers !== undefined)
    context.out.note(context.say('gpt.check.written', { count: answers.length, file: options.results }));
  return reports.some(({ tally }) => tally.failed > 0) ? Exit.No : Exit.Yes;
}

async function checkFile(
  { stdin }: Context,
  runner: VectorRunner,
  file: string,
  tags: Map<string, Tally>,
  answers: string[] | undefined,
): Promise<FileReport> {
  const tally: Tally = { passed: 0, failed: 0 };
  const mismatches: Mismatch[] = [];
  for await (const lines of linesOf(file, stdin)) {
    for (const [text, number] of lines) {
      // An empty line separates nothing and says nothing.
      if (text.trim() === '') continue;
      const { id, tag, pass, expected, got } = runner.run(text, `${file}:${number}`);
      const ofTag = tags.get(tag) ?? { passed: 0, failed: 0 };
      tags.set(tag, ofTag);
      for (const counts of [tally, ofTag]) counts[pass ? 'passed' : 'failed']++;
      if (!pass) mismatches.push({ file, id, tag, expected, got });
      answers?.push(`${JSON.stringify({ file, id, got })}\n`);
    }
  }
  if (tally.passed + tally.failed === 0) throw new InputError({ code: 'VECTOR_NONE', where: file });
  return { file, tally, mismatches };
}

function writeAnswers(file: string, answers: readonly string[]): void {
  try {
    writeFileSync(file, answers.join(''));
  } catch (error) {
    throw fileError(error, file);
  }
}

function print(
  context: Context,
  reports: readonly FileReport[],
  tags: ReadonlyMap<string, Tally>,
  { form }: GptCheckOptions,
): void {
  const { out } = context;
  const mismatches = reports.flatMap((report) => report.mismatches);
  const sum = (count: (tally: Tally) => number): number =>
    reports.reduce((total, { tally }) => total + count(tally), 0);
  const totals = { total: sum((t) => t.passed + t.failed), passed: sum((t) => t.passed), failed: sum((t) => t.failed) };
  switch (form) {
    case 'json':
      out.json({ schema: SCHEMA, ...totals, mismatches });
      return;
    case 'jsonl':
      for (const { file, tally, mismatches: own } of reports)
        out.jsonLine({ schema: SCHEMA, file, total: tally.passed + tally.failed, ...tally, mismatches: own });
      return;
    case 'text':
      printText(context, totals, tags, mismatches);
  }
}

const SCHEMA = 'fourworlds/gpt-check/1';

function printText(
  { out, say, isVerbose }: Context,
  totals: { readonly total: number; readonly passed: number; readonly failed: number },
  tags: ReadonlyMap<string, Tally>,
  mismatches: readonly Mismatch[],
): void {
  const rows = [...tags].sort(([a], [b]) => (a < b ? -1 : 1));
  const columns = [say('gpt.check.tag'), say('gpt.check.passed'), say('gpt.check.failed')];
  const number = (value: number, column: number): string => String(value).padStart((columns[column] ?? '').length);
  for (const line of table([
    columns,
    ...rows.map(([tag, { passed, failed }]) => [
      tag,
      number(passed, 1),
      failed === 0 ? number(0, 2) : out.paint('red', number(failed, 2)),
    ]),
  ]))
    out.line(`  ${line}`);
  out.line();
  if (mismatches.length > 0) {
    out.line(out.paint('bold', `${say('gpt.check.mismatches')}:`));
    const shown = isVerbose ? mismatches : mismatches.slice(0, SHOWN);
    for (const mismatch of shown) printMismatch({ out, say }, mismatch);
    if (shown.length < mismatches.length)
      out.line(`  ${say('gpt.check.more', { count: mismatches.length - shown.length })}`);
    out.line();
  }
  const isGood = totals.failed === 0;
  out.line(out.paint(isGood ? 'green' : 'red', say(isGood ? 'gpt.check.ok' : 'gpt.check.bad', totals)));
}

function printMismatch({ out, say }: Pick<Context, 'out' | 'say'>, mismatch: Mismatch): void {
  const { file, id, tag, expected, got } = mismatch;
  const { fetch, ...answer } = got;
  out.line(`  ${say('gpt.check.vector', { file, id, tag })}`);
  const rows = [
    [say('error.expected'), JSON.stringify(expected)],
    [say('error.found'), JSON.stringify(answer)],
    ...(Array.isArray(fetch) ? [[say('gpt.check.fetches'), fetch.join(' ')]] : []),
  ];
  for (const line of table(rows)) out.line(`    ${line}`);
}
