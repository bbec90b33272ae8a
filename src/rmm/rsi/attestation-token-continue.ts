import { GRANULE_SIZE, isGranuleAligned, offset, toPa } from '../../arch/address.ts';
import { assert } from '../../base/assert.ts';
import { lazy } from '../../base/lazy.ts';
import { NOT_AN_ADDRESS } from '../registers.ts';
import { Rsi, rsi } from '../rsi-command.ts';

/** Hands out the next piece of the token, into the Realm's granule. */
export const attestationTokenContinue = rsi({
  name: 'RSI_ATTESTATION_TOKEN_CONTINUE',
  fids: [0xc400_0195],

  context(call) {
    const addr = call.args.number(1);
    return {
      call,
      addr,
      at: call.args.number(2),
      size: call.args.number(3),
      sum: call.args.value(2) + call.args.value(3),
      buffer: lazy(() => call.buffer(addr)),
    };
  },

  // prettier-ignore
  failures: [
    { id: 'addr_align',    error: 'RSI_ERROR_INPUT',   when: ({ addr }) => !isGranuleAligned(toPa(addr)) },
    { id: 'offset_bound',  error: 'RSI_ERROR_INPUT',   when: ({ at }) => at >= GRANULE_SIZE },
    { id: 'size_overflow', error: 'RSI_ERROR_INPUT',   when: ({ sum }) => sum >> 64n !== 0n },
    { id: 'size_bound',    error: 'RSI_ERROR_INPUT',   when: ({ at, size }) => size >= NOT_AN_ADDRESS || at + size > GRANULE_SIZE },
    { id: 'addr_bound',    error: 'RSI_ERROR_INPUT',   when: ({ call, addr }) => !call.isProtected(addr) },
    { id: 'state',         error: 'RSI_ERROR_STATE',   when: ({ call }) => call.rec.attest === undefined },
    { id: 'unknown',       error: 'RSI_ERROR_UNKNOWN', when: ({ call }) => call.rec.attest?.token.length === 0 },
    { id: 'addr_empty',    error: 'RSI_ERROR_INPUT',   when: ({ buffer }) => buffer().kind === 'empty' },
  ],

  effect({ call, addr, at, size, buffer }) {
    const { rec, pe } = call;
    const found = buffer();
    if (found.kind !== 'there') return { kind: 'abort', ipa: addr, level: found.kind === 'abort' ? found.level : 0 };
    const { attest } = rec;
    assert(attest !== undefined, 'the row `state` has looked');
    const piece = attest.token.subarray(attest.sent, attest.sent + size);
    const refused = pe.realm.writeBytes(offset(found.pa, at), piece);
    assert(refused === 0, 'a Realm page is Realm memory');
    const sent = attest.sent + piece.length;
    const isDone = sent === attest.token.length;
    rec.attest = isDone ? undefined : { ...attest, sent };
    return { kind: 'return', x: [isDone ? Rsi.RSI_SUCCESS : Rsi.RSI_INCOMPLETE, piece.length, 0, 0] };
  },
});
