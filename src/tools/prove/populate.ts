import { measures, run as bench } from '../bench/populate.ts';
import { judge } from './support/judge.ts';

export const shows = 'a 1 GiB realm of 262,144 pages stands within 5 s, on a quiet machine, and 300 MiB';

export async function run(): Promise<boolean> {
  return judge(measures, await bench({ rounds: 5 }));
}
