// The functions of specs/rmm-1.0/vocabulary.json that speak of the state, over the abstract state of this folder.

import type { Value } from '../../spec/evaluate.ts';
import { pureFunctions } from '../../spec/functions.ts';
import { digest, extendRem, extendRim, measuredParams } from './measure.ts';
import { ENTRIES, type State, entrySize } from './state.ts';
import { type Fields, bytesOf, bytesValue, doublewordBytes, structureValue } from './values.ts';

/** What conditions are evaluated in. */
export type Setting = {
  /** The state that functions look at, and the one before the command. */
  readonly state: State;
  readonly before: State;
  readonly constants: Fields;
  readonly recAuxCount: bigint;
  readonly tokenSizeBound: bigint;
  /** What another agent did to the Host's page while the command ran. */
  readonly interference: Interference;
  /** The REC whose Realm made the call. */
  readonly currentRec?: bigint | undefined;
  readonly recAtEntry?: Fields | undefined;
  readonly entry?: Fields | undefined;
  readonly exit?: Fields | undefined;
  readonly callFid?: bigint | undefined;
};

export type Interference = {
  /** Contents that the RMM read instead of those before the command. */
  readonly pages?: ReadonlyMap<bigint, Uint8Array>;
  /** Pages that went away between the check and the access. */
  readonly faults?: ReadonlySet<bigint>;
  readonly tokenInitFails?: boolean;
  readonly tokenContinueFails?: boolean;
};

type Functions = Readonly<Record<string, (args: readonly Value[]) => Value>>;
const PAGE = 4096n;
const LEVEL_MAX = 3n;
const LPI_END = 65_536n;

