// Where commands print. Data goes to stdout, words about it to stderr. Colours are names here and nowhere else escape
// codes, so that a command never asks whether there is a terminal.

/** How a text looks. World colours are fixed: a world has the same colour in every command. */
export type Colour = keyof typeof codes;

const codes = {
  bold: ['1', '22'],
  dim: ['2', '22'],
  underline: ['4', '24'],
  red: ['31', '39'],
  green: ['32', '39'],
  yellow: ['33', '39'],
  blue: ['34', '39'],
  magenta: ['35', '39'],
  cyan: ['36', '39'],
} as const satisfies Record<string, readonly [string, string]>;

/** What a command may do to the outside. Tests hand in one that collects. */
export interface Output {
  /** Columns of the terminal; 80 where there is none. */
  readonly width: number;
  readonly hasColour: boolean;
  /** One line of data on stdout; with no text an empty one. */
  line(text?: string): void;
  /** One document on stdout. */
  json(document: unknown): void;
  /** One document a line on stdout. */
  jsonLine(document: unknown): void;
  /** Words on stderr; silent with --quiet. */
  note(text: string): void;
  /** Words on stderr that always appear: what went wrong. */
  error(text: string): void;
  /** The text in a colour, or as it is where there are no colours. */
  paint(colour: Colour, text: string): string;
}

/** Where the bytes go, and how. */
export type OutputOptions = {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly width: number;
  readonly hasColour: boolean;
  readonly isQuiet: boolean;
};

export function makeOutput(options: OutputOptions): Output {
  const { write, writeError, width, hasColour, isQuiet } = options;
  return {
    width,
    hasColour,
    line: (text = '') => write(`${text}\n`),
    json: (document) => write(`${JSON.stringify(document, jsonValue, 2)}\n`),
    jsonLine: (document) => write(`${JSON.stringify(document, jsonValue)}\n`),
    note: (text) => {
      if (!isQuiet) writeError(`${text}\n`);
    },
    error: (text) => writeError(`${text}\n`),
    paint: (colour, text) => (hasColour ? `\x1b[${codes[colour][0]}m${text}\x1b[${codes[colour][1]}m` : text),
  };
}

/** 64-bit values as hex strings: JSON numbers would round them. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `0x${value.toString(16)}` : value;
}
