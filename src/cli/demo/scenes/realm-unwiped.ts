import { Machine } from '../../../machine/machine.ts';
import type { Word } from '../../../words/words.ts';
import { expectValue } from '../perform.ts';
import type { Scene, Step, StepOf } from '../scene.ts';
import { GUEST_SECRET, SECRET_IPA, Stage } from '../stage.ts';

/** The host takes a page of a Realm back and reads what is left in it: with an RMM that wipes, and with one that does not. */
export const realmUnwiped: Scene = {
  id: 'realm-unwiped',
  kind: 'attack',
  target: 'realms',
  title: 'demo.realm-unwiped.title',
  opening: 'demo.realm-unwiped.opening',
  closing: 'demo.realm-unwiped.closing',
  written: [
    { document: 'DEN0137', about: 'RMI_DATA_DESTROY' },
    { document: 'DEN0137', about: 'RMI_GRANULE_UNDELEGATE' },
  ],

  play(machine) {
    const sound = attack(machine, 'demo.realm-unwiped.sound');
    const flawed = Machine.boot(machine.description);
    flawed.rmm.wipe = () => undefined;
    const broken = attack(flawed, 'demo.realm-unwiped.broken');
    return {
      facts: { at: SECRET_IPA },
      steps: [...sound.steps, ...broken.steps],
      checks: [
        expectValue('the-page-comes-back-empty', sound.read, 0n),
        expectValue('without-wiping-the-secret-is-out', broken.read, GUEST_SECRET),
      ],
    };
  },
};

function attack(machine: Machine, say: Word): { readonly steps: readonly Step[]; readonly read: StepOf<'access'> } {
  const stage = new Stage(machine);
  const realm = stage.hidden(() => stage.build());
  const page = stage.hidden(() => stage.keepSecret(realm));
  stage.idle();
  stage.call('RMI_DATA_DESTROY', [realm.rd, SECRET_IPA], say);
  stage.call('RMI_GRANULE_UNDELEGATE', [page]);
  return { read: stage.look(page), steps: stage.steps };
}
