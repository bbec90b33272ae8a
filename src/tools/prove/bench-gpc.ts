import { measures, run as bench } from '../bench/gpc.ts';
import { judge } from './support/judge.ts';

export const shows = 'the check keeps up with a C walk at random addresses, and with half of it elsewhere';

export async function run(): Promise<boolean> {
  return judge(measures, await bench({ rounds: 5 }));
}
