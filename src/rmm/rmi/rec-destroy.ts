import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';

/** Destroys a REC that is not running, whatever it waits for. */
export const recDestroy = rmi({
  name: 'RMI_REC_DESTROY',
  fid: Fid.RMI_REC_DESTROY,
  context: (call) => ({ call, rec: toPa(call.args.number(1)) }),

  // prettier-ignore
  failures: [
    { id: 'rec_align',      error: 'RMI_ERROR_INPUT', when: ({ rec }) => !isGranuleAligned(rec) },
    { id: 'rec_bound',      error: 'RMI_ERROR_INPUT', when: ({ call, rec }) => !call.isDelegable(rec) },
    { id: 'rec_gran_state', error: 'RMI_ERROR_INPUT', when: ({ call, rec }) => !call.isIn(rec, GranuleState.REC) },
    { id: 'rec_state',      error: 'RMI_ERROR_REC',   when: ({ call, rec }) => call.rec(rec).isRunning },
  ],

  effect({ call, rec: pa }) {
    const rec = call.rec(pa);
    const { realm } = rec;
    for (const granule of [pa, ...rec.config.aux]) {
      call.wipe(granule);
      call.move(granule, GranuleState.DELEGATED);
    }
    call.rmm.removeRec(rec);
    realm.numRecs--;
  },
});
