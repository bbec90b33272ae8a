import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import { Hipas, LEVEL_MAX } from '../rtt.ts';

const LPA2_NEEDED = 2 ** 48;

/** Creates a Data granule with unspecified contents, and maps it. RIPAS stays as it is. */
export const dataCreateUnknown = rmi({
  name: 'RMI_DATA_CREATE_UNKNOWN',
  fid: Fid.RMI_DATA_CREATE_UNKNOWN,

  context(call) {
    return { call, rd: toPa(call.args.number(1)), data: toPa(call.args.number(2)), ipa: toPa(call.args.number(3)) };
  },

  // prettier-ignore
  failures: [
    { id: 'data_align',  error: 'RMI_ERROR_INPUT', when: ({ data }) => !isGranuleAligned(data) },
    { id: 'data_bound',  error: 'RMI_ERROR_INPUT', when: ({ call, data }) => !call.isDelegable(data) },
    { id: 'data_state',  error: 'RMI_ERROR_INPUT', when: ({ call, data }) => !call.isIn(data, GranuleState.DELEGATED) },
    { id: 'rd_align',    error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
    { id: 'ipa_bound',   error: 'RMI_ERROR_INPUT', when: ({ call, rd, ipa }) => ipa >= call.realm(rd).protectedEnd },
    { id: 'ipa_align',   error: 'RMI_ERROR_INPUT', when: ({ ipa }) => !isGranuleAligned(ipa) },
    { id: 'data_bound2', error: 'RMI_ERROR_INPUT', when: ({ call, rd, data }) => !call.realm(rd).config.lpa2 && data >= LPA2_NEEDED },
    { id: 'rtt_walk',    error: 'RMI_ERROR_RTT',   when: ({ call, rd, ipa }) => call.walkTo(call.realm(rd), ipa, LEVEL_MAX).level < LEVEL_MAX, index: ({ call }) => call.walk.level },
    { id: 'rtte_state',  error: 'RMI_ERROR_RTT',   when: ({ call }) => call.walk.entry.hipas !== Hipas.UNASSIGNED, index: ({ call }) => call.walk.level },
  ],

  effect({ call, rd, data }) {
    const { table, index, level, entry } = call.walk;
    call.move(data, GranuleState.DATA);
    call.rtt.write(table, index, level, call.realm(rd).config.lpa2, {
      hipas: Hipas.ASSIGNED,
      ripas: entry.ripas,
      addr: data,
      attr: 0,
    });
  },
});
