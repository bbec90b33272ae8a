// A program of a virtual machine, as far as scripts have one: a page whose first bytes name the script and its arguments. What the
// host loads there decides what runs, and a Realm's measurement covers it.

import type { ScriptArgs } from '../arch/action.ts';

const MARK = 'fourworlds script ';
const PAGE = 4096;

/** A page that runs a script when a vCPU enters at its start. */
export function scriptImage(script: string, args: ScriptArgs = null): Uint8Array {
  const text = new TextEncoder().encode(`${MARK}${script} ${JSON.stringify(args)}\0`);
  if (text.length > PAGE) throw new RangeError('a script and its arguments fit a page');
  const page = new Uint8Array(PAGE);
  page.set(text);
  return page;
}

/** The script that bytes name; undefined when they name none. */
export function readImage(bytes: Uint8Array): { readonly script: string; readonly args: unknown } | undefined {
  const end = bytes.indexOf(0);
  const text = new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
  const found = /^fourworlds script (\S+) (.*)$/s.exec(text);
  if (found === null) return undefined;
  try {
    return { script: found[1] as string, args: JSON.parse(found[2] as string) };
  } catch {
    return undefined;
  }
}
