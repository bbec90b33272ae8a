import { rsi } from '../rsi-command.ts';

/** PSCI 1.1. */
export const psciVersion = rsi({
  name: 'PSCI_VERSION',
  fids: [0x8400_0000],
  context: () => ({}),
  failures: [],
  effect: () => ({ kind: 'return', x: [0x1_0001, 0, 0, 0] }),
});
