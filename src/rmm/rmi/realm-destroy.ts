import { GRANULE_SIZE, isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import type { Call } from '../call.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import type { Realm } from '../realm.ts';

/** Destroys a Realm that owns nothing any more. Its VMID is free again. */
export const realmDestroy = rmi({
  name: 'RMI_REALM_DESTROY',
  fid: Fid.RMI_REALM_DESTROY,
  context: (call) => ({ call, rd: toPa(call.args.number(1)) }),

  // prettier-ignore
  failures: [
    { id: 'rd_align',   error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',   error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',   error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
    { id: 'realm_live', error: 'RMI_ERROR_REALM', when: ({ call, rd }) => isLive(call, call.realm(rd)) },
  ],

  effect({ call, rd }) {
    const realm = call.realm(rd);
    const { rttBase, numStart, ipaBits } = realm.config;
    call.invalidate(realm, 0, 2 ** ipaBits);
    for (const pa of [rd, ...tables(rttBase, numStart)]) {
      call.wipe(pa);
      call.move(pa, GranuleState.DELEGATED);
    }
    call.rmm.removeRealm(realm);
  },
});

const tables = (base: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => base + i * GRANULE_SIZE);

/** It owns a REC, or a starting table has an ASSIGNED or TABLE entry. */
function isLive(call: Call, realm: Realm): boolean {
  const { rttBase, numStart } = realm.config;
  return realm.numRecs > 0 || tables(rttBase, numStart).some((pa) => call.rtt.isLive(toPa(pa)));
}
