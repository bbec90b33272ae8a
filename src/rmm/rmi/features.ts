import { Fid } from '../../arch/smccc.ts';
import { rmi } from '../command.ts';
import { featureRegister0 } from '../features.ts';

/** Reads a feature pseudo-register. Never fails: an index that does not exist reads as zero. */
export const features = rmi({
  name: 'RMI_FEATURES',
  fid: Fid.RMI_FEATURES,
  context: (call) => ({ call, index: call.args.number(1) }),
  failures: [],
  effect({ call, index }) {
    call.out(1, index === 0 ? featureRegister0(call.rmm.features) : 0);
  },
});
