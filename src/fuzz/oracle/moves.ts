// Moves through the life cycles of specs/rmm-1.0/states.json that a call made: granules, Realms, RECs, entries of tables.

import { lifeCycles } from '../../spec/generated.ts';
import type { Difference, Location } from './footprint.ts';
import type { State } from './state.ts';

/** One move. `cycle` is a life cycle; states of Protected entries carry their RIPAS. */
export type Move = {
  readonly cycle: keyof typeof lifeCycles;
  readonly from: string;
  readonly command: string;
  readonly to: string;
  /** What moved. */
  readonly what: string;
};

/** A move without what moved, as a key. */
export const moveKey = ({ cycle, from, command, to }: Omit<Move, 'what'>): string =>
  `${cycle}: ${from} ${command} ${to}`;

/** Keys of all moves there are. */
export const allMoves: ReadonlySet<string> = new Set(
  Object.entries(lifeCycles).flatMap(([name, moves]) =>
    moves.map((move: readonly string[]) => {
      const cycle = name as keyof typeof lifeCycles;
      const [from = '', ripas = '', command = '', to = '', toRipas = ''] = move;
      return cycle === 'protected'
        ? moveKey({ cycle, from: `${from} ${ripas}`, command, to: `${to} ${toRipas}` })
        : moveKey({ cycle, from, command: ripas, to: command });
    }),
  ),
);

const ENTER = 'RMI_REC_ENTER';

/** Moves behind differences, and those of entries that a command set to what they were. */
export function movesOf(
  command: string,
  found: readonly Difference[],
  allowed: readonly Location[],
  after: State,
): readonly Move[] {
  const moves: Move[] = [];
  const entries = new Map<string, Difference>();
  for (const each of found) {
    const { root, args, path, from, to } = each;
    const what = args.map((arg) => `0x${arg.toString(16)}`).join(', ');
    if (root === 'Granule' && path[0] === 'state') moves.push({ cycle: 'granule', from, command, to, what });
    if (root === 'Realm' && (path.length === 0 || path[0] === 'state'))
      moves.push({ cycle: 'realm', from, command, to, what });
    if (root === 'Rec' && path.length === 0) moves.push({ cycle: 'rec', from, command, to, what });
    if (root === 'Rec' && path[0] === 'state') moves.push({ cycle: 'rec', from, command: ENTER, to, what });
    if (root === 'RttEntry') entries.set(`${args[0]} ${args[1]}`, each);
  }
  for (const { root, args, path } of allowed) {
    if (root !== 'RttEntry' || path.length > 0) continue;
    const changed = entries.get(`${args[0]} ${args[1]}`);
    const now = after.entryOf(args[0] as bigint, Number(args[1]));
    if (now === undefined) continue;
    const to = entryName(String(now['state']), String(now['ripas']));
    const from = changed === undefined ? to : nameOf(changed.from);
    if (changed !== undefined || /RIPAS/.test(command))
      moves.push(entryMove(command, from, to, `0x${args[0]?.toString(16)}, ${args[1]}`, after, args));
  }
  return moves;
}

function entryMove(
  command: string,
  from: string,
  to: string,
  what: string,
  after: State,
  args: readonly bigint[],
): Move {
  const info = after.tables().get(args[0] as bigint);
  const realm = info === undefined ? undefined : after.realms.get(info.rd);
  const ipa = (info?.base ?? 0n) + (args[1] as bigint) * 2n ** BigInt(12 + 9 * (3 - (info?.level ?? 3)));
  const isProtected = realm === undefined || ipa >> BigInt(realm.ipaBits - 1) === 0n;
  const plain = (name: string): string => name.split(' ')[0] as string;
  return isProtected
    ? { cycle: 'protected', from, command, to, what }
    : { cycle: 'unprotected', from: plain(from), command, to: plain(to), what };
}

/** State and RIPAS of an entry that a difference shows. */
function nameOf(shown: string): string {
  const fields = Object.fromEntries(JSON.parse(shown) as [string, string][]);
  return entryName(fields['state'] ?? '', fields['ripas'] ?? '');
}

const entryName = (state: string, ripas: string): string => `${state} ${state === 'TABLE' ? 'NONE' : ripas}`;

/** Moves that no life cycle has. */
export const unknownMoves = (moves: readonly Move[]): readonly Move[] =>
  moves.filter((move) => !allMoves.has(moveKey(move)));
