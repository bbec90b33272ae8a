import { expectFault, same } from '../perform.ts';
import type { Scene } from '../scene.ts';
import { IPA_BITS, RAM_SIZE, Stage } from '../stage.ts';

/** A Realm comes into being, one command after the other. */
export const realmCreate: Scene = {
  id: 'realm-create',
  kind: 'tour',
  title: 'demo.realm-create.title',
  opening: 'demo.realm-create.opening',
  closing: 'demo.realm-create.closing',
  written: [
    { document: 'DEN0137', about: 'RMI_REALM_CREATE' },
    { document: 'DEN0137', about: 'RMI_DATA_CREATE' },
    { document: 'DEN0137', about: 'RMI_REC_CREATE' },
  ],

  play(machine) {
    const stage = new Stage(machine);
    const realm = stage.build({
      RMI_REALM_CREATE: 'demo.realm-create.realm',
      RMI_RTT_CREATE: 'demo.realm-create.table',
      RMI_RTT_INIT_RIPAS: 'demo.realm-create.ripas',
      RMI_DATA_CREATE: 'demo.realm-create.data',
      RMI_REC_AUX_COUNT: 'demo.realm-create.rec',
      RMI_REALM_ACTIVATE: 'demo.realm-create.activate',
    });
    const page = realm.data.get(0) as number;
    const refused = stage.look(page, 'demo.realm-create.refused');
    return {
      facts: {
        bits: IPA_BITS,
        ram: `${RAM_SIZE / 2 ** 20} MiB`,
        granules: machine.rmm.granules.data().used.length,
      },
      steps: stage.steps,
      checks: [
        same('the-realm-is-active', 'REALM_ACTIVE', machine.rmm.realms.get(realm.rd)?.state ?? ''),
        expectFault('its-page-is-out-of-reach', refused, 'GPF level 1 REALM'),
      ],
    };
  },
};
