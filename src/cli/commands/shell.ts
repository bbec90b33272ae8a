import type { Context } from '../context.ts';
import { Exit } from '../exit-code.ts';

export async function shell(
  _context: Context,
  _options: { machine: string; seed: number | undefined; json: boolean },
): Promise<Exit> {
  return Exit.Yes;
}
