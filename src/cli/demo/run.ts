import type { Language } from '../../words/words.ts';
import type { Output } from '../output.ts';

/** Tells the story of the machine; returns the exit code. */
export function runDemo(out: Output, options: { language: Language; json: boolean }): number {
  if (options.json) out.json({ schema: 'fourworlds/demo/1' });
  return 0;
}
