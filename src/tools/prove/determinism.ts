// One seed, one trace: in two processes, byte for byte. Another seed gives another one, so that equality means something.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const shows = 'two runs with one seed, in two processes, give byte-identical traces over 100,000 steps';

const CHILD = fileURLToPath(new URL('./support/traced-run.js', import.meta.url));
const STEPS = 100_000;

type Run = { readonly trace: Buffer; readonly end: string; readonly on: number };

export function run([steps = String(STEPS)]: readonly string[]): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'fourworlds-prove-'));
  try {
    const traced = (name: string, seed: number): Run => {
      const file = join(folder, name);
      const printed = execFileSync(process.execPath, [CHILD, String(seed), steps, file], { encoding: 'utf8' });
      const { end, on } = JSON.parse(printed) as Omit<Run, 'trace'>;
      const trace = readFileSync(file);
      const lines = trace.reduce((count, byte) => (byte === 0x0a ? count + 1 : count), 0);
      console.log(
        `  ${name}, seed ${seed}: ${lines.toLocaleString('en-US')} events, ${trace.length} bytes, ${on} PEs on, ${end}`,
      );
      return { trace, end, on };
    };
    const first = traced('first', 1);
    const second = traced('second', 1);
    const other = traced('other', 2);
    return (
      first.end === 'steps' && first.on > 1 && first.trace.equals(second.trace) && !first.trace.equals(other.trace)
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
