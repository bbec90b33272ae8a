// Saved RMMs whose parts contradict each other are refused before anything of them is used.

import { expect, test } from 'vitest';
import { buildWorld } from '../../src/fuzz/rmi-world.ts';
import { Machine } from '../../src/machine/machine.ts';
import { checkRmmData } from '../../src/machine/snapshot-rmm.ts';
import { GranuleState } from '../../src/rmm/granule.ts';
import type { RmmData } from '../../src/rmm/rmm.ts';
import { complaintOf } from './support.ts';

const { machine } = buildWorld();
const { banks } = machine.description;
const good = machine.rmm.data();
const [realm] = good.realms as [RmmData['realms'][number]];
const [rec] = good.recs as [RmmData['recs'][number]];
const used = good.granules.used;
const host = new BigUint64Array(18);
const withUsed = (changed: RmmData['granules']['used']): RmmData => ({
  ...good,
  granules: { ...good.granules, used: changed },
});
const bank = banks[0] as (typeof banks)[number];
const run = { pe: 0, rec: rec.pa, run: bank.base, host, trapWfi: false, trapWfe: false } as RmmData['running'][number];

test('a machine with Realms is accepted as it is, and comes back the same from a file', () => {
  expect(good.realms.length).toBeGreaterThan(1);
  expect(good.recs.length).toBeGreaterThan(1);
  expect(() => checkRmmData(good, banks, machine.pes.length)).not.toThrow();
  const copy = Machine.load(JSON.parse(JSON.stringify(machine.save())));
  expect(copy.rmm.data()).toEqual(good);
});

const broken: Readonly<Record<string, RmmData>> = {
  'granules.banks': { ...good, granules: { ...good.granules, banks: good.granules.banks.slice(1) } },
  'granules.banks[0]': {
    ...good,
    granules: {
      ...good.granules,
      banks: good.granules.banks.map((each, i) => (i === 0 ? { ...each, size: each.size + 4096 } : each)),
    },
  },
  'granules.used[0]': withUsed([[bank.base - 4096, GranuleState.DELEGATED], ...used]),
  [`granules.used[${used.length}]`]: withUsed([...used, used[0] as [number, GranuleState]]),
  [`granules.used[${used.length - 1}]`]: withUsed(
    used.map(([pa, state], i) => [i === used.length - 1 ? pa + 8 : pa, state]),
  ),
  realms: withUsed([...used, [bank.base + bank.size - 4096, GranuleState.RD]]),
  'realms[0]': { ...good, realms: [{ ...realm, config: { ...realm.config, rd: rec.pa as never } }, ...good.realms] },
  [`realms[${good.realms.length}]`]: { ...good, realms: [...good.realms, realm] },
  recs: { ...good, recs: good.recs.slice(1) },
  'recs[0]': { ...good, recs: [{ ...rec, pa: realm.config.rd }, ...good.recs.slice(1)] },
  'recs.aux': { ...good, recs: [{ ...rec, aux: rec.aux.slice(1) }, ...good.recs.slice(1)] },
  'recs[0].rd': { ...good, recs: [{ ...rec, rd: rec.pa }, ...good.recs.slice(1)] },
  'recs[0].state.runningOn': { ...good, running: [...good.running.filter((each) => each.rec !== rec.pa), run] },
  'running[0].pe': { ...good, running: [{ ...run, rec: 0, pe: machine.pes.length }] },
  'running[0].rec': { ...good, running: [{ ...run, rec: realm.config.rd }] },
  'realms[0].config.rttBase': {
    ...good,
    realms: [{ ...realm, config: { ...realm.config, rttBase: realm.config.rd } }, ...good.realms.slice(1)],
  },
};

test.each(Object.entries(broken))('what is wrong with %s is named', (where, data) => {
  const complaint = complaintOf(() => checkRmmData(data, banks, machine.pes.length));
  expect(complaint).toMatchObject({ code: 'SNAPSHOT_DATA', where: `state.rmm.${where}` });
});

test('a file is checked: a granule outside the banks is refused', () => {
  const saved = JSON.parse(JSON.stringify(machine.save())) as { machine: { state: { rmm: RmmData } } };
  (saved.machine.state.rmm.granules.used as [number, number][]).push([0x1000, 1]);
  expect(complaintOf(() => Machine.load(saved as never))).toMatchObject({ code: 'SNAPSHOT_DATA' });
});
