// RmiRecExit: what the Host may see of an exit, and nothing else. RMM 1.0 sections 4.4 and 7.6.

import { LIST_REGISTERS } from './rec.ts';

/** RmiRecExitReason. */
const ExitReason = { SYNC: 0, IRQ: 1, FIQ: 2, PSCI: 3, RIPAS_CHANGE: 4, HOST_CALL: 5, SERROR: 6 } as const;
export type ExitReasonName = keyof typeof ExitReason;

/** Fields that an exit names; all others are zero. */
export type ExitRecord = {
  readonly reason: ExitReasonName;
  readonly esr?: bigint;
  readonly far?: bigint;
  readonly hpfar?: bigint;
  readonly gprs?: readonly bigint[];
  readonly ripas?: { readonly base: number; readonly top: number; readonly value: number };
  readonly imm?: number;
};

/** State that every exit after a run reports. */
export type ExitState = {
  readonly gicHcr: bigint;
  readonly lrs: readonly bigint[];
  readonly gicMisr: bigint;
  readonly gicVmcr: bigint;
  readonly cntpCtl: bigint;
  readonly cntpCval: bigint;
  readonly cntvCtl: bigint;
  readonly cntvCval: bigint;
};

/** Size of RmiRecEnter and of RmiRecExit; the exit part follows the enter part. */
export const REC_EXIT_SIZE = 0x800;

/** The exit part of a run page, as bytes. */
export function exitBytes(exit: ExitRecord, state: ExitState): Uint8Array {
  const bytes = new Uint8Array(REC_EXIT_SIZE);
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: bigint): void => {
    if (value !== 0n) view.setBigUint64(at, value, true);
  };
  bytes[0x000] = ExitReason[exit.reason];
  put(0x100, exit.esr ?? 0n);
  put(0x108, exit.far ?? 0n);
  put(0x110, exit.hpfar ?? 0n);
  for (const [i, value] of (exit.gprs ?? []).entries()) put(0x200 + 8 * i, value);
  put(0x300, state.gicHcr);
  for (let i = 0; i < LIST_REGISTERS; i++) put(0x308 + 8 * i, state.lrs[i] ?? 0n);
  put(0x388, state.gicMisr);
  put(0x390, state.gicVmcr);
  put(0x400, state.cntpCtl);
  put(0x408, state.cntpCval);
  put(0x410, state.cntvCtl);
  put(0x418, state.cntvCval);
  if (exit.ripas !== undefined) {
    put(0x500, BigInt(exit.ripas.base));
    put(0x508, BigInt(exit.ripas.top));
    bytes[0x510] = exit.ripas.value;
  }
  view.setUint16(0x600, exit.imm ?? 0, true);
  return bytes;
}

/** HPFAR_EL2 form of an IPA: only the page is revealed. */
export const hpfarOf = (ipa: number): bigint => BigInt(Math.floor(ipa / 4096)) << 4n;
