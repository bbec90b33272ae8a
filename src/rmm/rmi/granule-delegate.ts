import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Gpi } from '../../arch/gpi.ts';
import { Fid } from '../../arch/smccc.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';

/** Hands a Non-secure granule to the Realm world. */
export const granuleDelegate = rmi({
  name: 'RMI_GRANULE_DELEGATE',
  fid: Fid.RMI_GRANULE_DELEGATE,
  context: (call) => ({ call, addr: toPa(call.args.number(1)) }),

  // prettier-ignore
  failures: [
    { id: 'gran_align', error: 'RMI_ERROR_INPUT', when: ({ addr }) => !isGranuleAligned(addr) },
    { id: 'gran_bound', error: 'RMI_ERROR_INPUT', when: ({ call, addr }) => !call.isDelegable(addr) },
    { id: 'gran_state', error: 'RMI_ERROR_INPUT', when: ({ call, addr }) => !call.isIn(addr, GranuleState.UNDELEGATED) },
    { id: 'gran_gpt',   error: 'RMI_ERROR_INPUT', when: ({ call, addr }) => call.pe.el3.gpi(addr) !== Gpi.NonSecure },
  ],

  effect({ call, addr }) {
    call.transition(Fid.RMM_GTSI_DELEGATE, addr);
    call.move(addr, GranuleState.DELEGATED);
    call.wipe(addr);
  },
});
