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
import { type Installed, type RunnerData, type RunnerState, runnerData } from './scripts.ts';

/** What strict mode reports. */
export type Finding = { readonly invariant: string; readonly frame: number; readonly detail: string };

/** Everything but memory and scripts. */
type State = {
  readonly pes: readonly PeData[];
  readonly smmu: SmmuData;
  readonly monitor: MonitorData;
  readonly rmm: RmmData;
  readonly installed: readonly Installed[];
  readonly prng: PrngState;
  readonly end: 'system-off' | 'panic' | undefined;
  readonly panic: string | undefined;
  readonly time: number;
  /** Number of the next trace event. */
  readonly step: number;
  /** PEs whose firmware has something to do before anything else happens on them. */
  readonly unsettled: readonly number[];
  /** What happened before a snapshot is part of it: restoring takes later findings back. */
  readonly findings: readonly Finding[];
};

export type MachineState = State & { readonly runners: readonly RunnerState[] };
export type SavedState = State & { readonly runners: readonly RunnerData[] };

export type Snapshot = MachineState & { readonly memory: MemoryCheckpoint };

/** A snapshot that JSON can carry: bigint, bytes and register arrays are written as tagged objects. */
export type SnapshotData = { readonly schema: typeof SNAPSHOT_SCHEMA; readonly machine: Json };
const SNAPSHOT_SCHEMA = 'fourworlds/snapshot/1';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export function toData(
  state: MachineState,
  frames: readonly FrameData[],
  description: MachineDescription,
): SnapshotData {
  // A TLB version only means something in the process that counted it.
  const pes = state.pes.map((pe) => ({ ...pe, tlbVersion: undefined }));
  const smmu = { ...state.smmu, tlbVersion: undefined };
  const saved: SavedState = { ...state, pes, smmu, runners: state.runners.map(runnerData) };
  return { schema: SNAPSHOT_SCHEMA, machine: encode({ description, frames, state: saved }) };
}

/** What a snapshot file holds, decoded and not yet checked. */
export function fromData(data: unknown): { readonly [key: string]: unknown } {
  const schema = isObject(data) ? data['schema'] : undefined;
  if (!isObject(data) || schema !== SNAPSHOT_SCHEMA) {
    const found = typeof schema === 'string' ? schema : typeof data;
    throw new InputError({ code: 'SNAPSHOT_SCHEMA', where: 'schema', expected: SNAPSHOT_SCHEMA, found });
  }
  const machine = decode(data['machine'], 'machine', 0);
  if (!isObject(machine)) throw refuse('machine', 'an object', machine);
  return machine;
}

const TAG = '$';
/** Nothing in a machine is nested deeper; script arguments of strangers might be. */
const DEPTH_MAX = 64;

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function refuse(where: string, expected: string, found: unknown): InputError {
  const shown = typeof found === 'string' ? found.slice(0, 40) : typeof found;
  return new InputError({ code: 'SNAPSHOT_DATA', where, expected, found: shown });
}

function encode(value: unknown): Json {
  if (value === undefined) return { [TAG]: 'undefined' };
  if (typeof value === 'bigint') return { [TAG]: 'bigint', value: value.toString(16) };
  if (value instanceof Uint8Array) return { [TAG]: 'bytes', value: toBase64(value) };
  if (value instanceof BigUint64Array)
    return { [TAG]: 'words', value: [...value].map((word) => word.toString(16)).join(' ') };
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value === 'object' && value !== null) {
    const object = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encode(item)]));
    return Object.hasOwn(object, TAG) ? { [TAG]: 'object', value: object } : object;
  }
  return value as Json;
}

function decode(value: unknown, where: string, depth: number): unknown {
  if (depth > DEPTH_MAX) throw refuse(where, `at most ${DEPTH_MAX} levels`, 'more');
  if (Array.isArray(value)) return value.map((item, i) => decode(item, `${where}[${i}]`, depth + 1));
  if (!isObject(value)) return value;
  if (!Object.hasOwn(value, TAG)) return decodeObject(value, where, depth);
  const inner = value['value'];
  const text = typeof inner === 'string' ? inner : '';
  switch (value[TAG]) {
    case 'undefined':
      return undefined;
    case 'bigint':
      if (!/^[0-9a-f]{1,64}$/.test(text)) throw refuse(where, 'hex digits', inner);
      return BigInt(`0x${text}`);
    case 'bytes':
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw refuse(where, 'base64', inner);
      return fromBase64(text);
    case 'words':
      if (!/^([0-9a-f]{1,16}( [0-9a-f]{1,16})*)?$/.test(text)) throw refuse(where, 'hex words', inner);
      return BigUint64Array.from(text === '' ? [] : text.split(' '), (word) => BigInt(`0x${word}`));
    case 'object':
      if (!isObject(inner)) throw refuse(where, 'an object', inner);
      return decodeObject(inner, where, depth);
    default:
      throw refuse(where, 'undefined, bigint, bytes, words, object', value[TAG]);
  }
}

function decodeObject(value: { readonly [key: string]: unknown }, where: string, depth: number): unknown {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, decode(item, `${where}.${key}`, depth + 1)]),
  );
}
