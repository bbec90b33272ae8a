// What FF-A answers, written out as DEN0077A has it and not taken from the sources; and a host that has asked for some of it.

import { expect } from 'vitest';
import type { Driver } from '../../src/machine/driver.ts';
import { Machine } from '../../src/machine/machine.ts';

export const ERROR = 0x8400_0060n;
export const SUCCESS = 0x8400_0061n;
export const NOT_SUPPORTED = 0xffff_ffffn;
export const INVALID_PARAMETERS = 0xffff_fffen;
export const BUSY = 0xffff_fffcn;
export const DENIED = 0xffff_fffan;
export const RETRY = 0xffff_fff9n;
export const ABORTED = 0xffff_fff8n;
export const ONES = 0xffff_ffff_ffff_ffffn;

export const SP = 0x8001;
export const TX = 0x8800_4000;
export const RX = 0x8800_8000;
export const nil = [0, 0, 0, 0] as const;

/** X0 to X7, and X8 to X17 as the caller left them: zero. */
export const answer = (...x: readonly bigint[]): readonly bigint[] => Array.from({ length: 18 }, (_, n) => x[n] ?? 0n);
export const error = (code: bigint): readonly bigint[] => answer(ERROR, 0n, code);
export const success = (...w2: readonly bigint[]): readonly bigint[] => answer(SUCCESS, 0n, ...w2);

export const boot = (): Driver => Machine.boot().host();

/** A host with a pair of buffers. */
export function mapped(): Driver {
  const host = boot();
  expect(host.smc('FFA_RXTX_MAP64', TX, RX, 1)).toEqual(success());
  return host;
}
