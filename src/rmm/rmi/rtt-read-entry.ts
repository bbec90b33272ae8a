import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import { Hipas, LEVEL_MAX, descriptorOf, entrySize } from '../rtt.ts';

/** RmiRttEntryState: the Host is not told the _NS variants apart. */
const stateOf = {
  [Hipas.UNASSIGNED]: 0,
  [Hipas.UNASSIGNED_NS]: 0,
  [Hipas.ASSIGNED]: 1,
  [Hipas.ASSIGNED_NS]: 1,
  [Hipas.TABLE]: 2,
} as const;

/** Reads one entry. A walk that stops early is no error: X1 tells where it ended. */
export const rttReadEntry = rmi({
  name: 'RMI_RTT_READ_ENTRY',
  fid: Fid.RMI_RTT_READ_ENTRY,
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
    { id: 'level_bound', error: 'RMI_ERROR_INPUT', when: ({ call, rd, level }) => !(level >= call.realm(rd).config.startLevel && level <= LEVEL_MAX) },
    { id: 'ipa_bound',   error: 'RMI_ERROR_INPUT', when: ({ call, rd, ipa }) => ipa >= call.realm(rd).ipaEnd },
    { id: 'ipa_align',   error: 'RMI_ERROR_INPUT', when: ({ ipa, level }) => ipa % entrySize(level) !== 0 },
  ],

  effect({ call, rd, ipa, level }) {
    const realm = call.realm(rd);
    const { entry, level: reached } = call.walkTo(realm, ipa, level);
    call.out(1, reached);
    call.out(2, stateOf[entry.hipas]);
    call.out(3, descriptorOf(entry, realm.config.lpa2));
    call.out(4, entry.ripas);
  },
});
