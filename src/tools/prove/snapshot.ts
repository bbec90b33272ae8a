import { measures, run as bench } from '../bench/snapshot.ts';
import { judge } from './support/judge.ts';

export const shows = 'a machine is put back 20,000 times a second after touching 10 pages';

export async function run(): Promise<boolean> {
  return judge(measures, await bench({ rounds: 5 }));
}
