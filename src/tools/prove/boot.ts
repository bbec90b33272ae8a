import { measures, run as bench } from '../bench/boot.ts';
import { judge } from './support/judge.ts';

export const shows = 'a 64 GiB machine boots within 50 ms, on a quiet machine, and 32 MiB';

export async function run(): Promise<boolean> {
  return judge(measures, await bench({ rounds: 5 }));
}
