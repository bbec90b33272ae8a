// Firmware Framework for A-profile 1.1: error codes, ids, and the layout of calls, answers and partition descriptors. DEN0077A.
// FFA_PARTITION_INFO_GET_REGS is of 1.2; it answers with the descriptors of 1.1.

import { Fid, version } from './smccc.ts';

/** Error codes, as signed 32-bit numbers. */
export const FfaError = {
  NotSupported: -1,
  InvalidParameters: -2,
  NoMemory: -3,
  Busy: -4,
  Interrupted: -5,
  Denied: -6,
  Retry: -7,
  Aborted: -8,
  NoData: -9,
} as const;
export type FfaError = (typeof FfaError)[keyof typeof FfaError];

export const FFA_VERSION_1_0 = version(1, 0);
export const FFA_VERSION_1_1 = version(1, 1);

/** Endpoint ids: bit 15 is set for those of the Secure world. */
export const HYPERVISOR_ID = 0x0000;
export const SPMC_ID = 0x8000;

/** Partition properties of a descriptor. */
export const Property = { ReceivesDirectRequests: 1 << 0, SendsDirectRequests: 1 << 1, IsAArch64: 1 << 8 } as const;
/** The properties that 1.0 has. */
const PROPERTIES_1_0 = 0b111;

/** A UUID as four 32-bit words, byte 0 in the low bits of the first: how it travels in W1 to W4. */
export type Uuid = readonly [number, number, number, number];

/** What discovery says of a partition. */
export type PartitionInfo = {
  readonly id: number;
  /** Execution contexts: one for a UP partition. */
  readonly contextCount: number;
  readonly properties: number;
  readonly uuid: Uuid;
};

const fids = new Set<number>(Object.entries(Fid).flatMap(([name, fid]) => (name.startsWith('FFA_') ? [fid] : [])));

/** Whether FF-A has a function with this identifier. */
export const isFfa = (fid: number): boolean => fids.has(fid);

/** W0 to W7, and where the call has them X8 to X17: what an answer does not use is zero. */
const registers = (x: readonly bigint[], count = 8): readonly bigint[] =>
  Array.from({ length: count }, (_, n) => x[n] ?? 0n);

/** FFA_ERROR with its code in W2. */
export const ffaError = (code: number): readonly bigint[] =>
  registers([BigInt(Fid.FFA_ERROR), 0n, BigInt.asUintN(32, BigInt(code))]);

/** FFA_SUCCESS with results in W2 and up. */
export const ffaSuccess = (...w2: readonly number[]): readonly bigint[] =>
  registers([BigInt(Fid.FFA_SUCCESS), 0n, ...w2.map(BigInt)]);

/** A direct message: endpoints in W1, no framework message in W2, five registers of the partitions' own. */
export const directMessage = (fid: number, endpoints: bigint, x: readonly bigint[]): readonly bigint[] =>
  registers([BigInt(fid), endpoints, 0n, ...x.slice(3, 8)]);

/** Sender [31:16] and receiver [15:0] of W1. */
export const endpoints = (sender: number, receiver: number): bigint => (BigInt(sender) << 16n) | BigInt(receiver);
export const senderOf = (w1: bigint): number => Number((w1 >> 16n) & 0xffffn);
export const receiverOf = (w1: bigint): number => Number(w1 & 0xffffn);

export const isNil = (uuid: Uuid): boolean => uuid.every((word) => word === 0);
export const isSameUuid = (a: Uuid, b: Uuid): boolean => a.every((word, i) => word === b[i]);

/** Bytes of a descriptor of 1.1; one of 1.0 ends before the UUID. */
export const DESCRIPTOR_SIZE = 24;
const DESCRIPTOR_SIZE_1_0 = 8;

/** Descriptors as they lie in an RX buffer: id, execution contexts, properties, UUID. Who asked by UUID finds zeros there. */
export function descriptorBytes(partitions: readonly PartitionInfo[], asked: Uuid, caller: bigint): Uint8Array {
  const isOld = caller === FFA_VERSION_1_0;
  const size = isOld ? DESCRIPTOR_SIZE_1_0 : DESCRIPTOR_SIZE;
  const bytes = new Uint8Array(size * partitions.length);
  const view = new DataView(bytes.buffer);
  for (const [i, { id, contextCount, properties, uuid }] of partitions.entries()) {
    view.setUint16(size * i, id, true);
    view.setUint16(size * i + 2, contextCount, true);
    view.setUint32(size * i + 4, isOld ? properties & PROPERTIES_1_0 : properties, true);
    if (isOld || !isNil(asked)) continue;
    for (const [word, value] of uuid.entries()) view.setUint32(size * i + 8 + 4 * word, value, true);
  }
  return bytes;
}

/** Descriptors that fit in X3 to X17. */
const DESCRIPTORS_MAX = 5;

/** The answer of FFA_PARTITION_INFO_GET_REGS: X2 has last index, current index, tag and descriptor size, 16 bits each. */
export function descriptorRegisters(
  partitions: readonly PartitionInfo[],
  asked: Uuid,
  start: number,
): readonly bigint[] {
  const last = partitions.length - 1;
  const current = Math.min(last, start + DESCRIPTORS_MAX - 1);
  const x2 = BigInt(last) | (BigInt(current) << 16n) | (BigInt(DESCRIPTOR_SIZE) << 48n);
  const bytes = descriptorBytes(partitions.slice(start, current + 1), asked, FFA_VERSION_1_1);
  return registers([BigInt(Fid.FFA_SUCCESS64), 0n, x2, ...new BigUint64Array(bytes.buffer)], 18);
}
