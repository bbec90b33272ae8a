// What a scenario expects of a step: facts by name.

import type { Expected } from '../scenario/scenario.ts';
import type { Part } from './yaml-file.ts';

/** Expectations; `keys` are the facts that such a step can find out. */
export function readExpected(part: Part | undefined, keys: readonly string[]): readonly Expected[] {
  if (part === undefined) return [];
  part.object(keys);
  return part.entries().map(([key, value]) => ({ where: value.where, key, value: factOf(value) }));
}

function factOf(part: Part): Expected['value'] {
  if (part.isList)
    return part
      .list()
      .map((item) => item.text())
      .join(' ');
  if (part.isText) return part.text();
  const value = part.plain();
  return typeof value === 'boolean' ? value : part.u64();
}
