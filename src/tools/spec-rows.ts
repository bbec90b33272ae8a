// The rows of the RMM's own tables against those of specs/rmm-1.0/: which are missing, which are extra, and which have another
// status or stand in another order.
import { rmiCommands } from '../rmm/commands.ts';
import { realmCommands } from '../rmm/realm-commands.ts';
import { recEnter } from '../rmm/rmi/rec-enter.ts';
import type { CommandSpec } from '../spec/specification.ts';

/** What a table of the RMM says of a command. */
export interface ImplementedCommand {
  readonly name: string;
  readonly fids: readonly number[];
  readonly failures: readonly { readonly id: string; readonly error: string }[];
}

export interface RowDifference {
  readonly command: string;
  readonly kind: 'missing' | 'extra' | 'status' | 'order' | 'fid';
  readonly detail: string;
}

export const rowKinds: readonly RowDifference['kind'][] = ['missing', 'extra', 'status', 'order', 'fid'];

/** All commands of the RMM. */
export const implementedCommands: readonly ImplementedCommand[] = [
  ...[...rmiCommands, recEnter].map(({ name, fid, failures }) => ({ name, fids: [fid], failures })),
  ...realmCommands,
];

/** Everything in which the RMM's tables and the specification differ. */
export function rowDifferences(
  specs: readonly CommandSpec[],
  commands: readonly ImplementedCommand[],
): readonly RowDifference[] {
  const names = new Set([...specs, ...commands].map(({ name }) => name));
  return [...names].flatMap((name): readonly RowDifference[] => {
    const spec = specs.find((each) => each.name === name);
    const command = commands.find((each) => each.name === name);
    if (command === undefined) return [{ command: name, kind: 'missing', detail: 'the whole command' }];
    return spec === undefined
      ? [{ command: name, kind: 'extra', detail: 'the whole command' }]
      : compare(spec, command);
  });
}

function compare(spec: CommandSpec, { name, fids, failures }: ImplementedCommand): readonly RowDifference[] {
  const found: RowDifference[] = [];
  const add = (kind: RowDifference['kind'], detail: string): void => void found.push({ command: name, kind, detail });
  const ids = failures.map(({ id }) => id);
  for (const { id, post } of spec.failure) {
    const row = failures.find((each) => each.id === id);
    if (row === undefined) add('missing', id);
    else if (row.error !== post) add('status', `${id}: ${row.error} in the RMM, ${post} in specs`);
  }
  for (const id of ids) if (!spec.failure.some((row) => row.id === id)) add('extra', id);
  const wanted = spec.evaluationOrder.filter((id) => ids.includes(id));
  const actual = ids.filter((id) => wanted.includes(id));
  if (wanted.join() !== actual.join()) add('order', `${actual.join(' > ')} in the RMM, ${wanted.join(' > ')} in specs`);
  const known = [spec.fid, spec.fid32].filter((fid) => fid !== undefined).map(Number);
  if (known.some((fid) => !fids.includes(fid)) || fids.length !== known.length)
    add('fid', `${fids.map(hex).join(', ')} in the RMM, ${known.map(hex).join(', ')} in specs`);
  return found;
}

const hex = (fid: number): string => `0x${fid.toString(16)}`;
