import { MEASUREMENTS, MEASUREMENT_SIZE } from '../realm.ts';
import { rsi } from '../rsi-command.ts';

/** Extends a REM with up to 64 bytes from X3 to X10. */
export const measurementExtend = rsi({
  name: 'RSI_MEASUREMENT_EXTEND',
  fids: [0xc400_0193],
  context: (call) => ({ call, index: call.args.number(1), size: call.args.number(2) }),

  // prettier-ignore
  failures: [
    { id: 'index_bound', error: 'RSI_ERROR_INPUT', when: ({ index }) => index < 1 || index >= MEASUREMENTS },
    { id: 'size_bound',  error: 'RSI_ERROR_INPUT', when: ({ size }) => size > MEASUREMENT_SIZE },
  ],

  effect({ call, index, size }) {
    const { realm, rmm } = call;
    const value = new Uint8Array(MEASUREMENT_SIZE);
    const view = new DataView(value.buffer);
    for (let i = 0; i < 8; i++) view.setBigUint64(8 * i, call.args.value(3 + i), true);
    realm.measurements = realm.measurements.map((rem, i) =>
      i === index ? rmm.measurer.extendRem(realm.config.hashAlgo, rem, value.subarray(0, size)) : rem,
    );
    return { kind: 'return', x: [0, 0, 0, 0] };
  },
});
