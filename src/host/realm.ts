// A hypervisor's way with Realms: build one from an image and a layout, and take it down again. It knows only the ABI.

import { GRANULE, HostError, type Step, must, write, writeBytes } from './abi.ts';

/** Where a host takes its granules from: never the same one twice until it is given back. */
export class GranulePool {
  readonly #end: number;
  #next: number;
  readonly #returned: number[] = [];

  constructor(base: number, size: number) {
    this.#next = base;
    this.#end = base + size;
  }

  /** A granule; with `align`, the first of so many contiguous fresh ones, aligned to their size. */
  take(align = 1): number {
    const again = align === 1 ? this.#returned.pop() : undefined;
    if (again !== undefined) return again;
    while (this.#next % (align * GRANULE) !== 0) {
      this.#returned.push(this.#next);
      this.#next += GRANULE;
    }
    const pa = this.#next;
    this.#next += align * GRANULE;
    if (this.#next > this.#end) throw new HostError('the host is out of granules');
    return pa;
  }

  give(pa: number): void {
    this.#returned.push(pa);
  }
}

/** Part of a Realm's memory with contents. */
export type Image = { readonly ipa: number; readonly bytes: Uint8Array; readonly isMeasured?: boolean };

/** Parameters of a Realm that say what its vCPUs have, as fields of RmiRealmParams. */
export type RealmFeatures = {
  readonly flags: bigint;
  readonly sveVl: number;
  readonly numBps: number;
  readonly numWps: number;
  readonly pmuNumCtrs: number;
};

/** What a host asks for when nobody says otherwise. */
export const plainFeatures: RealmFeatures = { flags: 0n, sveVl: 0, numBps: 5, numWps: 3, pmuNumCtrs: 0 };

/** What a Realm is to look like. */
export type RealmLayout = {
  readonly features?: RealmFeatures;
  readonly ipaBits?: number;
  readonly hash?: 'sha-256' | 'sha-512';
  readonly vmid: number;
  readonly startLevel?: number;
  readonly rpv?: Uint8Array;
  /** RAM whose contents are unspecified. */
  readonly ram?: readonly { readonly base: number; readonly size: number }[];
  readonly images?: readonly Image[];
  readonly vcpus: readonly { readonly entry: number; readonly isRunnable?: boolean; readonly x?: readonly bigint[] }[];
};

/** A vCPU as its host knows it. */
export type Vcpu = {
  readonly rec: number;
  readonly run: number;
  readonly aux: readonly number[];
  readonly index: number;
};

/** A Realm as its host knows it. */
export type HostedRealm = {
  readonly layout: RealmLayout;
  readonly ipaBits: number;
  readonly startLevel: number;
  readonly rd: number;
  readonly rttBase: number;
  readonly rttCount: number;
  /** Tables by `level:ipa`. */
  readonly tables: Map<string, number>;
  /** Data granules by IPA. */
  readonly data: Map<number, number>;
  readonly shared: Map<number, number>;
  readonly vcpus: Vcpu[];
};

const entrySize = (level: number): number => 2 ** (12 + 9 * (3 - level));

export class Host {
  readonly pool: GranulePool;

  constructor(pool: GranulePool) {
    this.pool = pool;
  }

  /** A granule of the Realm world. */
  *delegate(): Step<number> {
    const pa = this.pool.take();
    yield* must('RMI_GRANULE_DELEGATE', pa);
    return pa;
  }

  *undelegate(pa: number): Step<void> {
    yield* must('RMI_GRANULE_UNDELEGATE', pa);
    this.pool.give(pa);
  }

  /** Builds a Realm up to the point where it only has to be activated. */
  *create(layout: RealmLayout): Step<HostedRealm> {
    const { ipaBits = 40, hash = 'sha-256', vmid, rpv, ram = [], images = [], vcpus } = layout;
    const startLevel = layout.startLevel ?? (ipaBits > 43 ? 0 : 1);
    const single = 9 * (3 - startLevel) + 21;
    const rttCount = ipaBits > single ? 2 ** (ipaBits - single) : 1;
    const rttBase = this.pool.take(rttCount);
    for (let i = 0; i < rttCount; i++) yield* must('RMI_GRANULE_DELEGATE', rttBase + i * GRANULE);
    const rd = yield* this.delegate();
    const params = yield* this.#page();
    const { flags, sveVl, numBps, numWps, pmuNumCtrs } = layout.features ?? plainFeatures;
    yield* write(params + 0x000, flags);
    yield* write(params + 0x008, ipaBits, 1);
    yield* write(params + 0x010, sveVl, 1);
    yield* write(params + 0x018, numBps, 1);
    yield* write(params + 0x020, numWps, 1);
    yield* write(params + 0x028, pmuNumCtrs, 1);
    yield* write(params + 0x030, hash === 'sha-256' ? 0 : 1, 1);
    if (rpv !== undefined) yield* writeBytes(params + 0x400, rpv);
    yield* write(params + 0x800, vmid, 2);
    yield* write(params + 0x808, rttBase);
    yield* write(params + 0x810, startLevel);
    yield* write(params + 0x818, rttCount, 4);
    yield* must('RMI_REALM_CREATE', rd, params);
    this.pool.give(params);
    const realm: HostedRealm = {
      layout,
      ipaBits,
      startLevel,
      rd,
      rttBase,
      rttCount,
      tables: new Map(),
      data: new Map(),
      shared: new Map(),
      vcpus: [],
    };
    for (const { base, size } of ram) yield* this.initRipas(realm, base, base + size);
    for (const image of images) yield* this.populate(realm, image);
    for (const vcpu of vcpus) yield* this.createVcpu(realm, vcpu);
    return realm;
  }

