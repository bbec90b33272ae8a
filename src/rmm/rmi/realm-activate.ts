import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';

/** Finishes construction: the RIM is frozen, and RECs may run. */
export const realmActivate = rmi({
  name: 'RMI_REALM_ACTIVATE',
  fid: Fid.RMI_REALM_ACTIVATE,
  context: (call) => ({ call, rd: toPa(call.args.number(1)) }),

  // prettier-ignore
  failures: [
    { id: 'rd_align',    error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
    { id: 'realm_state', error: 'RMI_ERROR_REALM', when: ({ call, rd }) => call.realm(rd).state !== 'REALM_NEW' },
  ],

  effect({ call, rd }) {
    const realm = call.realm(rd);
    realm.move('REALM_ACTIVE');
  },
});
