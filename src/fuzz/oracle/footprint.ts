// What changed between two states, as locations, and which locations a command may change.

import type { Expression } from '../../spec/condition.ts';
import { type Scope, type Value, evaluate } from '../../spec/evaluate.ts';
import type { Change } from '../../machine/view.ts';
import { ENTRIES, type State, entryFields, entrySize, realmFields, recFields } from './state.ts';
import type { Fields } from './values.ts';

/** A place in the state: a root of the vocabulary with its arguments, and a path of fields and items below it. */
export type Location = { readonly root: string; readonly args: readonly bigint[]; readonly path: readonly string[] };
export type Difference = Location & { readonly from: string; readonly to: string };
/** A stretch of memory, as a location: first address and one past the last. */
const MEMORY = 'Memory';
const FRAME = 4096n;

export function locationName({ root, args, path }: Location): string {
  const list = args.map((arg) => `0x${arg.toString(16)}`).join(', ');
  const below = path.map((step) => (/^\d/.test(step) ? `[${step}]` : `.${step}`)).join('');
  return `${root}(${list})${below}`;
}

/** The locations that a footprint entry names in the state before the command. */
export function locationsOf(
  entry: Expression,
  scope: Scope,
  locals: Readonly<Record<string, bigint>> = {},
): readonly Location[] {
  if (entry.kind === 'quantified') {
    const from = evaluate(entry.from, scope, locals) as bigint | undefined;
    const to = evaluate(entry.to, scope, locals) as bigint | undefined;
    const found: Location[] = [];
    for (let i = from ?? 0n; i < (to ?? 0n); i++)
      found.push(...locationsOf(entry.body, scope, { ...locals, [entry.variable]: i }));
    return found;
  }
  const path: string[] = [];
  let inner: Expression = entry;
  while (inner.kind === 'member' || inner.kind === 'index') {
    path.unshift(inner.kind === 'member' ? inner.name : String(evaluate(inner.index, scope, locals)));
    inner = inner.of;
  }
  if (inner.kind !== 'call') return [];
  const args = inner.args.map((arg) => evaluate(arg, scope, locals));
  if (args.includes(undefined)) return [];
  return [{ root: inner.name, args: args as readonly bigint[], path }];
}

/** Everything that differs. `changes` are the pages written to; the state before shows them as they were. */
export function differences(before: State, after: State, changes: readonly Change[]): readonly Difference[] {
  return [...granuleStates(before, after), ...objects(before, after), ...memory(before, after, changes)];
}

function granuleStates(before: State, after: State): readonly Difference[] {
  const found: Difference[] = [];
  for (const [n, { base, states }] of before.granuleTables.entries()) {
    const now = after.granuleTables[n]?.states ?? new Uint8Array();
    for (const i of differing(states, now)) {
      const addr = BigInt(base) + BigInt(i) * FRAME;
      const [from, to] = [before.granuleState(addr), after.granuleState(addr)];
      found.push({ root: 'Granule', args: [addr], path: ['state'], from, to });
    }
  }
  return found;
}

/** Indices at which two byte arrays differ; whole words are compared first. */
function differing(a: Readonly<Uint8Array>, b: Readonly<Uint8Array>): readonly number[] {
  const found: number[] = [];
  const words = Math.floor(a.length / 4);
  const [wa, wb] = [new Int32Array(a.buffer, a.byteOffset, words), new Int32Array(b.buffer, b.byteOffset, words)];
  for (let w = 0; w < words; w++) {
    if (wa[w] === wb[w]) continue;
    for (let i = 4 * w; i < 4 * w + 4; i++) if (a[i] !== b[i]) found.push(i);
  }
  return found;
}

