import type { Context } from '../context.ts';
import { Exit } from '../exit-code.ts';

export async function gptWalk(
  _context: Context,
  _pa: string,
  _options: { pas: string; state?: string; machine: string; json: boolean },
): Promise<Exit> {
  return Exit.Yes;
}
