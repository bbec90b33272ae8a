// Compares contenders in one run: interleaved rounds, the median of each, and its ratio to a yardstick beside it.
// Absolute numbers of a shared machine mean little; the ratio of two medians from the same minutes means something.
import { availableParallelism, cpus } from 'node:os';

export interface Contender {
  readonly name: string;
  /** One measurement: how many units of work a second. See `timed` for work that runs in this process. */
  rate(): number | Promise<number>;
  /** The ratio to the yardstick that is wanted, at least. */
  readonly want?: number;
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
  readonly want?: number;
}

export interface Comparison {
  readonly title: string;
  readonly unit: string;
  readonly yardstick: string;
  readonly rounds: number;
  readonly results: readonly Measured[];
}

/** Measurements that have no contender: times and sizes, each beside the limit that is wanted. */
export interface Figures {
  readonly title: string;
  readonly figures: readonly Figure[];
}

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
  /** Limits for the median. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

export type Result = Comparison | Figures;

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
  const results = contenders.map(({ name, want }) => {
    const all = rates.get(name) ?? [];
    return {
      name,
      medianRate: median(all),
      minRate: Math.min(...all),
      maxRate: Math.max(...all),
      ratio: median(all) / yardstickRate,
      ...(want === undefined ? {} : { want }),
    };
  });
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

/** Whether everything came out as wanted. */
export function isAsWanted(results: readonly Result[]): boolean {
  return results.every((result) =>
    'figures' in result
      ? result.figures.every(isFigureMet)
      : result.results.every(({ ratio, want }) => want === undefined || ratio >= want),
  );
}

/** Fixed columns, one contender or figure a line. */
export function toTable(result: Result): string {
  return 'figures' in result ? figuresTable(result) : comparisonTable(result);
}

function comparisonTable({ title, unit, yardstick, rounds, results }: Comparison): string {
  const isWanting = results.some(({ want }) => want !== undefined);
  const header = ['', `${unit}/s`, 'lowest', 'highest', `ratio to ${yardstick}`, ...(isWanting ? ['wanted', ''] : [])];
  const rows = results.map(({ name, medianRate, minRate, maxRate, ratio, want }) => [
    name,
    toCount(medianRate),
    toCount(minRate),
    toCount(maxRate),
    ratio.toFixed(3),
    ...(want === undefined ? [] : [want.toFixed(3), ratio >= want ? '' : 'MISSED']),
  ]);
  return [`${title} (median of ${rounds})`, ...columns([header, ...rows])].join('\n');
}

function figuresTable({ title, figures }: Figures): string {
  const rounds = Math.max(...figures.map(({ values }) => values.length));
  const header = ['', 'unit', 'median', 'lowest', 'highest', 'wanted', 'share', ''];
  const rows = figures.map((figure) => {
    const { name, unit, values, atMost, atLeast } = figure;
    const middle = median(values);
    const limit = atMost ?? atLeast;
    return [
      name,
      unit,
      toCount(middle),
      toCount(Math.min(...values)),
      toCount(Math.max(...values)),
      ...(limit === undefined ? [] : [`${atMost === undefined ? '>=' : '<='} ${toCount(limit)}`]),
      ...(limit === undefined ? [] : [(middle / limit).toFixed(3), isFigureMet(figure) ? '' : 'MISSED']),
    ];
  });
  return [`${title} (median of ${rounds})`, ...columns([header, ...rows])].join('\n');
}

function isFigureMet({
  values,
  atMost = Number.POSITIVE_INFINITY,
  atLeast = Number.NEGATIVE_INFINITY,
}: Figure): boolean {
  const middle = median(values);
  return middle <= atMost && middle >= atLeast;
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const count = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** One document for scripts, with what is needed to judge the numbers. */
export function toJson(name: string, results: readonly Result[]): string {
  const host = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism() };
  return JSON.stringify({ schema: 'fourworlds/bench/1', name, host, results }, undefined, 2);
}

function toCount(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}
