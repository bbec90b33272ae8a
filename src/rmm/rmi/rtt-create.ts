import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import { Hipas, LEVEL_MAX, Ripas, entrySize } from '../rtt.ts';

const LPA2_NEEDED = 2 ** 48;

/** Hangs a new table below an unassigned or block entry of a Realm's RTT. Nothing that the Realm sees changes. */
export const rttCreate = rmi({
  name: 'RMI_RTT_CREATE',
  fid: Fid.RMI_RTT_CREATE,

  context(call) {
    const [rd, rtt, ipa] = [1, 2, 3].map((n) => call.args.number(n)) as [number, number, number];
    return { call, rd: toPa(rd), rtt: toPa(rtt), ipa: toPa(ipa), level: call.args.signed(4) };
  },

  // prettier-ignore
  failures: [
    { id: 'rtt_align',   error: 'RMI_ERROR_INPUT', when: ({ rtt }) => !isGranuleAligned(rtt) },
    { id: 'rtt_bound',   error: 'RMI_ERROR_INPUT', when: ({ call, rtt }) => !call.isDelegable(rtt) },
    { id: 'rtt_state',   error: 'RMI_ERROR_INPUT', when: ({ call, rtt }) => !call.isIn(rtt, GranuleState.DELEGATED) },
    { id: 'rd_align',    error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
    { id: 'level_bound', error: 'RMI_ERROR_INPUT', when: ({ call, rd, level }) => !(level > call.realm(rd).config.startLevel && level <= LEVEL_MAX) },
    { id: 'ipa_bound',   error: 'RMI_ERROR_INPUT', when: ({ call, rd, ipa }) => ipa >= call.realm(rd).ipaEnd },
    { id: 'ipa_align',   error: 'RMI_ERROR_INPUT', when: ({ ipa, level }) => ipa % entrySize(level - 1) !== 0 },
    { id: 'rtt_bound2',  error: 'RMI_ERROR_INPUT', when: ({ call, rd, rtt }) => !call.realm(rd).config.lpa2 && rtt >= LPA2_NEEDED },
    { id: 'rtt_walk',    error: 'RMI_ERROR_RTT',   when: ({ call, rd, ipa, level }) => call.walkTo(call.realm(rd), ipa, level - 1).level < level - 1, index: ({ call }) => call.walk.level },
    { id: 'rtte_state',  error: 'RMI_ERROR_RTT',   when: ({ call }) => call.walk.entry.hipas === Hipas.TABLE, index: ({ call }) => call.walk.level },
  ],

  effect({ call, rd, rtt, ipa, level }) {
    const realm = call.realm(rd);
    const { lpa2 } = realm.config;
    const { table, index, entry } = call.walk;
    const wasValid = entry.hipas === Hipas.ASSIGNED_NS || (entry.hipas === Hipas.ASSIGNED && entry.ripas === Ripas.RAM);
    call.move(rtt, GranuleState.RTT);
    call.rtt.fill(rtt, level, lpa2, entry);
    call.rtt.write(table, index, level - 1, lpa2, { hipas: Hipas.TABLE, ripas: Ripas.EMPTY, addr: rtt, attr: 0 });
    if (wasValid) call.invalidate(realm, ipa, entrySize(level - 1));
  },
});
