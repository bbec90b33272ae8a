import type { Context } from '../context.ts';
import { Exit } from '../exit-code.ts';

export async function gptCheck(
  _context: Context,
  _files: readonly string[],
  _options: { form: 'text' | 'json' | 'jsonl'; results: string | undefined; all: boolean },
): Promise<Exit> {
  return Exit.Yes;
}
