import { expectRow } from '../perform.ts';
import type { Scene } from '../scene.ts';
import { IPA_BITS, SECRET_IPA, Stage } from '../stage.ts';

/** Descriptor bits: Normal write-back memory, read and write. */
const NORMAL_RW = 0xd8n;
/** A page of the host's own, where it can read what the guest writes. */
const HOST_PAGE = 0x9300_0000n;

/** The host maps memory of its own at an address that is the Realm's. */
export const realmMappedUnder: Scene = {
  id: 'realm-mapped-under',
  kind: 'attack',
  target: 'realms',
  title: 'demo.realm-mapped-under.title',
  opening: 'demo.realm-mapped-under.opening',
  closing: 'demo.realm-mapped-under.closing',
  written: [{ document: 'DEN0137', about: 'RMI_RTT_MAP_UNPROTECTED' }],

  play(machine) {
    const stage = new Stage(machine);
    const realm = stage.hidden(() => stage.build());
    const desc = HOST_PAGE | NORMAL_RW;
    const attack = stage.call('RMI_RTT_MAP_UNPROTECTED', [realm.rd, SECRET_IPA, 3, desc]);
    const shared = 2 ** (IPA_BITS - 1);
    stage.hidden(() => stage.run(stage.host.mapTables(realm, shared, 3)));
    const open = stage.call('RMI_RTT_MAP_UNPROTECTED', [realm.rd, shared, 3, desc], 'demo.realm-mapped-under.open');
    return {
      facts: { at: SECRET_IPA, shared: BigInt(shared), page: HOST_PAGE },
      steps: stage.steps,
      checks: [
        expectRow('not-below-the-half', attack, 'RMI_ERROR_INPUT ipa_bound'),
        expectRow('above-it-is-for-sharing', open, 'RMI_SUCCESS'),
      ],
    };
  },
};
