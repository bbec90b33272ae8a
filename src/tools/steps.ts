// Runs named steps with a time limit each and prints one line a step, and the output of those that failed.
import { spawn, type ChildProcess } from 'node:child_process';
import { ROOT } from './repo.ts';

export interface Step {
  readonly name: string;
  readonly limitSeconds: number;
  /** Resolves with nothing or a short remark; rejects with a `StepFailure` that holds the output. */
  run(signal: AbortSignal): Promise<string | void>;
}

/** What a failed step has to say: shown as it is. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
}

export interface ExecOptions {
  readonly cwd?: string;
  /** Added to our own environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** Output that is compared or indented has no colours, whatever the person's terminal likes. */
export const NO_COLOURS = { NO_COLOR: '1', FORCE_COLOR: undefined } as const;

const running = new Set<ChildProcess>();

/** Runs a program and resolves with what it printed on stdout; anything but exit code 0 is a `StepFailure` with all it said. */
export function exec(program: string, args: readonly string[], options: ExecOptions = {}): Promise<string> {
  const { cwd = ROOT, env = {}, signal } = options;
  return new Promise((resolve, reject) => {
    // Its own process group, so that a time limit also ends what the program started.
    const child = spawn(program, [...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(child);
    let stdout = '';
    let everything = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      everything += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      everything += chunk;
    });
    const stop = (): void => killGroup(child);
    signal?.addEventListener('abort', stop, { once: true });
    child.on('error', (error) => reject(new StepFailure(`${program}: ${error.message}`)));
    child.on('close', (code, by) => {
      running.delete(child);
      signal?.removeEventListener('abort', stop);
      if (code === 0) resolve(stdout);
      else reject(new StepFailure(`${everything}\n${program} ${args.join(' ')}: ${by ?? `exit code ${code}`}`));
    });
  });
}

/** Runs a JavaScript file with this Node. */
export function execNode(args: readonly string[], options: ExecOptions = {}): Promise<string> {
  return exec(process.execPath, args, options);
}

/** Runs the steps of each batch side by side, the batches one after another. Returns the exit code. */
export async function runSteps(batches: readonly (readonly Step[])[]): Promise<number> {
  stopChildrenOnSignals();
  let passed = 0;
  let failed = 0;
  for (const batch of batches) {
    await Promise.all(
      batch.map(async (step) => {
        if (await runStep(step)) passed += 1;
        else failed += 1;
      }),
    );
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** Keeps the batches' order and those steps whose names are wanted; no names means all. */
export function selectSteps(batches: readonly (readonly Step[])[], names: readonly string[]): readonly Step[][] {
  const known = batches.flat().map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new StepFailure(`no step '${unknown}'. There are: ${known.join(', ')}`);
  return batches.map((batch) => batch.filter(({ name }) => names.length === 0 || names.includes(name)));
}

async function runStep({ name, limitSeconds, run }: Step): Promise<boolean> {
  const started = performance.now();
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), limitSeconds * 1000);
  const line = (verdict: string): string => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    return `${name.padEnd(14)}${seconds.padStart(7)} s  ${verdict}`;
  };
  try {
    const remark = await run(abort.signal);
    console.log(line(remark ? `ok (${remark})` : 'ok'));
    return true;
  } catch (error) {
    const reason = abort.signal.aborted ? ` (over its limit of ${limitSeconds} s)` : '';
    console.log(`${line(`FAILED${reason}`)}\n${indent(describe(error))}`);
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function describe(error: unknown): string {
  if (error instanceof StepFailure) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function indent(text: string): string {
  return text
    .trim()
    .split('\n')
    .map((line) => `    ${line}`.trimEnd())
    .join('\n');
}

function stopChildrenOnSignals(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      for (const child of running) killGroup(child);
      process.exit(code);
    });
  }
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
