import { offset } from '../../arch/address.ts';
import { assert } from '../../base/assert.ts';
import { lazy } from '../../base/lazy.ts';
import { rsi } from '../rsi-command.ts';

const ALIGNMENT = 256;
const GPRS = 31;

/** Calls the Host with an immediate and 31 registers. Its answer is written at the next entry. */
export const hostCall = rsi({
  name: 'RSI_HOST_CALL',
  fids: [0xc400_0199],

  context(call) {
    const addr = call.args.number(1);
    return { call, addr, buffer: lazy(() => call.buffer(addr)) };
  },

  // prettier-ignore
  failures: [
    { id: 'addr_align', error: 'RSI_ERROR_INPUT', when: ({ addr }) => addr % ALIGNMENT !== 0 },
    { id: 'addr_bound', error: 'RSI_ERROR_INPUT', when: ({ call, addr }) => !call.isProtected(addr) },
    { id: 'addr_empty', error: 'RSI_ERROR_INPUT', when: ({ buffer }) => buffer().kind === 'empty' },
  ],

  effect({ call, addr, buffer }) {
    const found = buffer();
    if (found.kind !== 'there') return { kind: 'abort', ipa: addr, level: found.kind === 'abort' ? found.level : 0 };
    const bytes = call.pe.realm.readBytes(offset(found.pa, 0), 0x100);
    assert(bytes !== undefined, 'a Realm page is Realm memory');
    const view = new DataView(bytes.buffer);
    call.rec.hostCall = addr;
    const gprs = Array.from({ length: GPRS }, (_, i) => view.getBigUint64(8 + 8 * i, true));
    return { kind: 'exit', exit: { reason: 'HOST_CALL', imm: view.getUint16(0, true), gprs } };
  },
});
