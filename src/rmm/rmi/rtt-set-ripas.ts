import { isGranuleAligned, toPa } from '../../arch/address.ts';
import { Fid } from '../../arch/smccc.ts';
import type { Call } from '../call.ts';
import { rmi } from '../command.ts';
import { GranuleState } from '../granule.ts';
import type { Realm } from '../realm.ts';
import type { Rec } from '../rec.ts';
import { ENTRIES, Hipas, LEVEL_MAX, Ripas, type RttEntry, entrySize, scratch } from '../rtt.ts';

/** Applies (part of) the RIPAS change that a REC asked for. */
export const rttSetRipas = rmi({
  name: 'RMI_RTT_SET_RIPAS',
  fid: Fid.RMI_RTT_SET_RIPAS,

  context(call) {
    const [rd, rec, base, top] = [1, 2, 3, 4].map((n) => call.args.number(n)) as [number, number, number, number];
    return { call, rd: toPa(rd), rec: toPa(rec), base: toPa(base), top: toPa(top) };
  },

  // prettier-ignore
  failures: [
    { id: 'size_valid',     error: 'RMI_ERROR_INPUT', when: ({ base, top }) => top <= base },
    { id: 'rd_align',       error: 'RMI_ERROR_INPUT', when: ({ rd }) => !isGranuleAligned(rd) },
    { id: 'rd_bound',       error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isDelegable(rd) },
    { id: 'rd_state',       error: 'RMI_ERROR_INPUT', when: ({ call, rd }) => !call.isIn(rd, GranuleState.RD) },
    { id: 'rec_align',      error: 'RMI_ERROR_INPUT', when: ({ rec }) => !isGranuleAligned(rec) },
    { id: 'rec_bound',      error: 'RMI_ERROR_INPUT', when: ({ call, rec }) => !call.isDelegable(rec) },
    { id: 'rec_gran_state', error: 'RMI_ERROR_INPUT', when: ({ call, rec }) => !call.isIn(rec, GranuleState.REC) },
    { id: 'rec_state',      error: 'RMI_ERROR_REC',   when: ({ call, rec }) => call.rec(rec).isRunning },
    { id: 'rec_owner',      error: 'RMI_ERROR_REC',   when: ({ call, rec, rd }) => call.rec(rec).realm.config.rd !== rd },
    { id: 'base_bound',     error: 'RMI_ERROR_INPUT', when: ({ call, rec, base }) => base !== call.rec(rec).ripas.addr },
    { id: 'top_bound',      error: 'RMI_ERROR_INPUT', when: ({ call, rec, top }) => top > call.rec(rec).ripas.top },
    { id: 'top_gran_align', error: 'RMI_ERROR_INPUT', when: ({ top }) => !isGranuleAligned(top) },
    { id: 'base_align',     error: 'RMI_ERROR_RTT',   when: ({ call, rd, base }) => base % entrySize(call.walkTo(call.realm(rd), base, LEVEL_MAX).level) !== 0, index: ({ call }) => call.walk.level },
    { id: 'no_progress',    error: 'RMI_ERROR_RTT',   when: ({ call, rec, base, top }) => base + entrySize(call.walk.level) > top || !mayChange(call.walk.entry, call.rec(rec)), index: ({ call }) => call.walk.level },
  ],

  effect({ call, rd, rec, base, top }) {
    const target = call.rec(rec);
    const out = set(call, call.realm(rd), target, base, top);
    target.ripas = { ...target.ripas, addr: out };
    call.out(1, out);
  },
});

/** No table, and DESTROYED only with the Realm's consent. */
const mayChange = (entry: Readonly<RttEntry>, rec: Rec): boolean =>
  (entry.hipas === Hipas.UNASSIGNED || entry.hipas === Hipas.ASSIGNED) &&
  (entry.ripas !== Ripas.DESTROYED || rec.ripas.changeDestroyed);

/** Entry by entry to the end of the table, to `top`, or to the first entry that may not change. HIPAS stays. */
function set(call: Call, realm: Realm, rec: Rec, base: number, top: number): number {
  const { lpa2 } = realm.config;
  const { table, level } = call.walk;
  const size = entrySize(level);
  const entry = scratch();
  let at = base;
  for (let { index } = call.walk; index < ENTRIES && at + size <= top; index++, at += size) {
    call.rtt.read(table, index, level, lpa2, entry);
    if (!mayChange(entry, rec)) break;
    if (entry.ripas === rec.ripas.value) continue;
    const wasValid = entry.hipas === Hipas.ASSIGNED && entry.ripas === Ripas.RAM;
    call.rtt.write(table, index, level, lpa2, { ...entry, ripas: rec.ripas.value });
    if (wasValid) call.invalidate(realm, at, size);
  }
  return at;
}
