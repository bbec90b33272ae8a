import { MEASUREMENTS } from '../realm.ts';
import { rsi } from '../rsi-command.ts';

/** X1 to X8 of a call that fails. */
const NO_VALUE = [0, 0, 0, 0, 0, 0, 0, 0] as const;

/** Reads the RIM (index 0) or a REM (1 to 4). */
export const measurementRead = rsi({
  name: 'RSI_MEASUREMENT_READ',
  fids: [0xc400_0192],
  context: (call) => ({ call, index: call.args.number(1) }),

  // prettier-ignore
  failures: [
    { id: 'index_bound', error: 'RSI_ERROR_INPUT', when: ({ index }) => index >= MEASUREMENTS, outputs: () => NO_VALUE },
  ],

  effect({ call, index }) {
    const value = call.realm.measurements[index] as Uint8Array;
    const view = new DataView(value.buffer, value.byteOffset);
    return { kind: 'return', x: [0, ...Array.from({ length: 8 }, (_, i) => view.getBigUint64(8 * i, true))] };
  },
});
