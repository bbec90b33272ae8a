import { paArg } from '../../arch/address.ts';
import { Gpi } from '../../arch/gpi.ts';
import { Fid } from '../../arch/smccc.ts';
import { type Command, addressOf, isAligned } from '../command.ts';
import type { Activation } from '../rmm.ts';

/** Hands a Non-secure granule to the Realm world. */
export const granuleDelegate: Command<
  Activation,
  { readonly rmm: Activation; readonly addr: ReturnType<typeof paArg> }
> = {
  name: 'RMI_GRANULE_DELEGATE',
  fid: Fid.RMI_GRANULE_DELEGATE,

  context: (rmm, x) => ({ rmm, addr: paArg(x[1] as bigint, rmm.paBits) }),

  // prettier-ignore
  failures: [
    { id: 'gran_align', error: 'RMI_ERROR_INPUT', when: ({ addr }) => !isAligned(addr) },
    { id: 'gran_bound', error: 'RMI_ERROR_INPUT', when: ({ rmm, addr }) => !addr.inRange || !rmm.granules.isDelegable(addr.at) },
    { id: 'gran_state', error: 'RMI_ERROR_INPUT', when: ({ rmm, addr }) => rmm.granules.state(addressOf(addr)) !== 'UNDELEGATED' },
    { id: 'gran_gpt',   error: 'RMI_ERROR_INPUT', when: ({ rmm, addr }) => rmm.pe.el3.gpi(addressOf(addr)) !== Gpi.NonSecure },
  ],

  effect({ rmm, addr }) {
    const pa = addressOf(addr);
    rmm.transition(Fid.RMM_GTSI_DELEGATE, pa);
    rmm.granules.move(pa, 'RMI_GRANULE_DELEGATE', 'DELEGATED');
    rmm.wipe(pa);
    return [];
  },
};
