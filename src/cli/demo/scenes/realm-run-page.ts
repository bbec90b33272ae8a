import { Pas, World } from '../../../arch/world.ts';
import type { Pe } from '../../../cpu/pe.ts';
import { structures } from '../../../spec/generated.ts';
import { expectRow } from '../perform.ts';
import type { Scene } from '../scene.ts';
import { Stage, TRAP_WFI, vcpuOf } from '../stage.ts';

/** List Register 0 of the run page. */
const LR0 = structures.RmiRecEnter.fields.gicv3_lrs.offset;
/** A pending virtual interrupt 27 of group 1, and the same tied to a physical interrupt: HW, which a Host may not set. */
const ALLOWED = (0b01n << 62n) | (1n << 60n) | 27n;
const FORBIDDEN = ALLOWED | (1n << 61n);

/** Another PE changes the run page while the RMM is reading it. */
export const realmRunPage: Scene = {
  id: 'realm-run-page',
  kind: 'attack',
  target: 'realms',
  title: 'demo.realm-run-page.title',
  opening: 'demo.realm-run-page.opening',
  closing: 'demo.realm-run-page.closing',
  written: [
    { document: 'DEN0137', about: 'RMI_REC_ENTER' },
    { document: 'DEN0137', about: 'RmiRecEnter' },
  ],

  play(machine) {
    const stage = new Stage(machine);
    const realm = stage.hidden(() => stage.build());
    const vcpu = vcpuOf(realm);
    const port = (machine.pes[0] as Pe).port(Pas.NonSecure, World.Realm);
    stage.poke(vcpu.run + LR0, FORBIDDEN);
    const honest = stage.enter(vcpu, 'demo.realm-run-page.honest', TRAP_WFI);

    stage.poke(vcpu.run + LR0, ALLOWED);
    let reads = 0;
    port.beforeAccess = (frame) => {
      if (frame !== vcpu.run / 4096) return;
      reads++;
      // The first read has seen the value that is allowed: from now on the page says something else.
      if (reads > 1) machine.smmu.write('attacker', Pas.NonSecure, BigInt(vcpu.run + LR0), 8, FORBIDDEN);
    };
    const raced = stage.enter(vcpu, 'demo.realm-run-page.raced', TRAP_WFI);
    const readsAtEntry = reads;
    stage.idle();
    port.beforeAccess = undefined;
    const page = stage.look(vcpu.run + LR0, 'demo.realm-run-page.page');
    const exit = stage.exit(vcpu, 'demo.realm-run-page.exit');
    const used = exit.fields.find(({ name }) => name === 'gicv3_lrs[0]')?.value;
    return {
      facts: { allowed: ALLOWED, forbidden: FORBIDDEN },
      steps: stage.steps,
      checks: [
        expectRow('said-openly-it-is-refused', honest, 'RMI_ERROR_REC rec_gicv3'),
        { id: 'the-page-is-read-once', expected: '1', found: String(readsAtEntry) },
        { id: 'the-guest-runs', expected: 'RL.EL1', found: raced.to ?? '' },
        { id: 'the-page-did-change', expected: String(FORBIDDEN), found: String(page.value) },
        { id: 'what-was-checked-was-used', expected: String(ALLOWED), found: String(used) },
      ],
    };
  },
};
