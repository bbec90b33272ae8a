import { recIndexOfRegister } from '../rec.ts';
import { rsi } from '../rsi-command.ts';

/** Turns another REC on. The Host finishes the request; it sees the target, not the entry point. */
export const psciCpuOn = rsi({
  name: 'PSCI_CPU_ON',
  fids: [0xc400_0003, 0x8400_0003],

  context(call) {
    return { call, target: recIndexOfRegister(call.args.value(1)), entry: call.args.number(2) };
  },

  // prettier-ignore
  failures: [
    { id: 'entry',    error: 'PSCI_INVALID_ADDRESS',    when: ({ call, entry }) => !call.isProtected(entry) },
    { id: 'mpidr',    error: 'PSCI_INVALID_PARAMETERS', when: ({ call, target }) => target >= call.realm.recIndex },
    // Of another REC only RMI_PSCI_COMPLETE knows.
    { id: 'runnable', error: 'PSCI_ALREADY_ON',         when: ({ call, target }) => target === call.rec.config.index },
  ],

  effect({ call }) {
    const { rec, args } = call;
    rec.psciPending = 'CPU_ON';
    return { kind: 'exit', exit: { reason: 'PSCI', gprs: [BigInt(args.lo(0)), args.value(1)] } };
  },
});
