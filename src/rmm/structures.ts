// Structures that the Host and the Realm exchange with the RMM, at their real offsets. RMM 1.0 section 4.
// The Host's pages may change between two reads: a page is copied once, and only the copy is looked at.

import { GRANULE_SIZE } from '../arch/address.ts';
import { registerNumber } from './registers.ts';

/** RmiRealmParams. Addresses are numbers as `registerNumber` makes them. */
export type RealmParams = {
  readonly flags: bigint;
  readonly s2sz: number;
  readonly sveVl: number;
  readonly numBps: number;
  readonly numWps: number;
  readonly pmuNumCtrs: number;
  readonly hashAlgo: number;
  readonly rpv: Uint8Array;
  readonly vmid: number;
  readonly rttBase: number;
  readonly rttLevelStart: bigint;
  readonly rttNumStart: number;
};

export const RealmFlag = { lpa2: 1n, sve: 2n, pmu: 4n } as const;

const viewOf = (page: Uint8Array): DataView => new DataView(page.buffer, page.byteOffset, page.byteLength);
const address = (view: DataView, at: number): number =>
  registerNumber(view.getUint32(at, true), view.getUint32(at + 4, true));

export function realmParams(page: Uint8Array): RealmParams {
  const view = viewOf(page);
  return {
    flags: view.getBigUint64(0x000, true),
    s2sz: view.getUint8(0x008),
    sveVl: view.getUint8(0x010),
    numBps: view.getUint8(0x018),
    numWps: view.getUint8(0x020),
    pmuNumCtrs: view.getUint8(0x028),
    hashAlgo: view.getUint8(0x030),
    rpv: page.slice(0x400, 0x440),
    vmid: view.getUint16(0x800, true),
    rttBase: address(view, 0x808),
    rttLevelStart: view.getBigInt64(0x810, true),
    rttNumStart: view.getUint32(0x818, true),
  };
}

/** The page that the initial RIM is the hash of: the parameters that are measured, all else zero. */
export function measuredRealmParams(page: Uint8Array): Uint8Array {
  const measured = new Uint8Array(GRANULE_SIZE);
  measured.set(page.subarray(0x000, 0x008), 0x000);
  for (const at of [0x008, 0x010, 0x018, 0x020, 0x028, 0x030]) measured[at] = page[at] as number;
  return measured;
}

/** RmiRecParams. */
export type RecParams = {
  readonly flags: bigint;
  readonly mpidr: bigint;
  readonly pc: bigint;
  readonly gprs: BigUint64Array;
  readonly numAux: bigint;
  readonly aux: readonly number[];
};

export const AUX_MAX = 16;
const REC_PARAM_GPRS = 8;

export function recParams(page: Uint8Array): RecParams {
  const view = viewOf(page);
  return {
    flags: view.getBigUint64(0x000, true),
    mpidr: view.getBigUint64(0x100, true),
    pc: view.getBigUint64(0x200, true),
    gprs: BigUint64Array.from({ length: REC_PARAM_GPRS }, (_, i) => view.getBigUint64(0x300 + 8 * i, true)),
    numAux: view.getBigUint64(0x800, true),
    aux: Array.from({ length: AUX_MAX }, (_, i) => address(view, 0x808 + 8 * i)),
  };
}

/** The page whose hash goes into the descriptor of a runnable REC: flags, pc and gprs. */
export function measuredRecParams(page: Uint8Array): Uint8Array {
  const measured = new Uint8Array(GRANULE_SIZE);
  measured.set(page.subarray(0x000, 0x008), 0x000);
  measured.set(page.subarray(0x200, 0x208), 0x200);
  measured.set(page.subarray(0x300, 0x340), 0x300);
  return measured;
}
