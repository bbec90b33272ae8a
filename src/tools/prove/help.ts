import { measures, run as bench } from '../bench/help.ts';
import { judge } from './support/judge.ts';

export const shows = 'the command says what it can do within 200 ms, on a quiet machine';

export async function run(): Promise<boolean> {
  return judge(measures, await bench({ rounds: 5 }));
}
