import { expectRow } from '../perform.ts';
import type { Scene } from '../scene.ts';
import { EMUL_MMIO, SECRET_IPA, Stage, vcpuOf } from '../stage.ts';

/** What the host would like the guest to read. */
const FORGED = 0xbad_c0den;

/** The guest touches a page that is not there; the host answers with a value, as it may for a device. */
export const realmForgedValue: Scene = {
  id: 'realm-forged-value',
  kind: 'attack',
  target: 'realms',
  title: 'demo.realm-forged-value.title',
  opening: 'demo.realm-forged-value.opening',
  closing: 'demo.realm-forged-value.closing',
  written: [
    { document: 'DEN0137', about: 'RmiRecEnterFlags' },
    { document: 'DEN0137', about: 'Emulatable Data Abort' },
  ],

  play(machine) {
    const stage = new Stage(machine);
    const realm = stage.hidden(() => stage.build());
    const vcpu = vcpuOf(realm);
    stage.hidden(() => stage.enter(vcpu));
    const load = stage.load(SECRET_IPA, 'demo.realm-forged-value.load');
    const attack = stage.enter(vcpu, 'demo.realm-forged-value.answer', EMUL_MMIO, [FORGED]);
    return {
      facts: { at: SECRET_IPA, forged: FORGED },
      steps: stage.steps,
      checks: [
        { id: 'the-load-is-an-exit', expected: 'NS.EL2', found: load.to ?? '' },
        expectRow('only-a-device-may-be-played', attack, 'RMI_ERROR_REC rec_mmio'),
      ],
    };
  },
};
