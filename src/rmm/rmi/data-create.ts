import { GRANULE_SIZE, isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import { assert } from '../../base/assert.ts';
import type { Call } from '../call.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import { Hipas, LEVEL_MAX, Ripas } from '../rtt.ts';

const MEASURE_CONTENT = 1;
const LPA2_NEEDED = 2 ** 48;

/** Creates a Data granule with contents copied from the Host, and maps it in a Realm under construction. */
export const dataCreate = rmi({
  name: 'RMI_DATA_CREATE',
  fid: Fid.RMI_DATA_CREATE,

  context(call) {
    const [rd, data, ipa, src, flags] = [1, 2, 3, 4, 5].map((n) => call.args.number(n)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    return {
      call,
      rd: toPa(rd),
      data: toPa(data),
      ipa: toPa(ipa),
      src: toPa(src),
      flags,
      page: new HostPage(call, src),
    };
  },

  // prettier-ignore
  failures: [
    { id: 'flags_valid', error: 'RMI_ERROR_INPUT', when: ({ flags }) => flags !== 0 && flags !== MEASURE_CONTENT },
    { id: 'src_align',   error: 'RMI_ERROR_INPUT', when: ({ src }) => !isGranuleAligned(src) },
    { id: 'src_bound',   error: 'RMI_ERROR_INPUT', when: ({ call, src }) => !call.isDelegable(src) },
    { id: 'src_pas',     error: 'RMI_ERROR_INPUT', when: ({ call, src }) => !call.isNonSecure(src) },
    { id: 'data_align',  error: 'RMI_ERROR_INPUT', when: ({ data }) => !isGranuleAligned(data) },
    { id: 'data_bound',  error: 'RMI_ERROR_INPUT', when: ({ call, data }) => !call.isDelegable(data) },
    { id: 'data_state',  error: 'RMI_ERROR_INPUT', when: ({ call, data }) => !call.isIn(data, GranuleState.DELEGATED) },
    { id: 'rd_align',    error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',    error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
    { id: 'realm_state', error: 'RMI_ERROR_REALM', when: ({ call, rd }) => call.realm(rd).state !== 'REALM_NEW' },
    { id: 'ipa_bound',   error: 'RMI_ERROR_INPUT', when: ({ call, rd, ipa }) => ipa >= call.realm(rd).protectedEnd },
    { id: 'ipa_align',   error: 'RMI_ERROR_INPUT', when: ({ ipa }) => !isGranuleAligned(ipa) },
    { id: 'data_bound2', error: 'RMI_ERROR_INPUT', when: ({ call, rd, data }) => !call.realm(rd).config.lpa2 && data >= LPA2_NEEDED },
    { id: 'rtt_walk',    error: 'RMI_ERROR_RTT',   when: ({ call, rd, ipa }) => call.walkTo(call.realm(rd), ipa, LEVEL_MAX).level < LEVEL_MAX, index: ({ call }) => call.walk.level },
    { id: 'rtte_state',  error: 'RMI_ERROR_RTT',   when: ({ call }) => call.walk.entry.hipas !== Hipas.UNASSIGNED, index: ({ call }) => call.walk.level },
    { id: 'src_gpf',     error: 'RMI_ERROR_INPUT', when: ({ page }) => !page.isCopied() },
  ],

  effect({ call, rd, data, ipa, flags, page }) {
    const realm = call.realm(rd);
    const { lpa2, hashAlgo } = realm.config;
    const refused = call.pe.realm.writeBytes(data, page.bytes());
    assert(refused === 0, 'a DELEGATED granule is Realm memory');
    call.move(data, GranuleState.DATA);
    const { table, index, level } = call.walk;
    call.rtt.write(table, index, level, lpa2, { hipas: Hipas.ASSIGNED, ripas: Ripas.RAM, addr: data, attr: 0 });
    const content = flags === MEASURE_CONTENT ? page.bytes() : undefined;
    const [rim, ...rems] = realm.measurements;
    assert(rim !== undefined, 'a Realm has a RIM');
    realm.measurements = [call.rmm.measurer.extendData(hashAlgo, rim, ipa, BigInt(flags), content), ...rems];
  },
});

/** The Host's page, copied once: checks, contents and measurement all look at that copy. */
class HostPage {
  readonly #call: Call;
  readonly #pa: number;
  #copy: Uint8Array | undefined;

  constructor(call: Call, pa: number) {
    this.#call = call;
    this.#pa = pa;
  }

  isCopied(): boolean {
    this.#copy ??= this.#call.copyFromHost(this.#pa);
    return this.#copy !== undefined;
  }

  bytes(): Uint8Array {
    assert(this.#copy?.length === GRANULE_SIZE, 'the page was copied by a row before');
    return this.#copy;
  }
}
