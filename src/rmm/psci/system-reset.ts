import { rsi } from '../rsi-command.ts';

/** A Realm cannot be reset: like SYSTEM_OFF, and the Host has to build a new one. */
export const psciSystemReset = rsi({
  name: 'PSCI_SYSTEM_RESET',
  fids: [0x8400_0009],
  context: (call) => ({ call }),
  failures: [],

  effect({ call }) {
    const { realm, args } = call;
    realm.move('REALM_SYSTEM_OFF');
    return { kind: 'exit', exit: { reason: 'PSCI', gprs: [BigInt(args.lo(0))] } };
  },
});
