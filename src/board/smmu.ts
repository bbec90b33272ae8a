// A requester that is no PE: a device's way to memory, with a granule protection check of its own. IHI 0070 section 3.25.
// Simplified: one stream, no translation; the request names its address and space.

import { frameArg } from '../arch/address.ts';
import type { Features } from '../arch/features.ts';
import type { GptFaultKind } from '../arch/gpt.ts';
import type { Trace } from '../arch/trace.ts';
import { Pas, type World } from '../arch/world.ts';
import { InputError } from '../base/input-error.ts';
import { Gpc, type GpcData } from '../memory/gpc.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import { Access, MemoryPort } from '../memory/port.ts';

/** What became of a device access. */
export type DmaOutcome =
  | { readonly kind: 'done'; readonly value: bigint }
  | {
      readonly kind: 'aborted';
      readonly fault: GptFaultKind | 'disabled' | 'bus' | 'address-size';
      readonly level: 0 | 1;
    };

/** SMMU_ROOT registers as software finds them. */
export type SmmuRootRegisters = { readonly gpfFar: bigint; readonly gptCfgFar: bigint };

/** REASON of a latched fault: 3, a transaction of a client device. */
const REASON_TRANSACTION = 3n;
/** CFG_ERR of SMMU_ROOT_GPT_CFG_FAR. */
const cfgErr = { registers: 0n, baseAbovePps: 1n, externalAbort: 2n, invalidEntry: 3n, tableAbovePps: 4n } as const;

export class Smmu {
  readonly gpc: Gpc;
  /** SMMU_ROOT_CR0.ACCESSEN: without it nothing gets out. */
  accessEnabled = false;
  /** First failures, kept until software clears them. */
  gpfFar = 0n;
  gptCfgFar = 0n;

  readonly #memory: PhysicalMemory;
  readonly #trace: Trace;
  readonly #ports: readonly MemoryPort[];

  constructor(memory: PhysicalMemory, features: Features, trace: Trace) {
    this.#memory = memory;
    this.#trace = trace;
    this.gpc = new Gpc(memory, features, memory.paBits);
    // A device's state is that of the space it asks for.
    this.#ports = ([Pas.Secure, Pas.NonSecure, Pas.Root, Pas.Realm] as const).map(
      (pas) => new MemoryPort(memory, this.gpc, pas, pas as World),
    );
  }

  reset(): void {
    this.gpc.reset();
    this.accessEnabled = false;
    this.gpfFar = 0n;
    this.gptCfgFar = 0n;
  }

  /** SMMU_ROOT_GPT_BASE, _CFG and CR0: the fields have the positions of GPCCR_EL3; GPCEN is its GPC. */
  configure(gptbr: bigint, gpccr: bigint): void {
    this.gpc.setRegisters({ gptbr, gpccr });
    this.gpc.invalidate('paallos');
    this.accessEnabled = true;
  }

  /** A device reads 1 to 8 bytes, at any address. */
  read(device: string, pas: Pas, at: bigint, size: number): DmaOutcome {
    const outcome = this.#access(device, 'load', pas, at, size);
    if (outcome.kind === 'aborted') return outcome;
    const value = BigInt.asUintN(size * 8, (this.#ports[pas] as MemoryPort).doublewords[0] as bigint);
    if (this.#trace.on) this.#trace.emit({ kind: 'access', by: { device }, what: 'load', pas, at, size, value });
    return { kind: 'done', value };
  }

  /** A device writes 1 to 8 bytes. */
  write(device: string, pas: Pas, at: bigint, size: number, value: bigint): DmaOutcome {
    (this.#ports[pas] as MemoryPort).doublewords[0] = BigInt.asUintN(64, value);
    const outcome = this.#access(device, 'store', pas, at, size);
    if (outcome.kind === 'done' && this.#trace.on)
      this.#trace.emit({ kind: 'access', by: { device }, what: 'store', pas, at, size, value });
    return outcome;
  }

  data(): SmmuData {
    return {
      gpc: this.gpc.data(),
      tlbVersion: this.gpc.tlb.version,
      accessEnabled: this.accessEnabled,
      gpfFar: this.gpfFar,
      gptCfgFar: this.gptCfgFar,
    };
  }

  setData(data: SmmuData): void {
    if (data.tlbVersion !== undefined && data.tlbVersion === this.gpc.tlb.version) {
      this.gpc.setRegistersAndConfig(data.gpc);
    } else {
      this.gpc.setData(data.gpc);
      if (data.tlbVersion !== undefined) this.gpc.tlb.rewind(data.tlbVersion);
    }
    this.accessEnabled = data.accessEnabled;
    this.gpfFar = data.gpfFar;
    this.gptCfgFar = data.gptCfgFar;
  }

  #access(device: string, what: 'load' | 'store', pas: Pas, at: bigint, size: number): DmaOutcome {
    if (!Number.isInteger(size) || size < 1 || size > 8)
      throw new InputError({ code: 'DMA_SIZE', where: device, expected: '1 to 8 bytes', found: size });
    if (!this.accessEnabled) return { kind: 'aborted', fault: 'disabled', level: 0 };
    const frame = frameArg(BigInt.asUintN(64, at), this.#memory.paBits);
    const last = frameArg(BigInt.asUintN(64, at) + BigInt(size - 1), this.#memory.paBits);
    if (frame < 0 || last < 0) return { kind: 'aborted', fault: 'address-size', level: 0 };
    const port = this.#ports[pas] as MemoryPort;
    const offset = Number(at & 0xfffn);
    const result = what === 'load' ? port.loadAt(frame, offset, size) : port.storeAt(frame, offset, size);
    if (result === Access.Ok) return { kind: 'done', value: 0n };
    if (result === Access.Bus) {
      if (this.#trace.on) this.#trace.emit({ kind: 'bus-abort', by: { device }, what, pas, at });
      return { kind: 'aborted', fault: 'bus', level: 0 };
    }
    const { kind, level, gpi } = this.gpc.fault;
    if (this.#trace.on) this.#trace.emit({ kind: 'gpt-fault', by: { device }, what, pas, at, fault: kind, level, gpi });
    this.#latch(kind, this.gpc.fault.frame, pas);
    return { kind: 'aborted', fault: kind, level };
  }

  /** The first failure stays. [63:62] PAS (00 S, 01 NS, 10 Root, 11 Realm), [55:12] PA, [3:1] REASON, [0] FAULT. */
  #latch(kind: GptFaultKind, frame: number, pas: Pas): void {
    const record = (BigInt(pas) << 62n) | (BigInt(frame) << 12n) | (REASON_TRANSACTION << 1n) | 1n;
    if (kind === 'gpf') {
      if (this.gpfFar === 0n) this.gpfFar = record;
      return;
    }
    if (this.gptCfgFar === 0n) this.gptCfgFar = record | (this.#configError(kind) << 56n);
  }

  #configError(kind: Exclude<GptFaultKind, 'gpf'>): bigint {
    const { config } = this.gpc;
    if (config.problem !== undefined) return cfgErr.registers;
    if (kind === 'eabt') return cfgErr.externalAbort;
    if (kind === 'walk') return cfgErr.invalidEntry;
    return config.tableAbovePps ? cfgErr.baseAbovePps : cfgErr.tableAbovePps;
  }
}

export type SmmuData = {
  readonly gpc: GpcData;
  readonly tlbVersion: number | undefined;
  readonly accessEnabled: boolean;
  readonly gpfFar: bigint;
  readonly gptCfgFar: bigint;
};
