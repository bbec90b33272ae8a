import { GRANULE_SIZE, isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { assert } from '../../base/assert.ts';
import { lazy } from '../../base/lazy.ts';
import { rmi } from '../command.ts';
import type { RmmFeatures } from '../features.ts';
import { GranuleState } from '../granule.ts';
import { type HashAlgo, Realm } from '../realm.ts';
import { Hipas, Ripas, entrySize, scratch } from '../rtt.ts';
import { RealmFlag, type RealmParams, measuredRealmParams, realmParams } from '../structures.ts';

/** What stands for a page that could not be read; `params_pas` is the row that says so. */
const NO_PAGE = new Uint8Array(0);
const WIDTH_MIN = 32;
const TABLES_MAX = 16;
/** Level 0 needs a PA range of at least 44 bits. */
const LEVEL0_PA_BITS = 44;

/** Creates a Realm: an RD and its starting-level tables. */
export const realmCreate = rmi({
  name: 'RMI_REALM_CREATE',
  fid: Fid.RMI_REALM_CREATE,

  context(call) {
    const ptr = toPa(call.args.number(2));
    // Copied once; every row below looks at the copy.
    const page = lazy(() => call.copyFromHost(ptr) ?? NO_PAGE);
    const params = lazy(() => realmParams(page()));
    return { call, rd: toPa(call.args.number(1)), ptr, page, params };
  },

  // prettier-ignore
  failures: [
    { id: 'params_align',  error: 'RMI_ERROR_INPUT', when: ({ ptr }) => !isGranuleAligned(ptr) },
    { id: 'params_bound',  error: 'RMI_ERROR_INPUT', when: ({ call, ptr }) => !call.isDelegable(ptr) },
    { id: 'params_pas',    error: 'RMI_ERROR_INPUT', when: ({ call, ptr, page }) => !call.isNonSecure(ptr) || page() === NO_PAGE },
    { id: 'params_valid',  error: 'RMI_ERROR_INPUT', when: ({ params }) => !isValid(params()) },
    { id: 'params_supp',   error: 'RMI_ERROR_INPUT', when: ({ call, params }) => !isSupported(params(), call.rmm.features) },
    { id: 'rtt_num_level', error: 'RMI_ERROR_INPUT', when: ({ call, params }) => !fitsLevels(params(), call.rmm.paBits) },
    { id: 'vmid_valid',    error: 'RMI_ERROR_INPUT', when: ({ call, params }) => call.rmm.isVmidUsed(params().vmid) },
    { id: 'alias',         error: 'RMI_ERROR_INPUT', when: ({ rd, params }) => isAlias(rd, params()) },
    { id: 'rd_align',      error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',      error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',      error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.DELEGATED) },
    { id: 'rtt_align',     error: 'RMI_ERROR_INPUT', when: ({ params }) => params().rttBase % (params().rttNumStart * GRANULE_SIZE) !== 0 },
    { id: 'rtt_state',     error: 'RMI_ERROR_INPUT', when: ({ call, params }) => startTables(params()).some((pa) => !call.isDelegable(pa) || !call.isIn(pa, GranuleState.DELEGATED)) },
  ],

  effect({ call, rd, page, params }) {
    const p = params();
    const hashAlgo: HashAlgo = p.hashAlgo === 0 ? 'SHA_256' : 'SHA_512';
    const realm = new Realm({
      rd,
      ipaBits: p.s2sz,
      lpa2: (p.flags & RealmFlag.lpa2) !== 0n,
      hashAlgo,
      rttBase: toPa(p.rttBase),
      startLevel: Number(p.rttLevelStart),
      numStart: p.rttNumStart,
      vmid: p.vmid,
      rpv: p.rpv,
      pmuNumCtrs: (p.flags & RealmFlag.pmu) !== 0n ? p.pmuNumCtrs : undefined,
    });
    const [, ...rems] = realm.measurements;
    realm.measurements = [call.rmm.measurer.hash(hashAlgo, measuredRealmParams(page())), ...rems];
    for (const pa of startTables(p)) call.move(pa, GranuleState.RTT);
    call.move(rd, GranuleState.RD);
    call.rmm.addRealm(realm);
    // A DELEGATED granule is all zeros, which reads as UNASSIGNED and EMPTY: only the Unprotected half is written.
    const entry = { ...scratch(), hipas: Hipas.UNASSIGNED_NS, ripas: Ripas.EMPTY };
    const { startLevel, lpa2, rttBase } = realm.config;
    const first = realm.protectedEnd / entrySize(startLevel);
    const end = realm.ipaEnd / entrySize(startLevel);
    assert(Number.isInteger(first), 'the halves of the IPA space meet between two entries');
    // Concatenated tables lie one behind the other.
    call.rtt.fillRun(rttBase, first, end - first, startLevel, lpa2, entry);
  },
});

/** Encodings: flags without reserved bits are not asked for; the hash algorithm is one there is; widths are possible. */
const isValid = (p: RealmParams): boolean => (p.hashAlgo === 0 || p.hashAlgo === 1) && p.s2sz <= 52;

function isSupported(p: RealmParams, f: RmmFeatures): boolean {
  const lpa2 = (p.flags & RealmFlag.lpa2) !== 0n;
  if (lpa2 && !f.lpa2) return false;
  if (p.s2sz < WIDTH_MIN || p.s2sz > f.s2sz || (!lpa2 && p.s2sz > 48)) return false;
  if (p.numBps === 0 || p.numBps > f.numBps || p.numWps === 0 || p.numWps > f.numWps) return false;
  if ((p.flags & RealmFlag.sve) !== 0n && (f.sveVl === undefined || p.sveVl > f.sveVl)) return false;
  if (
    (p.flags & RealmFlag.pmu) !== 0n &&
    (f.pmuNumCtrs === undefined || p.pmuNumCtrs > f.pmuNumCtrs || p.pmuNumCtrs === 0)
  )
    return false;
  return true;
}

/** Starting level, width and number of concatenated tables fit together. RMM 1.0 section 6.2. */
function fitsLevels(p: RealmParams, paBits: number): boolean {
  const lpa2 = (p.flags & RealmFlag.lpa2) !== 0n;
  const start = Number(p.rttLevelStart);
  if (p.rttLevelStart > 3n || p.rttLevelStart < (lpa2 ? -1n : 0n)) return false;
  if (start === 0 && paBits < LEVEL0_PA_BITS) return false;
  const min = 9 * (3 - start) + 13;
  const max = start === -1 ? min + 3 : min + 8 + (start > 0 || lpa2 ? 4 : 0);
  if (p.s2sz < min || p.s2sz > max) return false;
  const single = 9 * (3 - start) + 21;
  const tables = p.s2sz <= single ? 1 : 2 ** (p.s2sz - single);
  return tables <= TABLES_MAX && p.rttNumStart === tables;
}

/** rd from the first to the last starting table, both included. */
const isAlias = (rd: number, p: RealmParams): boolean =>
  rd >= p.rttBase && rd <= p.rttBase + (p.rttNumStart - 1) * GRANULE_SIZE;

const startTables = (p: RealmParams): readonly number[] =>
  Array.from({ length: p.rttNumStart }, (_, i) => p.rttBase + i * GRANULE_SIZE);
