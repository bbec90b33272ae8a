import type { Context } from '../context.ts';
import { Exit } from '../exit-code.ts';

export async function gptShow(
  _context: Context,
  _options: { machine: string; width: number; json: boolean },
): Promise<Exit> {
  return Exit.Yes;
}
