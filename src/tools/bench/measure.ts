// Compares contenders in one run: interleaved rounds, the median of each, and its ratio to a yardstick beside it.
// Absolute numbers of a shared machine mean little; the ratio of two medians from the same minutes means something.
import { availableParallelism, cpus } from 'node:os';

export interface Contender {
  readonly name: string;
  /** One measurement: how many units of work a second. See `timed` for work that runs in this process. */
  rate(): number | Promise<number>;
}

export interface ComparisonSpec {
  readonly title: string;
  /** What is counted, such as 'checks' or 'tokens'. */
  readonly unit: string;
  readonly contenders: readonly Contender[];
  /** The contender that the others are compared with; the first one when left out. */
  readonly yardstick?: string;
  readonly rounds?: number;
}

export interface Measured {
  readonly name: string;
  readonly medianRate: number;
  readonly minRate: number;
  readonly maxRate: number;
  readonly ratio: number;
}

export interface Comparison {
  readonly title: string;
  readonly unit: string;
  readonly yardstick: string;
  readonly rounds: number;
  readonly results: readonly Measured[];
}

/** Measures every contender once a round, in turn, so that a slow minute hits all of them. */
export async function compare(spec: ComparisonSpec): Promise<Comparison> {
  const { title, unit, contenders, rounds = 5, yardstick = contenders[0]?.name } = spec;
  const rates = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  if (yardstick === undefined || !rates.has(yardstick)) throw new Error(`${title}: no contender '${yardstick}'`);

  for (let round = 0; round < rounds; round += 1) {
    // Every other round runs backwards: nobody always comes after the same neighbour.
    for (const { name, rate } of round % 2 === 0 ? contenders : contenders.toReversed()) {
      rates.get(name)?.push(await rate());
    }
  }

  const yardstickRate = median(rates.get(yardstick) ?? []);
  const results = [...rates].map(([name, all]) => ({
    name,
    medianRate: median(all),
    minRate: Math.min(...all),
    maxRate: Math.max(...all),
    ratio: median(all) / yardstickRate,
  }));
  return { title, unit, yardstick, rounds, results };
}

/** The rate of work in this process: `work` does some units and returns how many; it repeats until `seconds` are over. */
export function timed(work: () => number, seconds = 0.5): () => number {
  return () => {
    const started = performance.now();
    let units = 0;
    let elapsedMs = 0;
    do {
      units += work();
      elapsedMs = performance.now() - started;
    } while (elapsedMs < seconds * 1000);
    return (units * 1000) / elapsedMs;
  };
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Fixed columns, one contender a line. */
export function toTable({ title, unit, yardstick, rounds, results }: Comparison): string {
  const header = ['', `${unit}/s`, 'lowest', 'highest', `ratio to ${yardstick}`];
  const rows = results.map(({ name, medianRate, minRate, maxRate, ratio }) => [
    name,
    toCount(medianRate),
    toCount(minRate),
    toCount(maxRate),
    ratio.toFixed(3),
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)));
  const lines = [header, ...rows].map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [`${title} (median of ${rounds})`, ...lines].join('\n');
}

/** One document for scripts, with what is needed to judge the numbers. */
export function toJson(name: string, comparisons: readonly Comparison[]): string {
  const host = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism() };
  return JSON.stringify({ schema: 'fourworlds/bench/1', name, host, comparisons }, undefined, 2);
}

function toCount(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}
