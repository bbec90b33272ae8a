import { enumerations } from '../../../spec/generated.ts';
import { expectRow } from '../perform.ts';
import type { Scene } from '../scene.ts';
import { SECRET_IPA, Stage, vcpuOf } from '../stage.ts';

/** One Realm gives memory up; the host applies that to another one. */
export const realmForeignRec: Scene = {
  id: 'realm-foreign-rec',
  kind: 'attack',
  target: 'realms',
  title: 'demo.realm-foreign-rec.title',
  opening: 'demo.realm-foreign-rec.opening',
  closing: 'demo.realm-foreign-rec.closing',
  written: [{ document: 'DEN0137', about: 'RMI_RTT_SET_RIPAS' }],

  play(machine) {
    const stage = new Stage(machine);
    const [victim, accomplice] = stage.hidden(() => [stage.build(), stage.build({}, 2)]);
    const end = SECRET_IPA + 0x1000n;
    const helper = vcpuOf(accomplice);
    stage.enter(helper);
    stage.call(
      'RSI_IPA_STATE_SET',
      [SECRET_IPA, end, enumerations.RsiRipas.EMPTY, 0n],
      'demo.realm-foreign-rec.request',
    );
    const attack = stage.call(
      'RMI_RTT_SET_RIPAS',
      [victim.rd, helper.rec, SECRET_IPA, end],
      'demo.realm-foreign-rec.apply',
    );
    const entry = stage.call('RMI_RTT_READ_ENTRY', [victim.rd, SECRET_IPA, 3], 'demo.realm-foreign-rec.entry');
    return {
      facts: { at: SECRET_IPA },
      steps: stage.steps,
      checks: [
        expectRow('the-rec-is-not-of-the-realm', attack, 'RMI_ERROR_REC rec_owner'),
        {
          id: 'the-victim-keeps-its-ram',
          expected: String(enumerations.RmiRipas.RAM),
          found: String(entry.outputs.at(-1)?.value),
        },
      ],
    };
  },
};
