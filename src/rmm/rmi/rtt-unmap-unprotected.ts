import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import type { Call } from '../call.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import { Hipas, Ripas, entrySize } from '../rtt.ts';
import { isMappingLevel } from './rtt-map-unprotected.ts';

/** Removes a mapping at an Unprotected IPA. */
export const rttUnmapUnprotected = rmi({
  name: 'RMI_RTT_UNMAP_UNPROTECTED',
  fid: Fid.RMI_RTT_UNMAP_UNPROTECTED,
  context: (call) => ({
    call,
    rd: toPa(call.args.number(1)),
    ipa: toPa(call.args.number(2)),
    level: call.args.signed(3),
  }),

  // prettier-ignore
  failures: [
    { id: 'level_bound', error: 'RMI_ERROR_INPUT', when: ({ call, rd, level }) => !isMappingLevel(call, rd, level) },
    { id: 'rd_align',    error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
    { id: 'ipa_bound',   error: 'RMI_ERROR_INPUT', when: ({ call, rd, ipa }) => ipa >= call.realm(rd).ipaEnd || ipa < call.realm(rd).protectedEnd },
    { id: 'ipa_align',   error: 'RMI_ERROR_INPUT', when: ({ ipa, level }) => ipa % entrySize(level) !== 0 },
    { id: 'rtt_walk',    error: 'RMI_ERROR_RTT',   when: ({ call, rd, ipa, level }) => call.walkTo(call.realm(rd), ipa, level).level < level, index: ({ call }) => call.walk.level, outputs: top },
    { id: 'rtte_state',  error: 'RMI_ERROR_RTT',   when: ({ call }) => call.walk.entry.hipas !== Hipas.ASSIGNED_NS, index: ({ call }) => call.walk.level, outputs: top },
  ],

  effect({ call, rd, ipa }) {
    const realm = call.realm(rd);
    const { table, index, level } = call.walk;
    const entry = { hipas: Hipas.UNASSIGNED_NS, ripas: Ripas.EMPTY, addr: 0, attr: 0 };
    call.rtt.write(table, index, level, realm.config.lpa2, entry);
    call.invalidate(realm, ipa, entrySize(level));
    top({ call, ipa });
  },
});

function top({ call, ipa }: { readonly call: Call; readonly ipa: number }): void {
  call.out(1, call.rtt.walkTop(ipa, call.walk));
}
