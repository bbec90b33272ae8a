// The Secure Partition Manager Core: FF-A 1.1 for the Normal world and for the one S-EL1 partition, its life and its messages.
// Simplified: it lives in EL3 and there is no S-EL2. The partition is UP and pinned to the PE that booted it; the Normal world is one
// endpoint, the hypervisor. Framework messages, memory sharing, notifications and FFA_RUN are not offered.

import {
  DESCRIPTOR_SIZE,
  FFA_VERSION_1_0,
  FFA_VERSION_1_1,
  FfaError,
  HYPERVISOR_ID,
  type PartitionInfo,
  Property,
  SPMC_ID,
  type Uuid,
  descriptorBytes,
  descriptorRegisters,
  directMessage,
  endpoints,
  ffaError,
  ffaSuccess,
  isFfa,
  isNil,
  isSameUuid,
  receiverOf,
  senderOf,
} from '../arch/ffa.ts';
import { Fid, NOT_SUPPORTED } from '../arch/smccc.ts';
import { Pas, World } from '../arch/world.ts';
import type { MonitorPe } from './ports.ts';
import type { LowerWorld } from './context.ts';
import { type BufferPair, Buffers, noBuffers } from './ffa-buffers.ts';

/** The manifest of the partition: 2b5f0c5e-6a4d-4f0b-9d3c-f04b5ec2e701, direct requests only. */
const trustedService: PartitionInfo = {
  id: 0x8001,
  contextCount: 1,
  properties: Property.ReceivesDirectRequests | Property.IsAArch64,
  uuid: [0x5e0c_5f2b, 0x0b4f_4d6a, 0x4bf0_3c9d, 0x01e7_c25e],
};
const partitions = [trustedService];

/** What each world may call. FFA_FEATURES says the same. */
const fromBoth: readonly number[] = [
  Fid.FFA_VERSION,
  Fid.FFA_FEATURES,
  Fid.FFA_ID_GET,
  Fid.FFA_SPM_ID_GET,
  Fid.FFA_RXTX_MAP,
  Fid.FFA_RXTX_MAP64,
  Fid.FFA_RXTX_UNMAP,
  Fid.FFA_RX_RELEASE,
  Fid.FFA_PARTITION_INFO_GET,
  Fid.FFA_PARTITION_INFO_GET_REGS,
  Fid.FFA_MSG_SEND_DIRECT_REQ,
  Fid.FFA_MSG_SEND_DIRECT_REQ64,
];
const fromSecure: readonly number[] = [
  Fid.FFA_MSG_WAIT,
  Fid.FFA_MSG_SEND_DIRECT_RESP,
  Fid.FFA_MSG_SEND_DIRECT_RESP64,
  Fid.FFA_ERROR,
];
const offered = { NonSecure: new Set(fromBoth), Secure: new Set([...fromBoth, ...fromSecure]) } as const;
/** Functions that only ever come back. */
const answers: ReadonlySet<number> = new Set([Fid.FFA_ERROR, Fid.FFA_SUCCESS, Fid.FFA_SUCCESS64]);

/**
 * The life of the partition: off, then starting until its first FFA_MSG_WAIT or FFA_ERROR, then waiting, or running for the one
 * whose request it has.
 */
type PartitionState = 'off' | 'starting' | 'waiting' | 'running' | 'failed';

/** FF-A 1.x of a caller and its buffers. */
type CallerData = { readonly version: bigint; readonly buffers: BufferPair };

export type SpmcData = {
  readonly state: PartitionState;
  /** PE that the partition runs on. */
  readonly pe: number;
  readonly nonSecure: CallerData;
  readonly secure: CallerData;
};

/** Where an FF-A call goes on: in a world, with X0 and up, or with the boot that waited for the partition. */
type SpmcReply =
  { readonly to: LowerWorld; readonly x: readonly bigint[] } | { readonly to: 'boot'; readonly code: number };

/** A world's side of the interface. */
class Caller {
  readonly id: number;
  readonly offered: ReadonlySet<number>;
  readonly buffers: Buffers;
  /** The version it asked for: partition descriptors have grown since 1.0. */
  version = FFA_VERSION_1_1;

  constructor(id: number, functions: ReadonlySet<number>, pas: Pas) {
    this.id = id;
    this.offered = functions;
    this.buffers = new Buffers(pas);
  }

  data(): CallerData {
    return { version: this.version, buffers: this.buffers.data() };
  }

  setData({ version, buffers }: CallerData): void {
    this.version = version;
    this.buffers.setData(buffers);
  }
}

const fresh: CallerData = { version: FFA_VERSION_1_1, buffers: noBuffers };

