import { rsi } from '../rsi-command.ts';

/** The only interface revision there is, 1.0: lower and higher are both this. */
const REVISION = 0x1_0000;

/** Agrees on an interface revision. X1 and X2 are valid when the call fails, too. */
export const rsiVersion = rsi({
  name: 'RSI_VERSION',
  fids: [0xc400_0190],
  context: (call) => ({ req: call.args.number(1) }),

  // prettier-ignore
  failures: [
    { id: 'incompatible', error: 'RSI_ERROR_INPUT', when: ({ req }) => req !== REVISION, outputs: () => [REVISION, REVISION] },
  ],

  effect: () => ({ kind: 'return', x: [0, REVISION, REVISION, 0] }),
});
