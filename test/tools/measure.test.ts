import { expect, test } from 'vitest';
import { type Comparison, compare, type Figures, isAsWanted, median, toTable } from '../../src/tools/bench/measure.ts';

test('the median is the middle value or the mean of two', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test('contenders take turns, every other round backwards, and are compared with the yardstick', async () => {
  const order: string[] = [];
  const contender = (name: string, rates: number[]): { name: string; rate: () => number } => ({
    name,
    rate: () => {
      order.push(name);
      return rates.shift() ?? 0;
    },
  });
  const comparison = await compare({
    title: 'walking',
    unit: 'steps',
    rounds: 3,
    yardstick: 'c',
    contenders: [contender('ours', [2000, 9000, 3000]), contender('c', [4000, 6000, 5000])],
  });
  expect(order.join(' ')).toBe('ours c c ours ours c');
  expect(toTable(comparison)).toBe(
    [
      'walking (median of 3)',
      '      steps/s  lowest  highest  ratio to c',
      'ours    3,000   2,000    9,000       0.600',
      'c       5,000   4,000    6,000       1.000',
    ].join('\n'),
  );
});

test('a ratio or a figure that misses what is wanted is marked, and fails the whole', async () => {
  const comparison = (want: number): Promise<Comparison> =>
    compare({
      title: 'walking',
      unit: 'steps',
      rounds: 1,
      contenders: [
        { name: 'c', rate: () => 1000 },
        { name: 'ours', rate: () => 500, want },
      ],
    });
  const met = await comparison(0.5);
  const missed = await comparison(0.6);
  expect(toTable(met)).not.toContain('MISSED');
  expect(toTable(missed)).toMatch(/^ours .* 0\.500 +0\.600 +MISSED$/m);
  const figures = (atMost: number): Figures => ({
    title: 'boot',
    figures: [{ name: 'time', unit: 'ms', values: [30, 70, 40], atMost }],
  });
  expect(toTable(figures(40))).toBe(
    [
      'boot (median of 3)',
      '      unit  median  lowest  highest   wanted  share',
      'time    ms    40.0    30.0     70.0  <= 40.0  1.000',
    ].join('\n'),
  );
  expect(toTable(figures(39))).toContain('MISSED');
  expect(
    [
      [met, figures(40)],
      [missed, figures(40)],
      [met, figures(39)],
    ].map(isAsWanted),
  ).toEqual([true, false, false]);
});