function objects(before: State, after: State): readonly Difference[] {
  const found: Difference[] = [];
  const compare = <T extends object>(
    root: 'Realm' | 'Rec',
    old: ReadonlyMap<number, T>,
    now: ReadonlyMap<number, T>,
    fields: (object: T) => Fields,
  ): void => {
    for (const at of new Set([...old.keys(), ...now.keys()])) {
      const [a, b] = [old.get(at), now.get(at)];
      const args = [BigInt(at)];
      if (a === undefined || b === undefined) {
        const text = (object: T | undefined): string =>
          object === undefined ? 'NONE' : String(fields(object)['state']);
        found.push({ root, args, path: [], from: text(a), to: text(b) });
      } else if (!isUnchanged(a as Changing, b as Changing, changing[root])) {
        found.push(...fieldDifferences(root, args, fields(a), fields(b)));
      }
    }
  };
  compare('Realm', before.realms, after.realms, realmFields);
  compare('Rec', before.recs, after.recs, (rec) => ({
    ...recFields(rec),
    other_registers: rec.runningOn === undefined ? [...rec.registers.subarray(31)] : [],
    list_registers: rec.listRegisters,
    gic_hcr: rec.gicHcr,
  }));
  return found;
}

function fieldDifferences(root: string, args: readonly bigint[], a: Fields, b: Fields): readonly Difference[] {
  const found: Difference[] = [];
  for (const field of Object.keys(a)) {
    const [from, to] = [a[field], b[field]];
    if (isSame(from, to)) continue;
    if (field === 'measurements') {
      const [x, y] = [from as readonly Value[], to as readonly Value[]];
      for (const i of x.keys()) {
        if (!isSame(x[i], y[i])) found.push({ root, args, path: [field, String(i)], from: text(x[i]), to: text(y[i]) });
      }
    } else {
      found.push({ root, args, path: [field], from: text(from), to: text(to) });
    }
  }
  return found;
}

type Changing = Readonly<Record<string, unknown>>;

/** What can change about a Realm or a REC, as the view has it; all else is computed from it or fixed for life. */
const changing = {
  Realm: ['state', 'measurements', 'recIndex', 'numRecs'],
  // prettier-ignore
  Rec: [
    'isRunnable', 'runningOn', 'registers', 'pc', 'pstate', 'listRegisters', 'gicHcr', 'isPsciPending', 'hostCall', 'ripas',
    'isEmulatable', 'isUnprotectedAbort', 'abortEsr', 'trapWfi', 'trapWfe', 'attest',
  ],
} as const;

function isUnchanged(a: Changing, b: Changing, keys: readonly string[]): boolean {
  for (const key of keys) {
    const [x, y] = [a[key], b[key]];
    if (x === y) continue;
    const isEqual =
      x instanceof BigUint64Array && y instanceof BigUint64Array ? areSameWords(x, y) : isSame(x as Value, y as Value);
    if (!isEqual) return false;
  }
  return true;
}

function areSameWords(a: BigUint64Array, b: BigUint64Array): boolean {
  const [x, y] = [
    new Uint32Array(a.buffer, a.byteOffset, 2 * a.length),
    new Uint32Array(b.buffer, b.byteOffset, 2 * b.length),
  ];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return x.length === y.length;
}

/** Equality of whole values; faster than their texts, since most of them are equal. */
function isSame(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  const [x, y] = [a as Readonly<Record<string, Value>>, b as Readonly<Record<string, Value>>];
  const keys = Object.keys(x);
  return keys.length === Object.keys(y).length && keys.every((key) => isSame(x[key], y[key]));
}

