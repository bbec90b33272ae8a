// The granules that the RMM tracks and the state of each. DRAM banks of the boot manifest say which ones there are.

import { type Pa, frameOf } from '../arch/address.ts';
import { assert } from '../base/assert.ts';
import { hex } from '../base/hex.ts';

/** State of a granule. The RMM tracks more once realms exist. */
export type GranuleState = 'UNDELEGATED' | 'DELEGATED';

/** The granule life cycle: every move there is, and the command that makes it. */
// prettier-ignore
export const granuleMoves = [
  ['UNDELEGATED', 'RMI_GRANULE_DELEGATE',   'DELEGATED'],
  ['DELEGATED',   'RMI_GRANULE_UNDELEGATE', 'UNDELEGATED'],
] as const satisfies readonly (readonly [GranuleState, string, GranuleState])[];

export type Bank = { readonly base: Pa; readonly size: number };

export class Granules {
  #banks: readonly Bank[] = [];
  /** Frames that are not UNDELEGATED. */
  readonly #delegated = new Set<number>();

  /** Starts over with the banks of a manifest. */
  reset(banks: readonly Bank[]): void {
    this.#banks = banks;
    this.#delegated.clear();
  }

  isDelegable(pa: Pa): boolean {
    return this.#banks.some(({ base, size }) => pa >= base && pa < base + size);
  }

  state(pa: Pa): GranuleState {
    assert(this.isDelegable(pa), `granule ${hex(pa)} is tracked`);
    return this.#delegated.has(frameOf(pa)) ? 'DELEGATED' : 'UNDELEGATED';
  }

  /** Moves a granule to a state; a move that the life cycle does not have is a bug. */
  move(pa: Pa, command: string, to: GranuleState): void {
    const from = this.state(pa);
    assert(
      granuleMoves.some(([f, c, t]) => f === from && c === command && t === to),
      `${command} moves ${from} to ${to}`,
    );
    if (to === 'DELEGATED') this.#delegated.add(frameOf(pa));
    else this.#delegated.delete(frameOf(pa));
  }

  data(): GranulesData {
    return { banks: this.#banks, delegated: [...this.#delegated] };
  }

  setData(data: GranulesData): void {
    this.#banks = data.banks;
    this.#delegated.clear();
    for (const frame of data.delegated) this.#delegated.add(frame);
  }
}

export type GranulesData = { readonly banks: readonly Bank[]; readonly delegated: readonly number[] };
