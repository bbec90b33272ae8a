// Copies of a test vector in which one comparable expectation says something else. A checker has to report every one of them.

/** What the format's page calls comparable; of the other kinds everything is. */
const comparableOfGpc: readonly string[] = ['f', 'l', 'sc'];

type Vector = { readonly k: string; readonly exp: Readonly<Record<string, unknown>> };

/** One line for each expectation of a line that can be altered. */
export function alteredVectors(line: string): string[] {
  const vector = JSON.parse(line) as Vector;
  return Object.entries(vector.exp)
    .filter(([key]) => vector.k !== 'gpc' || comparableOfGpc.includes(key))
    .map(([key, value]) => JSON.stringify({ ...vector, exp: { ...vector.exp, [key]: altered(value) } }));
}

/** Another value of the same kind. */
function altered(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (value === null) return ['0x0', '0xfff'];
  if (Array.isArray(value)) return [value[0], altered(value[1])];
  if (typeof value !== 'string') throw new Error(`an expectation that is ${typeof value}`);
  if (value.startsWith('0x')) return `0x${(BigInt(value) ^ 0x1000n).toString(16)}`;
  return value === 'none' ? 'gpf' : 'none';
}