function text(value: Value): string {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(text).join(' ')}]`;
  if (typeof value === 'object') return JSON.stringify(Object.entries(value).map(([name, each]) => [name, text(each)]));
  return String(value);
}

function memory(before: State, after: State, changes: readonly Change[]): readonly Difference[] {
  const found: Difference[] = [];
  for (const { frame, before: old } of changes) {
    const at = BigInt(frame) * FRAME;
    const now = after.page(at);
    const bytes = now === undefined ? [] : differing(old, now);
    if (bytes.length === 0) continue;
    const first = bytes[0] as number;
    const last = bytes.at(-1) as number;
    const stretch = (): Difference => {
      const value = (page: Readonly<Uint8Array> | undefined): string => String(page?.[first]);
      return {
        root: MEMORY,
        args: [at + BigInt(first), at + BigInt(last) + 1n],
        path: [],
        from: value(old),
        to: value(now),
      };
    };
    if (!before.isDelegable(at)) {
      if (before.isGptFrame(frame) || after.isGptFrame(frame))
        found.push(...gptDifferences(before, after, frame, bytes));
      else found.push(stretch());
      continue;
    }
    const state = before.granuleState(at);
    if (state === 'RTT') found.push(...entryDifferences(before, at, old, now as Uint8Array));
    if (state === 'DATA' || (state === 'UNDELEGATED' && after.granuleState(at) === 'UNDELEGATED'))
      found.push(stretch());
    else if (state !== 'RTT') found.push({ root: 'Granule', args: [at], path: ['content'], from: 'old', to: 'new' });
  }
  return found;
}

function gptDifferences(before: State, after: State, frame: number, bytes: readonly number[]): readonly Difference[] {
  const found: Difference[] = [];
  for (const index of new Set(bytes.map((i) => Math.floor(i / 8)))) {
    const granules = after.granulesOfGpt(frame, index);
    for (const addr of granules) {
      const [from, to] = [String(before.gpt(addr)), String(after.gpt(addr))];
      if (from !== to) found.push({ root: 'Granule', args: [addr], path: ['gpt'], from, to });
    }
  }
  return found;
}

/** Entries whose descriptors differ; what they mean is told as far as the table is part of a Realm. */
function entryDifferences(
  before: State,
  table: bigint,
  old: Readonly<Uint8Array>,
  now: Readonly<Uint8Array>,
): readonly Difference[] {
  const info = before.tables().get(table);
  const lpa2 = info !== undefined && before.realms.get(info.rd)?.lpa2 === true;
  const [a, b] = [old, now].map((page) => new DataView(page.buffer, page.byteOffset)) as [DataView, DataView];
  const found: Difference[] = [];
  for (let i = 0; i < ENTRIES; i++) {
    const [from, to] = [a.getBigUint64(8 * i, true), b.getBigUint64(8 * i, true)];
    if (from === to) continue;
    const show = (word: bigint): string => text(entryFields(word, info?.level ?? 3, lpa2));
    found.push({ root: 'RttEntry', args: [table, BigInt(i)], path: [], from: show(from), to: show(to) });
  }
  return found;
}

/** Whether one of the locations covers a difference. */
export function isAllowed(difference: Difference, locations: readonly Location[], before: State): boolean {
  return locations.some((location) => covers(location, difference, before));
}

function covers(location: Location, { root, args, path }: Difference, before: State): boolean {
  const [at] = args as [bigint];
  const [a = -1n] = location.args;
  switch (location.root) {
    case 'Granule':
      // A granule whose state may change may change its contents, entries of a table among them.
      if (a !== (root === MEMORY ? at - (at % FRAME) : at)) return false;
      if (root === 'Granule')
        return path[0] === location.path[0] || (path[0] === 'content' && location.path[0] === 'state');
      return (root === 'RttEntry' || root === MEMORY) && location.path[0] === 'state';
    case 'RttEntry':
      return root === 'RttEntry' && a === at && location.args[1] === args[1];
    case 'Rec':
      // A token that is done takes its challenge along.
      if (location.path[0] === 'attest_state' && path[0] === 'attest_challenge') return root === 'Rec' && a === at;
      return root === 'Rec' && a === at && location.path.every((step, i) => path[i] === step);
    case 'Realm':
      return root === location.root && a === at && location.path.every((step, i) => path[i] === step);
    case 'RecRun':
      return root === MEMORY && at >= a + 0x800n && (args[1] as bigint) <= a + 0x1000n;
    case MEMORY:
      return root === MEMORY && at >= a && (args[1] as bigint) <= (location.args[1] as bigint);
    case 'RealmExecution':
      if (root === 'Realm') return a === at && (path[0] === 'state' || (path[0] === 'measurements' && path[1] !== '0'));
      return root === MEMORY && isMapped(before, a, at);
    default:
      return false;
  }
}

/** Whether a Realm can reach an address: in a Data granule of its own, or mapped at an Unprotected IPA. */
function isMapped(state: State, rd: bigint, at: bigint): boolean {
  for (const [table, { rd: owner, level }] of state.tables()) {
    if (BigInt(owner) !== rd || level < 1) continue;
    for (let i = 0; i < ENTRIES; i++) {
      const { state: kind, addr } = state.entryOf(table, i) ?? {};
      if (kind !== 'ASSIGNED' && kind !== 'ASSIGNED_NS') continue;
      if (at >= (addr as bigint) && at < (addr as bigint) + entrySize(level)) return true;
    }
  }
  return false;
}