export class Spmc {
  readonly #nonSecure = new Caller(HYPERVISOR_ID, offered.NonSecure, Pas.NonSecure);
  readonly #secure = new Caller(trustedService.id, offered.Secure, Pas.Secure);
  #state: PartitionState = 'off';
  #pe = 0;

  /** Back to before cold boot. */
  reset(): void {
    this.setData({ state: 'off', pe: 0, nonSecure: fresh, secure: fresh });
  }

  /** The partition is being entered for the first time, on this PE. */
  start(pe: MonitorPe): void {
    this.#state = 'starting';
    this.#pe = pe.index;
  }

  /** One call from the Normal or the Secure world. */
  call(pe: MonitorPe, world: LowerWorld, fid: number, x: readonly bigint[]): SpmcReply {
    const to = (answer: readonly bigint[]): SpmcReply => ({ to: world, x: answer });
    if (!isFfa(fid)) return to([NOT_SUPPORTED]);
    const caller = world === World.Secure ? this.#secure : this.#nonSecure;
    if (world === World.Secure && pe.index !== this.#pe) return to(ffaError(FfaError.Denied));
    if (!caller.offered.has(fid)) return to(ffaError(FfaError.NotSupported));
    switch (fid) {
      case Fid.FFA_MSG_SEND_DIRECT_REQ:
      case Fid.FFA_MSG_SEND_DIRECT_REQ64:
        return this.#request(pe, world, caller, fid, x);
      case Fid.FFA_MSG_SEND_DIRECT_RESP:
      case Fid.FFA_MSG_SEND_DIRECT_RESP64:
        return this.#response(fid, x);
      case Fid.FFA_MSG_WAIT:
        return this.#wait();
      case Fid.FFA_ERROR:
        return this.#failure(x);
      default:
        return to(setup(pe, caller, fid, x));
    }
  }

  data(): SpmcData {
    return { state: this.#state, pe: this.#pe, nonSecure: this.#nonSecure.data(), secure: this.#secure.data() };
  }

  setData(data: SpmcData): void {
    this.#state = data.state;
    this.#pe = data.pe;
    this.#nonSecure.setData(data.nonSecure);
    this.#secure.setData(data.secure);
  }

  /** FFA_MSG_SEND_DIRECT_REQ: from the host to the partition, if it waits for work on this PE. */
  #request(pe: MonitorPe, world: LowerWorld, caller: Caller, fid: number, x: readonly bigint[]): SpmcReply {
    const refuse = (code: FfaError): SpmcReply => ({ to: world, x: ffaError(code) });
    const [, x1 = 0n, x2 = 0n] = x;
    const receiver = receiverOf(x1);
    if (BigInt.asUintN(32, x2) !== 0n || senderOf(x1) !== caller.id) return refuse(FfaError.InvalidParameters);
    // The partition sends no requests, and is the only endpoint that takes any.
    if (world === World.Secure) return refuse(FfaError.Denied);
    if (receiver !== trustedService.id) return refuse(FfaError.InvalidParameters);
    if (this.#state === 'failed') return refuse(FfaError.Aborted);
    if (this.#state !== 'waiting') return refuse(FfaError.Busy);
    if (pe.index !== this.#pe) return refuse(FfaError.Denied);
    this.#state = 'running';
    return { to: World.Secure, x: directMessage(fid, endpoints(caller.id, receiver), x) };
  }

  /** FFA_MSG_SEND_DIRECT_RESP: only to the one who asked. */
  #response(fid: number, x: readonly bigint[]): SpmcReply {
    const [, x1 = 0n, x2 = 0n] = x;
    if (BigInt.asUintN(32, x2) !== 0n || senderOf(x1) !== trustedService.id)
      return { to: World.Secure, x: ffaError(FfaError.InvalidParameters) };
    if (this.#state !== 'running' || receiverOf(x1) !== HYPERVISOR_ID)
      return { to: World.Secure, x: ffaError(FfaError.Denied) };
    this.#state = 'waiting';
    return { to: World.NonSecure, x: directMessage(fid, endpoints(trustedService.id, HYPERVISOR_ID), x) };
  }

  /** FFA_MSG_WAIT: ends the initialisation. A request cannot be left this way, it has to be answered. */
  #wait(): SpmcReply {
    if (this.#state !== 'starting') return { to: World.Secure, x: ffaError(FfaError.Denied) };
    this.#state = 'waiting';
    return { to: 'boot', code: 0 };
  }

  /** FFA_ERROR: the partition cannot initialise itself, or cannot do what was requested. */
  #failure(x: readonly bigint[]): SpmcReply {
    const code = Number(BigInt.asIntN(32, x[2] as bigint));
    if (this.#state === 'starting') {
      this.#state = 'failed';
      return { to: 'boot', code };
    }
    if (this.#state !== 'running') return { to: World.Secure, x: ffaError(FfaError.NotSupported) };
    this.#state = 'waiting';
    return { to: World.NonSecure, x: ffaError(code) };
  }
}

/** Setup and discovery: answered to the caller, whatever the partition is doing. */
function setup(pe: MonitorPe, caller: Caller, fid: number, x: readonly bigint[]): readonly bigint[] {
  const [, x1 = 0n, x2 = 0n, x3 = 0n] = x;
  const done = (refusal: FfaError | undefined): readonly bigint[] =>
    refusal === undefined ? ffaSuccess() : ffaError(refusal);
  switch (fid) {
    case Fid.FFA_VERSION:
      return negotiate(caller, x1);
    case Fid.FFA_FEATURES:
      return features(caller, Number(x1), x2);
    case Fid.FFA_ID_GET:
      return ffaSuccess(caller.id);
    case Fid.FFA_SPM_ID_GET:
      return ffaSuccess(SPMC_ID);
    case Fid.FFA_RXTX_MAP:
    case Fid.FFA_RXTX_MAP64:
      return done(caller.buffers.map(pe, x1, x2, x3));
    // An endpoint in W1 would be one that the caller speaks for.
    case Fid.FFA_RXTX_UNMAP:
      return done(x1 === 0n ? caller.buffers.unmap() : FfaError.InvalidParameters);
    case Fid.FFA_RX_RELEASE:
      return done(x1 === 0n ? caller.buffers.release() : FfaError.InvalidParameters);
    case Fid.FFA_PARTITION_INFO_GET:
      return partitionInfo(pe, caller, x);
    default:
      return partitionInfoRegisters(x);
  }
}

/** FFA_VERSION: the only call that answers in W0 alone. */
function negotiate(caller: Caller, asked: bigint): readonly bigint[] {
  const rest = ffaSuccess().slice(1);
  const isCompatible = asked >> 16n === FFA_VERSION_1_1 >> 16n;
  if (!isCompatible) return [BigInt.asUintN(32, BigInt(FfaError.NotSupported)), ...rest];
  caller.version = asked;
  return [FFA_VERSION_1_1, ...rest];
}

/** FFA_FEATURES. RXTX_MAP: W2 [1:0] = 00, buffers of at least 4 KiB. There are no features, ids with bit 31 clear. */
function features(caller: Caller, asked: number, properties: bigint): readonly bigint[] {
  const isThere = properties === 0n && (caller.offered.has(asked) || answers.has(asked));
  return isThere ? ffaSuccess() : ffaError(FfaError.NotSupported);
}

/** W1 to W4 a UUID, W5 [0] count only. */
function partitionInfo(pe: MonitorPe, caller: Caller, x: readonly bigint[]): readonly bigint[] {
  const uuid = x.slice(1, 5).map(Number) as unknown as Uuid;
  const flags = x[5] as bigint;
  const found = partitionsOf(uuid);
  if (flags > 1n || found.length === 0) return ffaError(FfaError.InvalidParameters);
  if (flags === 1n) return ffaSuccess(found.length);
  const refusal = caller.buffers.deliver(pe, descriptorBytes(found, uuid, caller.version));
  if (refusal !== undefined) return ffaError(refusal);
  return ffaSuccess(found.length, caller.version === FFA_VERSION_1_0 ? 0 : DESCRIPTOR_SIZE);
}

/** X1 and X2 a UUID, X3 start index [15:0] and tag [31:16]. Nothing ever changes here, so the one tag is zero. */
function partitionInfoRegisters(x: readonly bigint[]): readonly bigint[] {
  const [, x1 = 0n, x2 = 0n, x3 = 0n] = x;
  const half = (value: bigint, shift: bigint): number => Number((value >> shift) & 0xffff_ffffn);
  const uuid: Uuid = [half(x1, 0n), half(x1, 32n), half(x2, 0n), half(x2, 32n)];
  const found = partitionsOf(uuid);
  const start = Number(x3 & 0xffffn);
  if (x3 >> 32n !== 0n || start >= found.length) return ffaError(FfaError.InvalidParameters);
  if (x3 >> 16n !== 0n) return ffaError(FfaError.Retry);
  return descriptorRegisters(found, uuid, start);
}

/** Partitions with a UUID; the nil UUID names all. */
const partitionsOf = (uuid: Uuid): readonly PartitionInfo[] =>
  isNil(uuid) ? partitions : partitions.filter((partition) => isSameUuid(partition.uuid, uuid));
