import { NOT_SUPPORTED } from '../arch/smccc.ts';
import type { El } from '../arch/world.ts';
import type { Pe } from '../cpu/pe.ts';
import type { LowerWorld } from './context.ts';

export type SpmcData = Record<string, never>;

/** Where an FF-A call goes on, and with what in X0 and up. */
export type SpmcReply = { readonly to: LowerWorld; readonly x: readonly bigint[] };

export class Spmc {
  reset(): void {}

  call(_pe: Pe, caller: LowerWorld, _from: El, _fid: number, _x: readonly bigint[]): SpmcReply {
    return { to: caller, x: [NOT_SUPPORTED] };
  }

  data(): SpmcData {
    return {};
  }

  setData(_data: SpmcData): void {}
}
