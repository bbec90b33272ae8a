import { expectFault, same } from '../perform.ts';
import type { Scene } from '../scene.ts';
import { GUEST_SECRET, SECRET_IPA, Stage, vcpuOf } from '../stage.ts';

/** A page for the number and the registers of a host call: in the guest's own page, behind its secret. */
const CALL_IPA = SECRET_IPA + 0x100n;
const QUESTION = 42n;
const ANSWER = 4711n;

/** The guest runs, needs the host twice, and keeps its secret. */
export const realmRun: Scene = {
  id: 'realm-run',
  kind: 'tour',
  title: 'demo.realm-run.title',
  opening: 'demo.realm-run.opening',
  closing: 'demo.realm-run.closing',
  written: [
    { document: 'DEN0137', about: 'RMI_REC_ENTER' },
    { document: 'DEN0137', about: 'RmiRecExit' },
    { document: 'DEN0137', about: 'RSI_HOST_CALL' },
  ],

  play(machine) {
    const stage = new Stage(machine);
    const realm = stage.hidden(() => stage.build());
    const vcpu = vcpuOf(realm);
    const entered = stage.enter(vcpu, 'demo.realm-run.enter');
    stage.call('RSI_VERSION', [0x1_0000n]);
    stage.store(SECRET_IPA, GUEST_SECRET, 'demo.realm-run.store');
    const missing = stage.exit(vcpu);
    stage.run(stage.host.populateUnknown(realm, Number(SECRET_IPA)), {
      RMI_DATA_CREATE_UNKNOWN: 'demo.realm-run.provide',
    });
    stage.enter(vcpu);
    const stored = stage.store(SECRET_IPA, GUEST_SECRET);

    stage.store(CALL_IPA, QUESTION, 'demo.realm-run.ask');
    stage.call('RSI_HOST_CALL', [CALL_IPA]);
    const asked = stage.exit(vcpu);
    stage.enter(vcpu, 'demo.realm-run.answer', 0n, [ANSWER]);
    const answer = stage.load(CALL_IPA + 8n);
    const kept = stage.load(SECRET_IPA);
    stage.call('PSCI_SYSTEM_OFF', [], 'demo.realm-run.leave');
    const off = stage.exit(vcpu);
    const page = realm.data.get(Number(SECRET_IPA)) as number;
    const refused = stage.look(page);
    return {
      facts: { secret: SECRET_IPA },
      steps: stage.steps,
      checks: [
        same('the-guest-runs', 'RL.EL1', entered.to ?? ''),
        same('a-missing-page-is-an-exit', 'SYNC esr hpfar', exitText(missing)),
        same('the-store-goes-through', String(GUEST_SECRET), String(stored.value)),
        same('the-host-is-asked', `HOST_CALL ${QUESTION}`, `${asked.reason} ${asked.fields.at(-1)?.value ?? ''}`),
        same('the-guest-gets-the-answer', String(ANSWER), String(answer.value)),
        same('it-shuts-down', 'PSCI', off.reason),
        same('the-secret-is-kept', String(GUEST_SECRET), String(kept.value)),
        expectFault('the-host-does-not-see-it', refused, 'GPF level 1 REALM'),
      ],
    };
  },
};

/** The reason, and the fields that say something. */
const exitText = ({ reason, fields }: { reason: string; fields: readonly { name: string }[] }): string =>
  [reason, ...fields.map(({ name }) => name)].filter((name) => !/^(gicv3|cnt)/.test(name)).join(' ');
