// What of the specification a set of judged calls has touched: rows that decided, pairs, conditions, moves.

import type { Judgement } from './oracle/oracle.ts';
import { parsedCommands } from './oracle/commands.ts';
import { allMoves, moveKey } from './oracle/moves.ts';

/**
 * A pair of rows, the first of which is returned when both hold. `both`: both held. `guard`: whenever the first one held, the second
 * one had no meaning. `missing`: neither is true of what was seen.
 */
export type PairState = 'both' | 'guard' | 'missing';

export class Coverage {
  /** `COMMAND row` to how often that row decided. */
  readonly deciding = new Map<string, number>();
  readonly checked = new Map<string, number>();
  readonly moves = new Map<string, number>();
  readonly #pairs = new Map<string, PairState>();
  calls = 0;

  add(judgements: readonly Judgement[]): void {
    this.calls++;
    for (const { command, rows, senseless, checked, moves } of judgements) {
      const [row] = rows;
      if (row !== undefined) count(this.deciding, `${command} ${row}`);
      for (const id of checked) count(this.checked, `${command} ${id}`);
      for (const move of moves) count(this.moves, moveKey(move));
      if (row !== undefined) this.#addPairs(command, rows, senseless);
    }
  }

  #addPairs(command: string, rows: readonly string[], senseless: readonly string[]): void {
    for (const [first, second] of orderOf(command)) {
      if (!rows.includes(first)) continue;
      const key = `${command} ${first} ${second}`;
      const known = this.#pairs.get(key);
      if (rows.includes(second)) this.#pairs.set(key, 'both');
      else if (!senseless.includes(second)) this.#pairs.set(key, known === 'both' ? 'both' : 'missing');
      else this.#pairs.set(key, known ?? 'guard');
    }
  }

  /** Rows that no call had as the deciding one. */
  missingRows(): readonly string[] {
    return parsedCommands.flatMap(({ name, rows }) =>
      rows.map(({ id }) => `${name} ${id}`).filter((key) => !this.deciding.has(key)),
    );
  }

  /** Success conditions that were never evaluated. */
  missingConditions(): readonly string[] {
    return parsedCommands.flatMap(({ name, success }) =>
      success.map(({ id }) => `${name} ${id}`).filter((key) => !this.checked.has(key)),
    );
  }

  missingMoves(): readonly string[] {
    return [...allMoves].filter((key) => !this.moves.has(key));
  }

  /** Every ordered pair and how it was seen. */
  pairs(): ReadonlyMap<string, PairState> {
    return new Map(
      parsedCommands.flatMap(({ name, spec }) =>
        spec.order.map(([first, second]): [string, PairState] => {
          const key = `${name} ${first} ${second}`;
          return [key, this.#pairs.get(key) ?? 'missing'];
        }),
      ),
    );
  }
}

const orderOf = (command: string): readonly (readonly [string, string])[] =>
  parsedCommands.find(({ name }) => name === command)?.spec.order ?? [];

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
