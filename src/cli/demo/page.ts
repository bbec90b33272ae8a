import type { Word } from '../../words/words.ts';
import type { Output } from '../output.ts';

/** A place to print on, and the language to print in. */
export type Page = {
  readonly out: Output;
  readonly width: number;
  readonly t: (word: Word, facts?: Readonly<Record<string, bigint | number | string>>) => string;
};
