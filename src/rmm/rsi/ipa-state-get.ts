import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { ENTRIES, Hipas, entrySize } from '../rtt.ts';
import { rsi } from '../rsi-command.ts';

/** Tells the RIPAS at `base` and how far it goes, within one table. */
export const ipaStateGet = rsi({
  name: 'RSI_IPA_STATE_GET',
  fids: [0xc400_0198],
  context: (call) => ({ call, base: call.args.number(1), top: call.args.number(2) }),

  // prettier-ignore
  failures: [
    { id: 'base_align', error: 'RSI_ERROR_INPUT', when: ({ base }) => !isGranuleAligned(toPa(base)) },
    { id: 'end_align',  error: 'RSI_ERROR_INPUT', when: ({ top }) => !isGranuleAligned(toPa(top)) },
    { id: 'size_valid', error: 'RSI_ERROR_INPUT', when: ({ base, top }) => top <= base },
    { id: 'rgn_bound',  error: 'RSI_ERROR_INPUT', when: ({ call, top }) => top > call.realm.protectedEnd },
  ],

  effect({ call, base, top }) {
    const { level, index, entry } = call.walk(base);
    const { ripas } = entry;
    const size = entrySize(level);
    let out = base - (base % size) + size;
    for (let i = index + 1; i < ENTRIES && out < top; i++, out += size) {
      const next = call.entryAt(i);
      if (next.hipas === Hipas.TABLE || next.ripas !== ripas) break;
    }
    return { kind: 'return', x: [0, Math.min(out, top), ripas, 0] };
  },
});
