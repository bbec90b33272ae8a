import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { lazy } from '../../base/lazy.ts';
import { rmi } from '../command.ts';
import { enterRecord, isGicValid } from '../enter-record.ts';
import { REC_EXIT_SIZE } from '../exit-record.ts';
import { GranuleState } from '../granule.ts';
import { enter, takesInjectedSea } from '../rec-run.ts';

/** RmiRecEnter is as large as RmiRecExit and lies before it. */
const REC_ENTER_SIZE = REC_EXIT_SIZE;
const NO_PAGE = new Uint8Array(0);

/** Runs a REC until something needs the Host. Entry is one activation, exit another: other PEs interleave. */
export const recEnter = rmi({
  name: 'RMI_REC_ENTER',
  fid: Fid.RMI_REC_ENTER,

  context(call) {
    const [rec, run] = [toPa(call.args.number(1)), toPa(call.args.number(2))];
    // The enter part is read once.
    const page = lazy(() => call.pe.nonSecure.readBytes(run, REC_ENTER_SIZE) ?? NO_PAGE);
    return { call, rec, run, page, record: lazy(() => enterRecord(page())) };
  },

  // prettier-ignore
  failures: [
    { id: 'run_align',      error: 'RMI_ERROR_INPUT', when: ({ run }) => !isGranuleAligned(run) },
    { id: 'run_bound',      error: 'RMI_ERROR_INPUT', when: ({ call, run }) => !call.isDelegable(run) },
    { id: 'run_pas',        error: 'RMI_ERROR_INPUT', when: ({ call, run, page }) => !call.isNonSecure(run) || page() === NO_PAGE },
    { id: 'rec_align',      error: 'RMI_ERROR_INPUT', when: ({ rec }) => !isGranuleAligned(rec) },
    { id: 'rec_bound',      error: 'RMI_ERROR_INPUT', when: ({ call, rec }) => !call.isDelegable(rec) },
    { id: 'rec_gran_state', error: 'RMI_ERROR_INPUT', when: ({ call, rec }) => !call.isIn(rec, GranuleState.REC) },
    { id: 'rec_state',      error: 'RMI_ERROR_REC',   when: ({ call, rec }) => call.rec(rec).isRunning },
    { id: 'realm_new',      error: 'RMI_ERROR_REALM', when: ({ call, rec }) => call.rec(rec).realm.state === 'REALM_NEW', index: () => 0 },
    { id: 'system_off',     error: 'RMI_ERROR_REALM', when: ({ call, rec }) => call.rec(rec).realm.state === 'REALM_SYSTEM_OFF', index: () => 1 },
    { id: 'rec_runnable',   error: 'RMI_ERROR_REC',   when: ({ call, rec }) => !call.rec(rec).isRunnable },
    { id: 'rec_psci',       error: 'RMI_ERROR_REC',   when: ({ call, rec }) => call.rec(rec).psciPending !== undefined },
    { id: 'rec_gicv3',      error: 'RMI_ERROR_REC',   when: ({ call, record }) => !isGicValid(record(), call.rmm.features.gicv3NumLrs + 1) },
    // Only with the switch that makes this RMM as strict as TF-RMM here; the specification ignores the flag then (appendix A row 5).
    { id: 'rec_sea',        error: 'RMI_ERROR_REC',   when: ({ call, rec, record }) => call.rmm.features.seaNeedsAbort && record().injectSea && !call.rec(rec).lastExit.unprotectedAbort },
    // An injected abort takes precedence: then the value for an emulated access is not looked at.
    { id: 'rec_mmio',       error: 'RMI_ERROR_REC',   when: ({ call, rec, record }) => record().emulMmio && !call.rec(rec).lastExit.emulatable && !takesInjectedSea(call.rec(rec), record()) },
  ],

  effect: ({ call, rec, run, record }) => enter(call, call.rec(rec), run, record()),
});
