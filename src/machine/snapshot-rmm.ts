// What the parts of a saved RMM say of each other, checked before any of it is used: a file may come from anywhere.

import { GRANULE_SIZE } from '../arch/address.ts';
import { InputError } from '../base/input-error.ts';
import { GranuleState } from '../rmm/granule.ts';
import type { RmmData } from '../rmm/rmm.ts';
import type { BankDescription } from './description.ts';

/** Throws unless granules lie in the banks and Realms, RECs and PEs name each other as they should. */
export function checkRmmData(data: RmmData, banks: readonly BankDescription[], peCount: number): void {
  const { granules, realms, recs, running } = data;
  const refuse = (where: string, expected: string, found: number): InputError =>
    new InputError({ code: 'SNAPSHOT_DATA', where: `state.rmm.${where}`, expected, found: `0x${found.toString(16)}` });

  // An RMM that did not boot tracks nothing.
  const isTracking = granules.banks.length > 0;
  if (isTracking && granules.banks.length !== banks.length)
    throw refuse('granules.banks', `${banks.length} banks`, granules.banks.length);
  for (const [i, { base, size }] of granules.banks.entries()) {
    const bank = banks[i] as BankDescription;
    if (base !== bank.base || size !== bank.size) throw refuse(`granules.banks[${i}]`, 'the bank of the machine', base);
  }
  const states = new Map<number, GranuleState>();
  for (const [i, [pa, state]] of granules.used.entries()) {
    const isTracked = granules.banks.some(({ base, size }) => pa >= base && pa < base + size);
    if (!isTracked || pa % GRANULE_SIZE !== 0 || states.has(pa))
      throw refuse(`granules.used[${i}]`, 'each granule of a bank once', pa);
    states.set(pa, state);
  }

  /** Each of them lies in a granule of its own, which is in the state that says so. */
  const inPlace = (where: string, at: readonly number[], state: GranuleState): void => {
    const seen = new Set<number>();
    for (const [i, pa] of at.entries()) {
      if (states.get(pa) !== state || seen.has(pa)) throw refuse(`${where}[${i}]`, 'a granule of that state, once', pa);
      seen.add(pa);
    }
    const count = [...states.values()].filter((other) => other === state).length;
    if (seen.size !== count) throw refuse(where, `${count} of them`, seen.size);
  };
  inPlace(
    'realms',
    realms.map(({ config }) => config.rd),
    GranuleState.RD,
  );
  inPlace(
    'recs',
    recs.map(({ pa }) => pa),
    GranuleState.REC,
  );
  inPlace(
    'recs.aux',
    recs.flatMap(({ aux }) => aux),
    GranuleState.REC_AUX,
  );
  const pes = new Set<number>();
  for (const [i, { pe, rec }] of running.entries()) {
    if (pe >= peCount || pes.has(pe)) throw refuse(`running[${i}].pe`, 'each PE of the machine once', pe);
    if (states.get(rec) !== GranuleState.REC) throw refuse(`running[${i}].rec`, 'a REC', rec);
    pes.add(pe);
  }
  const rds = new Set<number>(realms.map(({ config }) => config.rd));
  for (const [i, { rd, pa, state }] of recs.entries()) {
    if (!rds.has(rd)) throw refuse(`recs[${i}].rd`, 'a Realm of the machine', rd);
    const on = running.filter(({ rec }) => rec === pa).map(({ pe }) => pe);
    if (on.length > 1 || on[0] !== state.runningOn)
      throw refuse(`recs[${i}].state.runningOn`, 'the PE that runs it', state.runningOn ?? -1);
  }
  for (const [i, { config }] of realms.entries()) {
    for (let n = 0; n < config.numStart; n++)
      if (states.get(config.rttBase + n * GRANULE_SIZE) !== GranuleState.RTT)
        throw refuse(`realms[${i}].config.rttBase`, 'tables of the Realm', config.rttBase + n * GRANULE_SIZE);
  }
}
