import type { Pe } from '../../../cpu/pe.ts';
import { call, expectRow, expectStatus } from '../perform.ts';
import type { Scene } from '../scene.ts';
import { GUEST_SECRET, SECRET_IPA, Stage, vcpuOf } from '../stage.ts';

/** While PE 0 runs a vCPU, PE 1 destroys it. */
export const realmRunningRec: Scene = {
  id: 'realm-running-rec',
  kind: 'attack',
  target: 'realms',
  title: 'demo.realm-running-rec.title',
  opening: 'demo.realm-running-rec.opening',
  closing: 'demo.realm-running-rec.closing',
  written: [
    { document: 'DEN0137', about: 'RMI_REC_DESTROY' },
    { document: 'DEN0137', about: 'RMI_REC_ENTER' },
  ],

  play(machine) {
    const stage = new Stage(machine);
    const { affinity } = machine.pes[1] as Pe;
    const on = call(machine, 'PSCI_CPU_ON64', [affinity, BigInt(machine.description.normal.entry), 0n]);
    const realm = stage.hidden(() => stage.build());
    const { rec, run } = vcpuOf(realm);
    const entered = stage.enter(vcpuOf(realm), 'demo.realm-running-rec.enter');
    const destroy = stage.call('RMI_REC_DESTROY', [rec], 'demo.realm-running-rec.destroy', 1);
    const second = stage.call('RMI_REC_ENTER', [rec, run], 'demo.realm-running-rec.second', 1);
    const goesOn = stage.call('RSI_VERSION', [0x1_0000n], 'demo.realm-running-rec.on');
    return {
      facts: { at: SECRET_IPA, secret: GUEST_SECRET },
      steps: [on, ...stage.steps],
      checks: [
        expectStatus('pe-1-is-on', on, 'SUCCESS'),
        { id: 'pe-0-runs-it', expected: 'RL.EL1', found: entered.to ?? '' },
        expectRow('a-running-rec-stays', destroy, 'RMI_ERROR_REC rec_state'),
        expectRow('and-runs-once-only', second, 'RMI_ERROR_REC rec_state'),
        { id: 'the-guest-goes-on', expected: 'RSI_SUCCESS', found: goesOn.status ?? '' },
      ],
    };
  },
};
