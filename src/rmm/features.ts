// What this RMM offers: RmiFeatureRegister0, and the limits that Realm parameters are held against. RMM 1.0 A4.1 and 4.2.

/** Limits, in the units of the feature register's fields. */
export type RmmFeatures = {
  /** Largest IPA width in bits. */
  readonly s2sz: number;
  readonly lpa2: boolean;
  readonly sveVl: number | undefined;
  readonly numBps: number;
  readonly numWps: number;
  readonly pmuNumCtrs: number | undefined;
  /** List Registers minus one. */
  readonly gicv3NumLrs: number;
  readonly maxRecsOrder: number;
  /** inject_sea without a fitting abort is an error, as in TF-RMM, and not ignored. */
  readonly seaNeedsAbort: boolean;
};

/** What a machine may have otherwise. */
export type FeatureChoice = {
  readonly s2sz?: number | undefined;
  readonly lpa2?: boolean | undefined;
  /** Vector length in units of 128 bits, minus one; left out: no SVE. */
  readonly sveVl?: number | undefined;
  readonly numBps?: number | undefined;
  readonly numWps?: number | undefined;
  readonly pmuNumCtrs?: number | undefined;
};

/** The features on a machine with a PA range. Simplified: a PMU with six counters, and no SVE, unless a machine has other ones. */
export function rmmFeatures(paBits: number, choice: FeatureChoice = {}): RmmFeatures {
  const lpa2 = paBits > 48;
  const chosen = Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== undefined));
  return {
    s2sz: Math.min(paBits, 52),
    lpa2,
    sveVl: undefined,
    numBps: 5,
    numWps: 3,
    pmuNumCtrs: 6,
    gicv3NumLrs: 15,
    maxRecsOrder: 10,
    seaNeedsAbort: false,
    ...chosen,
  };
}

/** RMI_FEATURES index 0. */
export function featureRegister0(f: RmmFeatures): number {
  let value = f.s2sz;
  const put = (at: number, field: number): void => {
    value += field * 2 ** at;
  };
  put(8, f.lpa2 ? 1 : 0);
  put(9, f.sveVl === undefined ? 0 : 1);
  put(10, f.sveVl ?? 0);
  put(14, f.numBps);
  put(20, f.numWps);
  put(26, f.pmuNumCtrs === undefined ? 0 : 1);
  put(27, f.pmuNumCtrs ?? 0);
  put(32, 1);
  put(33, 1);
  put(34, f.gicv3NumLrs);
  put(38, f.maxRecsOrder);
  return value;
}

/** Auxiliary granules that each REC needs. */
export const REC_AUX_COUNT = 16;
