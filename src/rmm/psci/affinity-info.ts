import { recIndexOfRegister } from '../rec.ts';
import { Psci, rsi } from '../rsi-command.ts';

/** Whether another REC is on. Of itself a REC knows at once. */
export const psciAffinityInfo = rsi({
  name: 'PSCI_AFFINITY_INFO',
  fids: [0xc400_0004, 0x8400_0004],

  context(call) {
    return { call, target: recIndexOfRegister(call.args.value(1)), level: call.args.lo(2) };
  },

  // prettier-ignore
  failures: [
    { id: 'target_bound', error: 'PSCI_INVALID_PARAMETERS', when: ({ level }) => level !== 0 },
    { id: 'target_match', error: 'PSCI_INVALID_PARAMETERS', when: ({ call, target }) => target >= call.realm.recIndex },
  ],

  effect({ call, target }) {
    const { rec, args } = call;
    if (target === rec.config.index) return { kind: 'return', x: [Psci.PSCI_SUCCESS, 0, 0, 0] };
    rec.psciPending = 'AFFINITY_INFO';
    return { kind: 'exit', exit: { reason: 'PSCI', gprs: [BigInt(args.lo(0)), args.value(1)] } };
  },
});
