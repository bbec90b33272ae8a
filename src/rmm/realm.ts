// A Realm: what its RD holds. The contents of an RD are invisible to everyone else, so they are an object keyed by its granule.

import type { Pa } from '../arch/address.ts';
import { assert } from '../base/assert.ts';

export type RealmState = 'REALM_NEW' | 'REALM_ACTIVE' | 'REALM_SYSTEM_OFF';

/** The Realm life cycle. */
// prettier-ignore
export const realmMoves = [
  ['REALM_NEW',    'RMI_REALM_ACTIVATE', 'REALM_ACTIVE'],
  ['REALM_ACTIVE', 'PSCI_SYSTEM_OFF',    'REALM_SYSTEM_OFF'],
  ['REALM_ACTIVE', 'PSCI_SYSTEM_RESET',  'REALM_SYSTEM_OFF'],
] as const satisfies readonly (readonly [RealmState, string, RealmState])[];

export type HashAlgo = 'SHA_256' | 'SHA_512';

/** What never changes after RMI_REALM_CREATE. */
export type RealmConfig = {
  readonly rd: Pa;
  readonly ipaBits: number;
  readonly lpa2: boolean;
  readonly hashAlgo: HashAlgo;
  readonly rttBase: Pa;
  readonly startLevel: number;
  readonly numStart: number;
  readonly vmid: number;
  readonly rpv: Uint8Array;
  readonly pmuNumCtrs: number | undefined;
};

export const MEASUREMENTS = 5;
export const MEASUREMENT_SIZE = 64;

export class Realm {
  readonly config: RealmConfig;
  state: RealmState = 'REALM_NEW';
  /** RIM at 0, REMs at 1 to 4; 64 bytes each, replaced and never changed in place. */
  measurements: readonly Uint8Array[];
  /** Index that the next REC has to carry. Only grows. */
  recIndex = 0;
  /** RECs that exist. */
  numRecs = 0;

  constructor(config: RealmConfig) {
    this.config = config;
    this.measurements = Array.from({ length: MEASUREMENTS }, () => new Uint8Array(MEASUREMENT_SIZE));
  }

  /** One past the largest IPA. */
  get ipaEnd(): number {
    return 2 ** this.config.ipaBits;
  }

  /** The first Unprotected IPA. */
  get protectedEnd(): number {
    return 2 ** (this.config.ipaBits - 1);
  }

  /** The next state of its life. Two RECs on two PEs may both switch it off. */
  move(to: RealmState): void {
    const isMove = realmMoves.some(([from, , next]) => from === this.state && next === to);
    assert(isMove || this.state === to, 'a Realm only makes moves of its life cycle');
    this.state = to;
  }

  data(): RealmData {
    const { config, state, measurements, recIndex, numRecs } = this;
    return { config, state, measurements, recIndex, numRecs };
  }

  static from(data: RealmData): Realm {
    const realm = new Realm(data.config);
    realm.state = data.state;
    realm.measurements = data.measurements;
    realm.recIndex = data.recIndex;
    realm.numRecs = data.numRecs;
    return realm;
  }
}

export type RealmData = {
  readonly config: RealmConfig;
  readonly state: RealmState;
  readonly measurements: readonly Uint8Array[];
  readonly recIndex: number;
  readonly numRecs: number;
};