export function functionsOf(setting: Setting): Functions {
  const { state, before, interference } = setting;
  const int = (value: Value): bigint => value as bigint;
  const isGranule = (addr: bigint): boolean => addr % PAGE === 0n && state.isDelegable(addr);
  const current = (): Fields | undefined =>
    setting.currentRec === undefined ? undefined : state.rec(setting.currentRec);
  const rd = (): bigint => int(current()?.['owner']);

  /** The Host's page as the RMM read it. */
  const pageRead = (addr: bigint): Readonly<Uint8Array> | undefined =>
    interference.pages?.get(addr) ?? before.page(addr);
  const isHostPage = (addr: bigint): boolean =>
    addr % PAGE === 0n && before.isDelegable(addr) && ['GPT_NS', 'GPT_AAP'].includes(before.gpt(addr) as string);
  const hostPage = (addr: bigint): Readonly<Uint8Array> | undefined => (isHostPage(addr) ? pageRead(addr) : undefined);
  const realmBytes = (ipa: bigint, size: bigint): Readonly<Uint8Array> | undefined => {
    const pa = current() === undefined ? undefined : state.realmPage(rd(), ipa);
    const page = pa === undefined ? undefined : state.page(pa);
    const offset = Number(ipa % PAGE);
    return page?.subarray(offset, offset + Number(size));
  };
  const walk = (at: bigint, ipa: bigint, level: bigint): Fields | undefined => {
    const found = state.walk(at, ipa, level);
    if (found === undefined) return undefined;
    const { table, index } = found;
    const lpa2 = state.realms.get(Number(at))?.lpa2 === true;
    return {
      level: BigInt(found.level),
      table,
      index: BigInt(index),
      rtte: state.entry(table, index, found.level, lpa2),
    };
  };

  /** First entry from the walk's on that ends a RIPAS change, as the address where it begins. */
  const rangeTop = (found: Fields, base: bigint, top: bigint, ends: (entry: Fields) => boolean): bigint => {
    const size = entrySize(Number(int(found['level'])));
    const table = int(found['table']);
    let at = base - (base % size);
    for (let i = Number(int(found['index'])); i < ENTRIES; i++, at += size) {
      if (at + size > top || ends(state.entryOf(table, i) ?? {})) break;
    }
    const limit = top - (top % size);
    return at < limit ? at : limit;
  };

  const own: Functions = {
    Rmm: () => setting.constants,
    PaIsDelegable: ([addr]) => state.isDelegable(int(addr)),
    Granule: ([addr]) =>
      isGranule(int(addr)) ? { state: state.granuleState(int(addr)), gpt: state.gpt(int(addr)) } : undefined,
    Realm: ([at]) => state.realm(int(at)),
    Rec: ([at]) => state.rec(int(at)),
    RttWalk: ([at, ipa, level]) => walk(int(at), int(ipa), int(level)),
    RttEntry: ([table, index]) => state.entryOf(int(table), Number(int(index))),
    RttIsLive: ([table]) => {
      if (state.granuleState(int(table)) !== 'RTT') return undefined;
      return entries(state, int(table)).some((entry) => ['ASSIGNED', 'TABLE'].includes(entry['state'] as string));
    },
    WalkTop: ([table, level, ipa]) => walkTop(state, int(table), Number(int(level)), int(ipa)),
    InitRipasTop: ([found, base, top]) =>
      rangeTop(
        found as Fields,
        int(base),
        int(top),
        ({ state: s, ripas }) => s !== 'UNASSIGNED' || ripas === 'DESTROYED',
      ),
    SetRipasTop: ([found, base, top, destroyed]) =>
      rangeTop(
        found as Fields,
        int(base),
        int(top),
        ({ state: s, ripas }) =>
          !['UNASSIGNED', 'ASSIGNED'].includes(s as string) ||
          (ripas === 'DESTROYED' && destroyed !== 'CHANGE_DESTROYED'),
      ),
    RangeHasRipas: ([at, base, top, ripas]) => {
      for (let ipa = int(base); ipa < int(top);) {
        const found = walk(int(at), ipa, LEVEL_MAX);
        if (found === undefined || (found['rtte'] as Fields)['ripas'] !== ripas) return false;
        const size = entrySize(Number(int(found['level'])));
        ipa += size - (ipa % size);
      }
      return true;
    },
    VmidIsUsed: ([vmid]) => [...state.realms.values()].some((realm) => BigInt(realm.vmid) === vmid),
    RecAuxCount: ([at]) => (state.realm(int(at)) === undefined ? undefined : setting.recAuxCount),
    GicIntidIsValid: ([intid]) => int(intid) < 1020n || (int(intid) >= 8192n && int(intid) < LPI_END),
    Content: ([addr]) => optional(state.page(int(addr)), bytesValue),
    IsWiped: ([addr]) => optional(state.page(int(addr)), (page) => page.every((byte) => byte === 0)),
    PageRead: ([addr]) => optional(hostPage(int(addr)), bytesValue),
    AccessFaults: ([addr]) => interference.faults?.has(int(addr)) ?? false,
    RealmParams: ([addr]) => params('RmiRealmParams', hostPage(int(addr))),
    RecParams: ([addr]) => params('RmiRecParams', hostPage(int(addr))),
    RecRun: ([addr]) => {
      const read = hostPage(int(addr));
      const now = state.page(int(addr));
      if (read === undefined || now === undefined) return undefined;
      return {
        enter: structureValue('RmiRecEnter', read.subarray(0, 0x800)),
        exit: structureValue('RmiRecExit', now.subarray(0x800, 0x1000)),
      };
    },
    RealmConfig: ([ipa]) => optional(realmBytes(int(ipa), PAGE), (bytes) => structureValue('RsiRealmConfig', bytes)),
    HostCall: ([ipa]) => optional(realmBytes(int(ipa), 256n), (bytes) => structureValue('RsiHostCall', bytes)),
    RealmBytes: ([ipa, size]) => optional(realmBytes(int(ipa), int(size)), bytesValue),
    Digest: ([algo, content]) => digest(algo, bytesOf(content as string)),
    RimInit: ([given]) => {
      const page = (given as Fields)['page'] as string;
      return measuredParams((given as Fields)['hash_algo'], 'RmiRealmParams', bytesOf(page));
    },
    RimExtendData: ([realm, ipa, flags, content]) =>
      extendRim((realm as Fields)['hash_algo'], rimOf(realm), 'RmmMeasurementDescriptorData', {
        ipa: int(ipa),
        flags: int(flags),
        content: content as readonly Value[],
      }),
    RimExtendRec: ([realm, given]) => {
      const algo = (realm as Fields)['hash_algo'];
      const page = bytesOf((given as Fields)['page'] as string);
      const content = measuredParams(algo, 'RmiRecParams', page);
      return extendRim(algo, rimOf(realm), 'RmmMeasurementDescriptorRec', { content });
    },
    RimExtendRipas: ([realm, base, top, level]) => {
      const size = entrySize(Number(int(level)));
      let rim = rimOf(realm);
      for (let at = int(base); at < int(top); at += size) {
        const range = { base: at, top: at + size };
        rim = extendRim((realm as Fields)['hash_algo'], rim, 'RmmMeasurementDescriptorRipas', range);
      }
      return rim;
    },
    RemExtend: ([realm, index, size, value]) => {
      const rem = ((realm as Fields)['measurements'] as readonly Value[])[Number(int(index))] as readonly Value[];
      const message = doublewordBytes(value as readonly Value[]).subarray(0, Number(int(size)));
      return extendRem((realm as Fields)['hash_algo'], rem, message);
    },
    CurrentRec: current,
    CurrentRealm: () => (current() === undefined ? undefined : state.realm(rd())),
    RecAtEntry: () => setting.recAtEntry,
    Entry: () => setting.entry,
    Exit: () => setting.exit,
    CallFid: () => setting.callFid,
    RealmExecution: () => undefined,
    TokenInitFails: () => interference.tokenInitFails ?? false,
    TokenContinueFails: () => interference.tokenContinueFails ?? false,
    TokenSizeBound: () => setting.tokenSizeBound,
    TokenBytes: ([offset, size]) => {
      const token = before.recs.get(Number(setting.currentRec ?? -1n))?.attest?.token;
      return optional(token, (bytes) =>
        bytesValue(bytes.subarray(Number(int(offset)), Number(int(offset) + int(size)))),
      );
    },
  };
  return { ...pureFunctions, ...own };
}

/** Parameters, with the page they were read from for the measurement of it. */
function params(name: 'RmiRealmParams' | 'RmiRecParams', page: Readonly<Uint8Array> | undefined): Value {
  return page === undefined ? undefined : { ...structureValue(name, page), page: bytesValue(page) };
}

const rimOf = (realm: Value): readonly Value[] =>
  ((realm as Fields)['measurements'] as readonly Value[])[0] as readonly Value[];

const entries = (state: State, table: bigint): readonly Fields[] =>
  Array.from({ length: ENTRIES }, (_, i) => state.entryOf(table, i) ?? {});

/** The IPA itself, the next live entry, or the end of the table; RMM 1.0 section 6.9. */
function walkTop(state: State, table: bigint, level: number, ipa: bigint): bigint {
  const size = entrySize(level);
  const isLive = (i: number): boolean =>
    ['ASSIGNED', 'ASSIGNED_NS', 'TABLE'].includes(state.entryOf(table, i)?.['state'] as string);
  const index = Number((ipa / size) % 512n);
  if (isLive(index)) return ipa;
  let next = index + 1;
  while (next < ENTRIES && !isLive(next)) next++;
  return ipa - (ipa % size) + BigInt(next - index) * size;
}

function optional<T>(value: T | undefined, then: (value: T) => Value): Value {
  return value === undefined ? undefined : then(value);
}
