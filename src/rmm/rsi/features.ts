import { rsi } from '../rsi-command.ts';

/** Reads a feature register: all of them are zero in version 1.0. */
export const rsiFeatures = rsi({
  name: 'RSI_FEATURES',
  fids: [0xc400_0191],
  context: () => ({}),
  failures: [],
  effect: () => ({ kind: 'return', x: [0, 0, 0, 0] }),
});
