import { rsi } from '../rsi-command.ts';

/** Every power state is standby: the REC goes on behind the call when it is entered again. */
export const psciCpuSuspend = rsi({
  name: 'PSCI_CPU_SUSPEND',
  fids: [0xc400_0001, 0x8400_0001],
  context: (call) => ({ call }),
  failures: [],

  effect({ call }) {
    return { kind: 'exit', exit: { reason: 'PSCI', gprs: [BigInt(call.args.lo(0))] }, x: [0, 0, 0, 0] };
  },
});
