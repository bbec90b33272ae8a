import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import type { Call } from '../call.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import { Hipas, LEVEL_MAX, Ripas, entrySize } from '../rtt.ts';

/** Unmaps and wipes a Data granule. What the Realm had as RAM becomes DESTROYED. */
export const dataDestroy = rmi({
  name: 'RMI_DATA_DESTROY',
  fid: Fid.RMI_DATA_DESTROY,
  context: (call) => ({ call, rd: toPa(call.args.number(1)), ipa: toPa(call.args.number(2)) }),

  // prettier-ignore
  failures: [
    { id: 'rd_align',   error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',   error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',   error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
    { id: 'ipa_bound',  error: 'RMI_ERROR_INPUT', when: ({ call, rd, ipa }) => ipa >= call.realm(rd).protectedEnd },
    { id: 'ipa_align',  error: 'RMI_ERROR_INPUT', when: ({ ipa }) => !isGranuleAligned(ipa) },
    { id: 'rtt_walk',   error: 'RMI_ERROR_RTT',   when: ({ call, rd, ipa }) => call.walkTo(call.realm(rd), ipa, LEVEL_MAX).level < LEVEL_MAX, index: ({ call }) => call.walk.level, outputs: top },
    { id: 'rtte_state', error: 'RMI_ERROR_RTT',   when: ({ call }) => call.walk.entry.hipas !== Hipas.ASSIGNED, index: ({ call }) => call.walk.level, outputs: top },
  ],

  effect({ call, rd, ipa }) {
    const realm = call.realm(rd);
    const { table, index, level, entry } = call.walk;
    const data = entry.addr;
    const wasRam = entry.ripas === Ripas.RAM;
    const ripas = wasRam ? Ripas.DESTROYED : entry.ripas;
    call.rtt.write(table, index, level, realm.config.lpa2, { hipas: Hipas.UNASSIGNED, ripas, addr: 0, attr: 0 });
    if (wasRam) call.invalidate(realm, ipa, entrySize(level));
    call.wipe(data);
    call.move(data, GranuleState.DELEGATED);
    call.out(1, data);
    top({ call, ipa });
  },
});

function top({ call, ipa }: { readonly call: Call; readonly ipa: number }): void {
  call.out(2, call.rtt.walkTop(ipa, call.walk));
}
