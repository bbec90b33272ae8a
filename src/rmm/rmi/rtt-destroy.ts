import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import type { Call } from '../call.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import { Hipas, LEVEL_MAX, Ripas, entrySize } from '../rtt.ts';

/** Removes a table that owns nothing. All RIPAS below is lost: the entry becomes DESTROYED. */
export const rttDestroy = rmi({
  name: 'RMI_RTT_DESTROY',
  fid: Fid.RMI_RTT_DESTROY,
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
    { id: 'rtt_walk',    error: 'RMI_ERROR_RTT',   when: ({ call, rd, ipa, level }) => call.walkTo(call.realm(rd), ipa, level - 1).level < level - 1, index: ({ call }) => call.walk.level, outputs: top },
    { id: 'rtte_state',  error: 'RMI_ERROR_RTT',   when: ({ call }) => call.walk.entry.hipas !== Hipas.TABLE, index: ({ call }) => call.walk.level, outputs: top },
    { id: 'rtt_live',    error: 'RMI_ERROR_RTT',   when: ({ call }) => call.rtt.isLive(toPa(call.walk.entry.addr)), index: ({ level }) => level, outputs: ({ call, ipa }) => call.out(2, ipa) },
  ],

  effect({ call, rd, ipa, level }) {
    const realm = call.realm(rd);
    const { table, index, entry } = call.walk;
    const rtt = entry.addr;
    const isProtected = ipa < realm.protectedEnd;
    const parent = isProtected
      ? { hipas: Hipas.UNASSIGNED, ripas: Ripas.DESTROYED }
      : { hipas: Hipas.UNASSIGNED_NS, ripas: Ripas.EMPTY };
    call.rtt.write(table, index, level - 1, realm.config.lpa2, { ...parent, addr: 0, attr: 0 });
    // Unprotected mappings in the table go silently, so their translations have to go too.
    call.invalidate(realm, ipa, entrySize(level - 1));
    call.wipe(rtt);
    call.move(rtt, GranuleState.DELEGATED);
    call.out(1, rtt);
    top({ call, ipa });
  },
});

function top({ call, ipa }: { readonly call: Call; readonly ipa: number }): void {
  call.out(2, call.rtt.walkTop(ipa, call.walk));
}
