// RmiRecExit as the Host finds it in its run page: the fields that are not zero, by the names and places of the specification.

import { enumerations, structures } from '../spec/generated.ts';

export type ExitField = { readonly name: string; readonly value: bigint };
export type ExitRead = { readonly reason: string; readonly fields: readonly ExitField[] };

type Layout = { readonly offset: number; readonly size: number; readonly count: number };

/** Reads the exit part of a run page; undefined when the page cannot be read. */
export function readExit(run: bigint, read: (at: bigint, size: 1 | 2 | 8) => bigint | undefined): ExitRead | undefined {
  const base = run + BigInt(structures.RmiRecRun.fields.exit.offset);
  const fields: ExitField[] = [];
  let reason = '';
  for (const [name, { offset, size, count }] of Object.entries<Layout>(structures.RmiRecExit.fields)) {
    for (let i = 0; i < count; i++) {
      const value = read(base + BigInt(offset + i * size), size as 1 | 2 | 8);
      if (value === undefined) return undefined;
      if (name === 'exit_reason') reason = reasonName(value);
      else if (value !== 0n) fields.push({ name: count === 1 ? name : `${name}[${i}]`, value });
    }
  }
  return { reason, fields };
}

const reasonName = (value: bigint): string =>
  Object.entries(enumerations.RmiRecExitReason).find(([, code]) => BigInt(code) === value)?.[0] ?? String(value);
