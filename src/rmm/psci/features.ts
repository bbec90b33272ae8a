import { Psci, rsi } from '../rsi-command.ts';

/** Functions that a Realm has, in both forms where there are two; SMCCC_VERSION counts as one. */
// prettier-ignore
const supported: ReadonlySet<number> = new Set([
  0x8400_0000, 0x8400_0001, 0xc400_0001, 0x8400_0002, 0x8400_0003, 0xc400_0003, 0x8400_0004, 0xc400_0004,
  0x8400_0008, 0x8400_0009, 0x8400_000a, 0x8000_0000,
]);

/** Whether a PSCI function is there. */
export const psciFeatures = rsi({
  name: 'PSCI_FEATURES',
  fids: [0x8400_000a],
  context: (call) => ({ id: call.args.lo(1) }),
  failures: [],
  effect: ({ id }) => ({
    kind: 'return',
    x: [supported.has(id) ? Psci.PSCI_SUCCESS : Psci.PSCI_NOT_SUPPORTED, 0, 0, 0],
  }),
});
