import type { Scene } from '../scene.ts';
import { Stage } from '../stage.ts';

/** The Realm goes, and all of its memory comes back to the host, empty. */
export const realmDestroy: Scene = {
  id: 'realm-destroy',
  kind: 'tour',
  title: 'demo.realm-destroy.title',
  opening: 'demo.realm-destroy.opening',
  closing: 'demo.realm-destroy.closing',
  written: [
    { document: 'DEN0137', about: 'RMI_REALM_DESTROY' },
    { document: 'DEN0137', about: 'RMI_GRANULE_UNDELEGATE' },
  ],

  play(machine) {
    const stage = new Stage(machine);
    const realm = stage.hidden(() => stage.build());
    stage.hidden(() => stage.keepSecret(realm));
    stage.idle();
    const granules = machine.rmm.granules.data().used.map(([pa]) => pa);
    const early = stage.call('RMI_REALM_DESTROY', [realm.rd], 'demo.realm-destroy.early');
    stage.run(stage.host.destroy(realm), { RMI_REC_DESTROY: 'demo.realm-destroy.order' });
    const found = granules.map((pa) => isEmpty(stage, pa));
    const last = stage.look(granules[0] as number, 'demo.realm-destroy.empty');
    const left = machine.rmm.granules.data().used.length;
    return {
      facts: { granules: granules.length },
      steps: stage.steps,
      checks: [
        { id: 'a-realm-in-use-stays', expected: 'RMI_ERROR_REALM realm_live', found: `${early.status} ${early.row}` },
        { id: 'nothing-is-left-behind', expected: '0', found: String(left) },
        { id: 'every-granule-is-empty', expected: 'true', found: String(found.every((empty) => empty)) },
        { id: 'and-the-hosts-again', expected: '0', found: String(last.value) },
      ],
    };
  },
};

/** Whether the host can read a whole granule and finds only zeros. */
function isEmpty({ machine }: Stage, pa: number): boolean {
  const host = machine.host();
  for (let at = pa; at < pa + 4096; at += 16) if (host.read(at, { size: 16 }).value !== 0n) return false;
  return true;
}
