import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { rmi } from '../command.ts';
import { REC_AUX_COUNT } from '../features.ts';
import { GranuleState } from '../granule.ts';

/** How many auxiliary granules each REC of a Realm needs. */
export const recAuxCount = rmi({
  name: 'RMI_REC_AUX_COUNT',
  fid: Fid.RMI_REC_AUX_COUNT,
  context: (call) => ({ call, rd: toPa(call.args.number(1)) }),

  // prettier-ignore
  failures: [
    { id: 'rd_align', error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound', error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state', error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
  ],

  effect: ({ call }) => call.out(1, REC_AUX_COUNT),
});