  *activate(realm: HostedRealm): Step<void> {
    yield* must('RMI_REALM_ACTIVATE', realm.rd);
  }

  /** Tables for an IPA down to a level, as far as they are missing. */
  *mapTables(realm: HostedRealm, ipa: number, level: number): Step<void> {
    for (let l = realm.startLevel + 1; l <= level; l++) {
      const base = ipa - (ipa % entrySize(l - 1));
      const key = `${l}:${base}`;
      if (realm.tables.has(key)) continue;
      const rtt = yield* this.delegate();
      yield* must('RMI_RTT_CREATE', realm.rd, rtt, base, l);
      realm.tables.set(key, rtt);
    }
  }

  /** RIPAS RAM for a range, with the largest entries that fit. */
  *initRipas(realm: HostedRealm, base: number, top: number): Step<void> {
    for (let at = base; at < top;) {
      const level = at % entrySize(2) === 0 && at + entrySize(2) <= top ? 2 : 3;
      yield* this.mapTables(realm, at, level);
      const x = yield* must('RMI_RTT_INIT_RIPAS', realm.rd, at, top);
      at = Number(x[1]);
    }
  }

  /** Contents, page by page. */
  *populate(realm: HostedRealm, { ipa, bytes, isMeasured = true }: Image): Step<void> {
    const source = this.pool.take();
    for (let at = 0; at < bytes.length; at += GRANULE) {
      const page = new Uint8Array(GRANULE);
      page.set(bytes.subarray(at, at + GRANULE));
      yield* writeBytes(source, page);
      yield* this.mapTables(realm, ipa + at, 3);
      const data = yield* this.delegate();
      yield* must('RMI_DATA_CREATE', realm.rd, data, ipa + at, source, isMeasured ? 1 : 0);
      realm.data.set(ipa + at, data);
    }
    this.pool.give(source);
  }

  /** A page with unspecified contents, as for a fault of the Realm. */
  *populateUnknown(realm: HostedRealm, ipa: number): Step<void> {
    yield* this.mapTables(realm, ipa, 3);
    const data = yield* this.delegate();
    yield* must('RMI_DATA_CREATE_UNKNOWN', realm.rd, data, ipa);
    realm.data.set(ipa, data);
  }

  /** Non-secure memory at an Unprotected IPA: Normal write-back, read and write. */
  *share(realm: HostedRealm, ipa: number, pa: number): Step<void> {
    yield* this.mapTables(realm, ipa, 3);
    yield* must('RMI_RTT_MAP_UNPROTECTED', realm.rd, ipa, 3, BigInt(pa) | 0xd8n);
    realm.shared.set(ipa, pa);
  }

  *createVcpu(realm: HostedRealm, vcpu: RealmLayout['vcpus'][number]): Step<Vcpu> {
    const index = realm.vcpus.length;
    const [, count] = yield* must('RMI_REC_AUX_COUNT', realm.rd);
    const rec = yield* this.delegate();
    const aux: number[] = [];
    for (let i = 0; i < Number(count); i++) aux.push(yield* this.delegate());
    const params = yield* this.#page();
    yield* write(params + 0x000, vcpu.isRunnable === false ? 0 : 1);
    yield* write(params + 0x100, mpidrOf(index));
    yield* write(params + 0x200, vcpu.entry);
    for (const [n, value] of (vcpu.x ?? []).entries()) yield* write(params + 0x300 + 8 * n, value);
    yield* write(params + 0x800, aux.length);
    for (const [i, pa] of aux.entries()) yield* write(params + 0x808 + 8 * i, pa);
    yield* must('RMI_REC_CREATE', realm.rd, rec, params);
    this.pool.give(params);
    const made = { rec, run: yield* this.#page(), aux, index };
    realm.vcpus.push(made);
    return made;
  }

  /** Takes a Realm down: everything it had is the host's again, and empty. */
  *destroy(realm: HostedRealm): Step<void> {
    for (const { rec, run, aux } of realm.vcpus) {
      yield* must('RMI_REC_DESTROY', rec);
      for (const pa of [rec, ...aux]) yield* this.undelegate(pa);
      this.pool.give(run);
    }
    for (const [ipa, pa] of realm.data) {
      yield* must('RMI_DATA_DESTROY', realm.rd, ipa);
      yield* this.undelegate(pa);
    }
    const tables = [...realm.tables].map(([key, pa]) => {
      const [level, ipa] = key.split(':').map(Number) as [number, number];
      return { level, ipa, pa };
    });
    for (const { level, ipa, pa } of tables.sort((a, b) => b.level - a.level)) {
      yield* must('RMI_RTT_DESTROY', realm.rd, ipa, level);
      yield* this.undelegate(pa);
    }
    yield* must('RMI_REALM_DESTROY', realm.rd);
    yield* this.undelegate(realm.rd);
    for (let i = 0; i < realm.rttCount; i++) yield* this.undelegate(realm.rttBase + i * GRANULE);
  }

  /** A page of the host's own, zeroed. */
  *#page(): Step<number> {
    const pa = this.pool.take();
    yield* writeBytes(pa, new Uint8Array(GRANULE));
    return pa;
  }
}

/** RmiRecMpidr of the n-th REC. */
const mpidrOf = (index: number): number =>
  (index & 0xf) + 2 ** 8 * ((index >> 4) & 0xff) + 2 ** 16 * ((index >> 12) & 0xff) + 2 ** 24 * ((index >> 20) & 0xff);
