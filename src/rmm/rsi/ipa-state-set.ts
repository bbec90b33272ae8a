import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Ripas } from '../rtt.ts';
import { rsi } from '../rsi-command.ts';

const CHANGE_DESTROYED = 1;

/** Asks for a RIPAS change on a range. Always exits: the answer is given at the next entry. */
export const ipaStateSet = rsi({
  name: 'RSI_IPA_STATE_SET',
  fids: [0xc400_0197],

  context(call) {
    return {
      call,
      base: call.args.number(1),
      top: call.args.number(2),
      ripas: call.args.lo(3) & 0xff,
      flags: call.args.lo(4),
    };
  },

  // prettier-ignore
  failures: [
    { id: 'ripas_valid', error: 'RSI_ERROR_INPUT', when: ({ ripas }) => ripas !== Ripas.EMPTY && ripas !== Ripas.RAM },
    { id: 'base_align',  error: 'RSI_ERROR_INPUT', when: ({ base }) => !isGranuleAligned(toPa(base)) },
    { id: 'top_align',   error: 'RSI_ERROR_INPUT', when: ({ top }) => !isGranuleAligned(toPa(top)) },
    { id: 'size_valid',  error: 'RSI_ERROR_INPUT', when: ({ base, top }) => top <= base },
    { id: 'rgn_bound',   error: 'RSI_ERROR_INPUT', when: ({ call, top }) => top > call.realm.protectedEnd },
  ],

  effect({ call, base, top, ripas, flags }) {
    const { rec } = call;
    rec.ripas = { addr: base, top, value: ripas as Ripas, changeDestroyed: (flags & CHANGE_DESTROYED) !== 0 };
    return { kind: 'exit', exit: { reason: 'RIPAS_CHANGE', ripas: { base, top, value: ripas } } };
  },
});
