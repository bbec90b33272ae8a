import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';

/** Gives a granule back to the Non-secure world. Its contents are gone before the Host can look. */
export const granuleUndelegate = rmi({
  name: 'RMI_GRANULE_UNDELEGATE',
  fid: Fid.RMI_GRANULE_UNDELEGATE,
  context: (call) => ({ call, addr: toPa(call.args.number(1)) }),

  // prettier-ignore
  failures: [
    { id: 'gran_align', error: 'RMI_ERROR_INPUT', when: ({ addr }) => !isGranuleAligned(addr) },
    { id: 'gran_bound', error: 'RMI_ERROR_INPUT', when: ({ call, addr }) => !call.isDelegable(addr) },
    { id: 'gran_state', error: 'RMI_ERROR_INPUT', when: ({ call, addr }) => !call.isIn(addr, GranuleState.DELEGATED) },
  ],

  effect({ call, addr }) {
    call.wipe(addr);
    call.transition(Fid.RMM_GTSI_UNDELEGATE, addr);
    call.move(addr, GranuleState.UNDELEGATED);
  },
});
