import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { assert } from '../../base/assert.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import { Hipas, LEVEL_MAX, entrySize } from '../rtt.ts';

/** Removes a table whose entries say one thing, and keeps that in the parent entry. */
export const rttFold = rmi({
  name: 'RMI_RTT_FOLD',
  fid: Fid.RMI_RTT_FOLD,
  context: (call) => ({
    call,
    rd: toPa(call.args.number(1)),
    ipa: toPa(call.args.number(2)),
    level: call.args.signed(3),
  }),

  // prettier-ignore
  failures: [
    { id: 'rd_align',    error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
    { id: 'level_bound', error: 'RMI_ERROR_INPUT', when: ({ call, rd, level }) => !(level > call.realm(rd).config.startLevel && level <= LEVEL_MAX) },
    { id: 'ipa_bound',   error: 'RMI_ERROR_INPUT', when: ({ call, rd, ipa }) => ipa >= call.realm(rd).ipaEnd },
    { id: 'ipa_align',   error: 'RMI_ERROR_INPUT', when: ({ ipa, level }) => ipa % entrySize(level - 1) !== 0 },
    { id: 'rtt_walk',    error: 'RMI_ERROR_RTT',   when: ({ call, rd, ipa, level }) => call.walkTo(call.realm(rd), ipa, level - 1).level < level - 1, index: ({ call }) => call.walk.level },
    { id: 'rtte_state',  error: 'RMI_ERROR_RTT',   when: ({ call }) => call.walk.entry.hipas !== Hipas.TABLE, index: ({ call }) => call.walk.level },
    { id: 'rtt_homo',    error: 'RMI_ERROR_RTT',   when: ({ call, rd, level }) => call.rtt.homogeneous(toPa(call.walk.entry.addr), level, call.realm(rd).config.lpa2) === undefined, index: ({ level }) => level },
  ],

  effect({ call, rd, ipa, level }) {
    const realm = call.realm(rd);
    const { lpa2 } = realm.config;
    const { table, index, entry } = call.walk;
    const rtt = toPa(entry.addr);
    const common = call.rtt.homogeneous(rtt, level, lpa2);
    assert(common !== undefined, 'rtt_homo was checked');
    call.rtt.write(table, index, level - 1, lpa2, common);
    if (common.hipas === Hipas.ASSIGNED || common.hipas === Hipas.ASSIGNED_NS)
      call.invalidate(realm, ipa, entrySize(level - 1));
    call.wipe(rtt);
    call.move(rtt, GranuleState.DELEGATED);
    call.out(1, rtt);
  },
});
