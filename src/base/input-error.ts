/** A fact that goes into an error: people's sentences are made of code and facts, in their own language, further up. */
export type Fact = string | number | bigint | boolean;

/** What was wrong with something a person gave us, and where. */
export type Complaint = {
  /** Stable, never translated. */
  readonly code: string;
  /** The part of the input: `regions[2].base`, `FILE:12`. */
  readonly where: string;
  readonly expected?: Fact;
  readonly found?: Fact;
};

/** Bad input from a person. Nothing was applied. The message is derived from the complaint and never written by hand. */
export class InputError extends Error implements Complaint {
  override name = 'InputError';
  readonly code: string;
  readonly where: string;
  readonly expected?: Fact;
  readonly found?: Fact;

  constructor(complaint: Complaint) {
    const parts = [`${complaint.code} at ${complaint.where}`];
    if (complaint.expected !== undefined) parts.push(`expected ${String(complaint.expected)}`);
    if (complaint.found !== undefined) parts.push(`found ${String(complaint.found)}`);
    super(parts.join(', '));
    this.code = complaint.code;
    this.where = complaint.where;
    if (complaint.expected !== undefined) this.expected = complaint.expected;
    if (complaint.found !== undefined) this.found = complaint.found;
  }
}
