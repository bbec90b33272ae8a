import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import type { Call } from '../call.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import { Hipas, Ripas, entrySize, isBlockOrPageLevel, readDescriptor } from '../rtt.ts';

const LPA2_NEEDED = 2 ** 48;

/** Maps Non-secure memory at an Unprotected IPA. Any PA may be named: what it may be is the GPT's to say. */
export const rttMapUnprotected = rmi({
  name: 'RMI_RTT_MAP_UNPROTECTED',
  fid: Fid.RMI_RTT_MAP_UNPROTECTED,

  context(call) {
    const rd = toPa(call.args.number(1));
    const lpa2 = call.isIn(rd, GranuleState.RD) && isGranuleAligned(rd) && call.realm(rd).config.lpa2;
    const desc = readDescriptor(call.args.lo(4), call.args.hi(4), lpa2);
    return { call, rd, ipa: toPa(call.args.number(2)), level: call.args.signed(3), desc };
  },

  // prettier-ignore
  failures: [
    { id: 'level_bound', error: 'RMI_ERROR_INPUT', when: ({ call, rd, level }) => !isMappingLevel(call, rd, level) },
    { id: 'rd_align',    error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
    { id: 'attr_valid',  error: 'RMI_ERROR_INPUT', when: ({ desc }) => !desc.isValid },
    { id: 'addr_align',  error: 'RMI_ERROR_INPUT', when: ({ desc, level }) => desc.addr % entrySize(level) !== 0 },
    { id: 'addr_bound',  error: 'RMI_ERROR_INPUT', when: ({ call, rd, desc }) => !call.realm(rd).config.lpa2 && desc.addr >= LPA2_NEEDED },
    { id: 'ipa_bound',   error: 'RMI_ERROR_INPUT', when: ({ call, rd, ipa }) => ipa >= call.realm(rd).ipaEnd || ipa < call.realm(rd).protectedEnd },
    { id: 'ipa_align',   error: 'RMI_ERROR_INPUT', when: ({ ipa, level }) => ipa % entrySize(level) !== 0 },
    { id: 'rtt_walk',    error: 'RMI_ERROR_RTT',   when: ({ call, rd, ipa, level }) => call.walkTo(call.realm(rd), ipa, level).level < level, index: ({ call }) => call.walk.level },
    { id: 'rtte_state',  error: 'RMI_ERROR_RTT',   when: ({ call }) => call.walk.entry.hipas !== Hipas.UNASSIGNED_NS, index: ({ call }) => call.walk.level },
  ],

  effect({ call, rd, desc }) {
    const { table, index, level } = call.walk;
    const entry = { hipas: Hipas.ASSIGNED_NS, ripas: Ripas.EMPTY, addr: desc.addr, attr: desc.attr };
    call.rtt.write(table, index, level, call.realm(rd).config.lpa2, entry);
  },
});

/** A block or page level, and none above the Realm's starting level. Rows below see to an rd that is none. */
export function isMappingLevel(call: Call, rd: number, level: number): boolean {
  const realm = call.rmm.realms.get(rd);
  return isBlockOrPageLevel(level) && (realm === undefined || level >= realm.config.startLevel);
}
