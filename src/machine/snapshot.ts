// A machine at one moment. In the process it shares unchanged pages with other snapshots; saved, it is JSON.

import type { PrngState } from '../base/prng.ts';
import { fromBase64, toBase64 } from '../base/base64.ts';
import { InputError } from '../base/input-error.ts';
import type { SmmuData } from '../board/smmu.ts';
import type { PeData } from '../cpu/pe.ts';
import type { FrameData, MemoryCheckpoint } from '../memory/memory-data.ts';
import type { MonitorData } from '../monitor/monitor.ts';
import type { RmmData } from '../rmm/rmm.ts';
import type { MachineDescription } from './description.ts';
import type { Installed, RunnerData } from './scripts.ts';

export type Snapshot = {
  readonly memory: MemoryCheckpoint;
  readonly pes: readonly PeData[];
  readonly smmu: SmmuData;
  readonly monitor: MonitorData;
  readonly rmm: RmmData;
  readonly runners: readonly RunnerData[];
  readonly installed: readonly Installed[];
  readonly prng: PrngState;
  readonly end: 'system-off' | 'panic' | 'no-software' | undefined;
  readonly time: number;
  /** Number of the next trace event. */
  readonly step: number;
};

/** A snapshot that JSON can carry: bigint, bytes and register arrays are written as tagged objects. */
export type SnapshotData = { readonly schema: typeof SNAPSHOT_SCHEMA; readonly machine: Json };
export const SNAPSHOT_SCHEMA = 'fourworlds/snapshot/1';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What a snapshot file holds. */
export type SnapshotParts = {
  readonly description: MachineDescription;
  readonly frames: readonly FrameData[];
  readonly snapshot: Omit<Snapshot, 'memory'>;
};

export function toData(
  snapshot: Snapshot,
  frames: readonly FrameData[],
  description: MachineDescription,
): SnapshotData {
  const { memory: _, ...state } = snapshot;
  // A TLB version only means something in the process that counted it.
  const pes = state.pes.map((pe) => ({ ...pe, tlbVersion: undefined }));
  const smmu = { ...state.smmu, tlbVersion: undefined };
  return { schema: SNAPSHOT_SCHEMA, machine: encode({ description, frames, snapshot: { ...state, pes, smmu } }) };
}

export function fromData(data: SnapshotData): SnapshotParts {
  if (data.schema !== SNAPSHOT_SCHEMA) {
    throw new InputError({
      code: 'SNAPSHOT_SCHEMA',
      where: 'schema',
      expected: SNAPSHOT_SCHEMA,
      found: String(data.schema),
    });
  }
  return decode(data.machine) as SnapshotParts;
}

function encode(value: unknown): Json {
  if (value === undefined) return { $: 'undefined' };
  if (typeof value === 'bigint') return { $: 'bigint', value: value.toString(16) };
  if (value instanceof Uint8Array) return { $: 'bytes', value: toBase64(value) };
  if (value instanceof BigUint64Array)
    return { $: 'words', value: [...value].map((word) => word.toString(16)).join(' ') };
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encode(item)]));
  return value as Json;
}

function decode(value: Json): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== 'object' || value === null) return value;
  const object = value as { readonly [key: string]: Json };
  switch (object['$']) {
    case undefined:
      return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, decode(item)]));
    case 'undefined':
      return undefined;
    case 'bigint':
      return BigInt(`0x${String(object['value'])}`);
    case 'bytes':
      return fromBase64(String(object['value']));
    case 'words': {
      const text = String(object['value']);
      return BigUint64Array.from(text === '' ? [] : text.split(' '), (word) => BigInt(`0x${word}`));
    }
    default:
      throw new InputError({
        code: 'SNAPSHOT_TAG',
        where: 'machine',
        expected: 'undefined, bigint, bytes, words',
        found: String(object['$']),
      });
  }
}
