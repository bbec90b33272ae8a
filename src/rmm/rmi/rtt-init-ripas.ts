import { GRANULE_SIZE, isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { assert } from '../../base/assert.ts';
import type { Call } from '../call.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import type { Realm } from '../realm.ts';
import { ENTRIES, Hipas, LEVEL_MAX, Ripas, entrySize, scratch } from '../rtt.ts';

/** Sets RIPAS RAM on a range of a Realm under construction, without contents. Measured entry by entry. */
export const rttInitRipas = rmi({
  name: 'RMI_RTT_INIT_RIPAS',
  fid: Fid.RMI_RTT_INIT_RIPAS,
  context: (call) => ({
    call,
    rd: toPa(call.args.number(1)),
    base: toPa(call.args.number(2)),
    top: toPa(call.args.number(3)),
  }),

  // prettier-ignore
  failures: [
    { id: 'size_valid',     error: 'RMI_ERROR_INPUT', when: ({ base, top }) => top <= base },
    { id: 'rd_align',       error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',       error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',       error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
    { id: 'top_gran_align', error: 'RMI_ERROR_INPUT', when: ({ top }) => !isGranuleAligned(top) },
    { id: 'top_bound',      error: 'RMI_ERROR_INPUT', when: ({ call, rd, top }) => top - GRANULE_SIZE >= call.realm(rd).protectedEnd },
    { id: 'realm_state',    error: 'RMI_ERROR_REALM', when: ({ call, rd }) => call.realm(rd).state !== 'REALM_NEW' },
    { id: 'base_align',     error: 'RMI_ERROR_RTT',   when: ({ call, rd, base }) => base % entrySize(call.walkTo(call.realm(rd), base, LEVEL_MAX).level) !== 0, index: ({ call }) => call.walk.level },
    { id: 'rtte_state',     error: 'RMI_ERROR_RTT',   when: ({ call }) => !isInitable(call.walk.entry), index: ({ call }) => call.walk.level },
    { id: 'no_progress',    error: 'RMI_ERROR_RTT',   when: ({ call, base, top }) => base + entrySize(call.walk.level) > top, index: ({ call }) => call.walk.level },
  ],

  effect({ call, rd, base, top }) {
    const realm = call.realm(rd);
    const out = init(call, realm, base, top);
    call.out(1, out);
  },
});

/** UNASSIGNED and not DESTROYED: an RIPAS never silently leaves DESTROYED (appendix A, row 1). */
const isInitable = (entry: { readonly hipas: Hipas; readonly ripas: Ripas }): boolean =>
  entry.hipas === Hipas.UNASSIGNED && entry.ripas !== Ripas.DESTROYED;

/** Entry by entry to the end of the table, to `top`, or to the first entry that cannot take it. Returns where it stopped. */
function init(call: Call, realm: Realm, base: number, top: number): number {
  const { lpa2, hashAlgo } = realm.config;
  const { table, level } = call.walk;
  const size = entrySize(level);
  const entry = scratch();
  const [first, ...rems] = realm.measurements;
  assert(first !== undefined, 'a Realm has a RIM');
  let rim = first;
  let at = base;
  for (let { index } = call.walk; index < ENTRIES && at + size <= top; index++, at += size) {
    if (!isInitable(call.rtt.read(table, index, level, lpa2, entry))) break;
    call.rtt.write(table, index, level, lpa2, { hipas: Hipas.UNASSIGNED, ripas: Ripas.RAM, addr: 0, attr: 0 });
    rim = call.rmm.measurer.extendRipas(hashAlgo, rim, at, at + size);
  }
  realm.measurements = [rim, ...rems];
  return at;
}
