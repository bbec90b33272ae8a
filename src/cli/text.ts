// Laying text out in columns: wrapping, indenting, tables. Widths count characters, not escape codes.

/** Characters that a terminal shows. */
const visibleLength = (text: string): number =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/\x1b\[[0-9;]*m/g, '').length;

export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - visibleLength(text)));

/** Breaks text at spaces into lines of at most `width`; line breaks in it stay. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && visibleLength(line) + 1 + visibleLength(word) > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    return [...lines, line];
  });
}

/** `term  description` with the description in a column of its own; a long term gets a line of its own. */
export function definition(term: string, description: string, termWidth: number, width: number): string[] {
  const indent = 2 + termWidth + 2;
  const lines = wrap(description, Math.max(width - indent, 24));
  const isLong = visibleLength(term) > termWidth;
  const rest = lines.slice(isLong ? 0 : 1).map((line) => ' '.repeat(indent) + line);
  return isLong ? [`  ${term}`, ...rest] : [`  ${padEnd(term, termWidth)}  ${lines[0] ?? ''}`.trimEnd(), ...rest];
}

/** Rows in columns as wide as their widest cell; the last column is ragged. */
export function table(rows: readonly (readonly string[])[], gap = '  '): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, visibleLength(cell));
    });
  return rows.map((row) =>
    row
      .map((cell, i) => padEnd(cell, widths[i] ?? 0))
      .join(gap)
      .trimEnd(),
  );
}

/** Data as a terminal may show it: what could move the cursor, or pass for another line, is spelled out. */
export const printable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
