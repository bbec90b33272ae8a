import { expectRow } from '../perform.ts';
import type { Scene } from '../scene.ts';
import { SECRET_IPA, Stage } from '../stage.ts';

/** The host gives a page of one Realm to another one as well. */
export const realmDoubleMap: Scene = {
  id: 'realm-double-map',
  kind: 'attack',
  target: 'realms',
  title: 'demo.realm-double-map.title',
  opening: 'demo.realm-double-map.opening',
  closing: 'demo.realm-double-map.closing',
  written: [{ document: 'DEN0137', about: 'RMI_DATA_CREATE_UNKNOWN' }],

  play(machine) {
    const stage = new Stage(machine);
    const [victim, spy] = stage.hidden(() => [stage.build(), stage.build({}, 2)]);
    const page = victim.data.get(0) as number;
    const attack = stage.call('RMI_DATA_CREATE_UNKNOWN', [spy.rd, page, SECRET_IPA], 'demo.realm-double-map.other');
    const again = stage.call('RMI_DATA_CREATE_UNKNOWN', [victim.rd, page, SECRET_IPA], 'demo.realm-double-map.same');
    return {
      facts: { page: BigInt(page) },
      steps: stage.steps,
      checks: [
        expectRow('not-into-another-realm', attack, 'RMI_ERROR_INPUT data_state'),
        expectRow('not-twice-into-one', again, 'RMI_ERROR_INPUT data_state'),
      ],
    };
  },
};
