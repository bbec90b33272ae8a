import { expectRow } from '../perform.ts';
import type { Scene } from '../scene.ts';
import { SECRET_IPA, Stage, vcpuOf } from '../stage.ts';

/** The host takes a page away and slips a fresh one in, as if nothing had happened. */
export const realmRipasRollback: Scene = {
  id: 'realm-ripas-rollback',
  kind: 'attack',
  target: 'realms',
  title: 'demo.realm-ripas-rollback.title',
  opening: 'demo.realm-ripas-rollback.opening',
  closing: 'demo.realm-ripas-rollback.closing',
  written: [
    { document: 'DEN0137', about: 'RIPAS' },
    { document: 'DEN0137', about: 'RMI_RTT_INIT_RIPAS' },
  ],

  play(machine) {
    const stage = new Stage(machine);
    const realm = stage.hidden(() => stage.build());
    const vcpu = vcpuOf(realm);
    const page = stage.hidden(() => stage.keepSecret(realm));
    stage.idle();
    const end = SECRET_IPA + 0x1000n;
    stage.call('RMI_DATA_DESTROY', [realm.rd, SECRET_IPA], 'demo.realm-ripas-rollback.destroy');
    stage.call('RMI_DATA_CREATE_UNKNOWN', [realm.rd, page, SECRET_IPA]);
    const entry = stage.call('RMI_RTT_READ_ENTRY', [realm.rd, SECRET_IPA, 3], 'demo.realm-ripas-rollback.entry');
    const init = stage.call('RMI_RTT_INIT_RIPAS', [realm.rd, SECRET_IPA, end], 'demo.realm-ripas-rollback.ram');
    const set = stage.call('RMI_RTT_SET_RIPAS', [realm.rd, vcpu.rec, SECRET_IPA, end]);
    stage.enter(vcpu, 'demo.realm-ripas-rollback.load');
    const load = stage.load(SECRET_IPA);
    return {
      facts: { at: SECRET_IPA },
      steps: stage.steps,
      checks: [
        { id: 'the-entry-says-destroyed', expected: '2', found: String(entry.outputs.at(-1)?.value) },
        expectRow('too-late-for-init', init, 'RMI_ERROR_REALM realm_state'),
        expectRow('only-what-the-realm-asked', set, 'RMI_ERROR_INPUT base_bound'),
        { id: 'the-guest-never-reads-it', expected: 'NS.EL2', found: load.to ?? '' },
      ],
    };
  },
};
