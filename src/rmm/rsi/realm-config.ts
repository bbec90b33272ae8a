import { GRANULE_SIZE, isGranuleAligned, toPa } from '../../arch/address.ts';
import { assert } from '../../base/assert.ts';
import { lazy } from '../../base/lazy.ts';
import { rsi } from '../rsi-command.ts';

/** Writes RsiRealmConfig: IPA width, hash algorithm, personalization value; all else zero. */
export const realmConfig = rsi({
  name: 'RSI_REALM_CONFIG',
  fids: [0xc400_0196],

  context(call) {
    const addr = call.args.number(1);
    return { call, addr, buffer: lazy(() => call.buffer(addr)) };
  },

  // prettier-ignore
  failures: [
    { id: 'addr_align', error: 'RSI_ERROR_INPUT', when: ({ addr }) => !isGranuleAligned(toPa(addr)) },
    { id: 'addr_bound', error: 'RSI_ERROR_INPUT', when: ({ call, addr }) => !call.isProtected(addr) },
    { id: 'addr_empty', error: 'RSI_ERROR_INPUT', when: ({ buffer }) => buffer().kind === 'empty' },
  ],

  effect({ call, addr, buffer }) {
    const found = buffer();
    if (found.kind !== 'there') return { kind: 'abort', ipa: addr, level: found.kind === 'abort' ? found.level : 0 };
    const { ipaBits, hashAlgo, rpv } = call.realm.config;
    const page = new Uint8Array(GRANULE_SIZE);
    new DataView(page.buffer).setBigUint64(0x000, BigInt(ipaBits), true);
    page[0x008] = hashAlgo === 'SHA_256' ? 0 : 1;
    page.set(rpv, 0x200);
    const refused = call.pe.realm.writeBytes(found.pa, page);
    assert(refused === 0, 'a Realm page is Realm memory');
    return { kind: 'return', x: [0, 0, 0, 0] };
  },
});
