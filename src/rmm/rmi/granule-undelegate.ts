import { paArg } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { type Command, addressOf, isAligned } from '../command.ts';
import type { Activation } from '../rmm.ts';

/** Gives a granule back to the Non-secure world. Its contents are gone before the Host can look. */
export const granuleUndelegate: Command<
  Activation,
  { readonly rmm: Activation; readonly addr: ReturnType<typeof paArg> }
> = {
  name: 'RMI_GRANULE_UNDELEGATE',
  fid: Fid.RMI_GRANULE_UNDELEGATE,

  context: (rmm, x) => ({ rmm, addr: paArg(x[1] as bigint, rmm.paBits) }),

  // prettier-ignore
  failures: [
    { id: 'gran_align', error: 'RMI_ERROR_INPUT', when: ({ addr }) => !isAligned(addr) },
    { id: 'gran_bound', error: 'RMI_ERROR_INPUT', when: ({ rmm, addr }) => !addr.inRange || !rmm.granules.isDelegable(addr.at) },
    { id: 'gran_state', error: 'RMI_ERROR_INPUT', when: ({ rmm, addr }) => rmm.granules.state(addressOf(addr)) !== 'DELEGATED' },
  ],

  effect({ rmm, addr }) {
    const pa = addressOf(addr);
    rmm.wipe(pa);
    rmm.transition(Fid.RMM_GTSI_UNDELEGATE, pa);
    rmm.granules.move(pa, 'RMI_GRANULE_UNDELEGATE', 'UNDELEGATED');
    return [];
  },
};
