import { expect, test } from 'vitest';
import { compare, median, toTable } from '../../src/tools/bench/measure.ts';

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
