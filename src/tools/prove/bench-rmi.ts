import { measures, run as bench } from '../bench/rmi.ts';
import { judge } from './support/judge.ts';

export const shows = 'RMI calls reach half of the native figures, and whole lives all of them';

export async function run(): Promise<boolean> {
  return judge(measures, await bench({ rounds: 5 }));
}
