import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { assert } from '../../base/assert.ts';
import { lazy } from '../../base/lazy.ts';
import { rmi } from '../command.ts';
import { REC_AUX_COUNT } from '../features.ts';
import { GranuleState } from '../granule.ts';
import { Rec, recIndexOf } from '../rec.ts';
import { AUX_MAX, type RecParams, measuredRecParams, recParams } from '../structures.ts';

const NO_PAGE = new Uint8Array(0);
const RUNNABLE = 1n;

/** Creates a REC, a virtual CPU, in a Realm under construction. */
export const recCreate = rmi({
  name: 'RMI_REC_CREATE',
  fid: Fid.RMI_REC_CREATE,

  context(call) {
    const ptr = toPa(call.args.number(3));
    const page = lazy(() => call.copyFromHost(ptr) ?? NO_PAGE);
    const params = lazy(() => recParams(page()));
    return { call, rd: toPa(call.args.number(1)), rec: toPa(call.args.number(2)), ptr, page, params };
  },

  // prettier-ignore
  failures: [
    { id: 'params_align', error: 'RMI_ERROR_INPUT', when: ({ ptr }) => !isGranuleAligned(ptr) },
    { id: 'params_bound', error: 'RMI_ERROR_INPUT', when: ({ call, ptr }) => !call.isDelegable(ptr) },
    { id: 'params_pas',   error: 'RMI_ERROR_INPUT', when: ({ call, ptr, page }) => !call.isNonSecure(ptr) || page() === NO_PAGE },
    // An entry that there is no room for has no address either: more than sixteen are refused before the Realm is looked at.
    { id: 'aux_align',    error: 'RMI_ERROR_INPUT', when: ({ params }) => params().numAux > BigInt(AUX_MAX) || aux(params()).some((pa) => !isGranuleAligned(toPa(pa))) },
    { id: 'aux_alias',    error: 'RMI_ERROR_INPUT', when: ({ rec, params }) => new Set([rec, ...aux(params())]).size !== 1 + aux(params()).length },
    { id: 'aux_state',    error: 'RMI_ERROR_INPUT', when: ({ call, params }) => aux(params()).some((pa) => !call.isDelegable(pa) || !call.isIn(pa, GranuleState.DELEGATED)) },
    { id: 'rec_align',    error: 'RMI_ERROR_INPUT', when: ({ rec }) => !isGranuleAligned(rec) },
    { id: 'rec_bound',    error: 'RMI_ERROR_INPUT', when: ({ call, rec }) => !call.isDelegable(rec) },
    { id: 'rec_state',    error: 'RMI_ERROR_INPUT', when: ({ call, rec }) => !call.isIn(rec, GranuleState.DELEGATED) },
    { id: 'rd_align',     error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',     error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',     error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
    { id: 'num_recs',     error: 'RMI_ERROR_REALM', when: ({ call, rd }) => call.realm(rd).numRecs >= 2 ** call.rmm.features.maxRecsOrder - 1 },
    { id: 'realm_state',  error: 'RMI_ERROR_REALM', when: ({ call, rd }) => call.realm(rd).state !== 'REALM_NEW' },
    { id: 'mpidr_index',  error: 'RMI_ERROR_INPUT', when: ({ call, rd, params }) => recIndexOf(params().mpidr) !== call.realm(rd).recIndex },
    { id: 'num_aux',      error: 'RMI_ERROR_INPUT', when: ({ params }) => params().numAux !== BigInt(REC_AUX_COUNT) },
  ],

  effect({ call, rd, rec, page, params }) {
    const realm = call.realm(rd);
    const p = params();
    const isRunnable = (p.flags & RUNNABLE) !== 0n;
    call.rmm.addRec(new Rec({ pa: rec, realm, index: realm.recIndex, aux: aux(p) }, p, isRunnable));
    call.move(rec, GranuleState.REC);
    for (const pa of aux(p)) call.move(pa, GranuleState.REC_AUX);
    realm.recIndex++;
    realm.numRecs++;
    if (!isRunnable) return;
    const [rim, ...rems] = realm.measurements;
    assert(rim !== undefined, 'a Realm has a RIM');
    realm.measurements = [call.rmm.measurer.extendRec(realm.config.hashAlgo, rim, measuredRecParams(page())), ...rems];
  },
});

/** The entries of aux that count. */
const aux = (p: RecParams): readonly number[] => p.aux.slice(0, Number(p.numAux));
