import type { Language, Word } from '../words/words.ts';
import type { Output } from './output.ts';

/** The facts of a text. */
export type Facts = Readonly<Record<string, string | number | bigint>>;

/** What a command is given beside its arguments. */
export type Context = {
  readonly out: Output;
  readonly language: Language;
  /** --verbose: all there is to say. */
  readonly isVerbose: boolean;
  /** A text in the language of the user. */
  readonly say: (word: Word, facts?: Facts) => string;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Where an interactive prompt may draw; undefined when the output is collected. */
  readonly terminal: NodeJS.WriteStream | undefined;
};
