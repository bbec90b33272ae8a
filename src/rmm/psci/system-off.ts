import { rsi } from '../rsi-command.ts';

/** Shuts the Realm down: no REC of it is entered again. */
export const psciSystemOff = rsi({
  name: 'PSCI_SYSTEM_OFF',
  fids: [0x8400_0008],
  context: (call) => ({ call }),
  failures: [],

  effect({ call }) {
    const { realm, args } = call;
    realm.move('REALM_SYSTEM_OFF');
    return { kind: 'exit', exit: { reason: 'PSCI', gprs: [BigInt(args.lo(0))] } };
  },
});
