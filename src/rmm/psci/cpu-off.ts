import { rsi } from '../rsi-command.ts';

/** Turns this REC off: it is not runnable until another one turns it on. */
export const psciCpuOff = rsi({
  name: 'PSCI_CPU_OFF',
  fids: [0x8400_0002],
  context: (call) => ({ call }),
  failures: [],

  effect({ call }) {
    const { rec, args } = call;
    rec.isRunnable = false;
    return { kind: 'exit', exit: { reason: 'PSCI', gprs: [BigInt(args.lo(0))] } };
  },
});
