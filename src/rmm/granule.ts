// The granules that the RMM tracks and the state of each. DRAM banks of the boot manifest say which ones there are.

import { type Pa, GRANULE_SIZE } from '../arch/address.ts';
import { assert } from '../base/assert.ts';

/** States of a granule, with the numbers that the table holds. */
export const GranuleState = { UNDELEGATED: 0, DELEGATED: 1, RD: 2, REC: 3, REC_AUX: 4, RTT: 5, DATA: 6 } as const;
export type GranuleStateName = keyof typeof GranuleState;
export type GranuleState = (typeof GranuleState)[GranuleStateName];

/** The granule life cycle: every move there is, and the command that makes it. */
// prettier-ignore
export const granuleMoves = [
  ['UNDELEGATED', 'RMI_GRANULE_DELEGATE',    'DELEGATED'],
  ['DELEGATED',   'RMI_GRANULE_UNDELEGATE',  'UNDELEGATED'],
  ['DELEGATED',   'RMI_REALM_CREATE',        'RD'],
  ['RD',          'RMI_REALM_DESTROY',       'DELEGATED'],
  ['DELEGATED',   'RMI_REALM_CREATE',        'RTT'],
  ['RTT',         'RMI_REALM_DESTROY',       'DELEGATED'],
  ['DELEGATED',   'RMI_RTT_CREATE',          'RTT'],
  ['RTT',         'RMI_RTT_DESTROY',         'DELEGATED'],
  ['RTT',         'RMI_RTT_FOLD',            'DELEGATED'],
  ['DELEGATED',   'RMI_DATA_CREATE',         'DATA'],
  ['DELEGATED',   'RMI_DATA_CREATE_UNKNOWN', 'DATA'],
  ['DATA',        'RMI_DATA_DESTROY',        'DELEGATED'],
  ['DELEGATED',   'RMI_REC_CREATE',          'REC'],
  ['DELEGATED',   'RMI_REC_CREATE',          'REC_AUX'],
  ['REC',         'RMI_REC_DESTROY',         'DELEGATED'],
  ['REC_AUX',     'RMI_REC_DESTROY',         'DELEGATED'],
] as const satisfies readonly (readonly [GranuleStateName, string, GranuleStateName])[];

/** Indexed [from * 8 + to]: whether some command makes that move. */
const isMove = new Uint8Array(64);
for (const [from, , to] of granuleMoves) isMove[GranuleState[from] * 8 + GranuleState[to]] = 1;

export type Bank = { readonly base: Pa; readonly size: number };

/** Granules that are counted together: looking for those in use skips what is empty. */
const CHUNK = 512;

/** One bank with a state a granule, where 0 is UNDELEGATED, and how many of each chunk are something else. */
type BankTable = Bank & { readonly end: number; readonly states: Uint8Array; readonly used: Uint16Array };

export class Granules {
  #banks: readonly BankTable[] = [];

  /** Starts over with the banks of a manifest. */
  reset(banks: readonly Bank[]): void {
    this.#banks = banks.map(({ base, size }) => {
      const states = new Uint8Array(size / GRANULE_SIZE);
      return { base, size, end: base + size, states, used: new Uint16Array(Math.ceil(states.length / CHUNK)) };
    });
  }

  /** RAM that the RMM tracks. False for every address beyond the PA range. */
  isDelegable(pa: number): boolean {
    return this.#bankOf(pa) !== undefined;
  }

  /** State of the granule that holds an address; UNDELEGATED for one that is not tracked. */
  state(pa: number): GranuleState {
    const bank = this.#bankOf(pa);
    return bank === undefined ? 0 : (bank.states[Math.floor((pa - bank.base) / GRANULE_SIZE)] as GranuleState);
  }

  /** Moves a granule to a state; a move that the life cycle does not have is a bug. */
  move(pa: number, to: GranuleState): void {
    const bank = this.#bankOf(pa);
    assert(bank !== undefined, 'a granule that moves is tracked');
    const index = Math.floor((pa - bank.base) / GRANULE_SIZE);
    const from = bank.states[index] as number;
    assert(isMove[from * 8 + to] === 1, 'a granule only makes moves of its life cycle');
    put(bank, index, to);
  }

  /** The tables themselves, for those who look and do not touch. */
  tables(): readonly (Bank & { readonly states: Readonly<Uint8Array> })[] {
    return this.#banks;
  }

  /** Granules that are not UNDELEGATED, by address. */
  data(): GranulesData {
    const found: [number, GranuleState][] = [];
    for (const { base, states, used } of this.#banks) {
      for (let i = nextUsed(states, used, 0); i < states.length; i = nextUsed(states, used, i + 1)) {
        found.push([base + i * GRANULE_SIZE, states[i] as GranuleState]);
      }
    }
    return { banks: this.#banks.map(({ base, size }) => ({ base, size })), used: found };
  }

  /** Costs as much as granules are in use, before and after. */
  setData({ banks, used }: GranulesData): void {
    const isSame =
      banks.length === this.#banks.length && banks.every((bank, i) => isEqual(bank, this.#banks[i] as Bank));
    if (isSame) this.#banks.forEach(clear);
    else this.reset(banks);
    for (const [pa, state] of used) {
      const bank = this.#bankOf(pa) as BankTable;
      put(bank, (pa - bank.base) / GRANULE_SIZE, state);
    }
  }

  #bankOf(pa: number): BankTable | undefined {
    for (const bank of this.#banks) if (pa >= bank.base && pa < bank.end) return bank;
    return undefined;
  }
}

export type GranulesData = {
  readonly banks: readonly Bank[];
  readonly used: readonly (readonly [number, GranuleState])[];
};

const isEqual = (a: Bank, b: Bank): boolean => a.base === b.base && a.size === b.size;

function put({ states, used }: BankTable, index: number, to: GranuleState): void {
  const chunk = Math.floor(index / CHUNK);
  used[chunk] = (used[chunk] as number) + Number(to !== 0) - Number(states[index] !== 0);
  states[index] = to;
}

function clear({ states, used }: BankTable): void {
  for (let chunk = 0; chunk < used.length; chunk++) {
    if (used[chunk] === 0) continue;
    states.fill(0, chunk * CHUNK, (chunk + 1) * CHUNK);
    used[chunk] = 0;
  }
}

/** The first granule from `index` on that is not UNDELEGATED; the length of the bank when there is none. */
function nextUsed(states: Uint8Array, used: Uint16Array, index: number): number {
  for (let i = index; i < states.length; i++) {
    if (i % CHUNK === 0) {
      let chunk = i / CHUNK;
      while (chunk < used.length && used[chunk] === 0) chunk++;
      i = chunk * CHUNK;
    }
    if (i < states.length && states[i] !== 0) return i;
  }
  return states.length;
}
