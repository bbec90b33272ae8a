import { enumerations } from '../../../spec/generated.ts';
import type { Scene, StepOf } from '../scene.ts';
import { expectValue, same } from '../perform.ts';
import { GUEST_SECRET, SECRET_IPA, Stage, vcpuOf } from '../stage.ts';

const { EMPTY, RAM } = enumerations.RsiRipas;
const END = SECRET_IPA + 0x1000n;

/** The guest gives memory up and asks for it again; the host does its part each time. */
export const realmResize: Scene = {
  id: 'realm-resize',
  kind: 'tour',
  title: 'demo.realm-resize.title',
  opening: 'demo.realm-resize.opening',
  closing: 'demo.realm-resize.closing',
  written: [
    { document: 'DEN0137', about: 'RSI_IPA_STATE_SET' },
    { document: 'DEN0137', about: 'RMI_RTT_SET_RIPAS' },
    { document: 'DEN0137', about: 'RMI_DATA_DESTROY' },
  ],

  play(machine) {
    const stage = new Stage(machine);
    const realm = stage.hidden(() => stage.build());
    const vcpu = vcpuOf(realm);
    const page = stage.hidden(() => stage.keepSecret(realm));
    const change = (ripas: number, say: 'demo.realm-resize.shrink' | 'demo.realm-resize.grow'): StepOf<'exit'> => {
      stage.call('RSI_IPA_STATE_SET', [SECRET_IPA, END, ripas, 0n], say);
      const exit = stage.exit(vcpu);
      stage.call('RMI_RTT_SET_RIPAS', [realm.rd, vcpu.rec, SECRET_IPA, END]);
      return exit;
    };

    const shrink = change(EMPTY, 'demo.realm-resize.shrink');
    const destroyed = stage.call('RMI_DATA_DESTROY', [realm.rd, SECRET_IPA], 'demo.realm-resize.take');
    stage.hidden(() => stage.run(stage.host.undelegate(page)));
    realm.data.delete(Number(SECRET_IPA));
    const empty = stage.look(page, 'demo.realm-resize.empty');
    stage.enter(vcpu, 'demo.realm-resize.touch');
    const touched = stage.load(SECRET_IPA);

    const grow = change(RAM, 'demo.realm-resize.grow');
    stage.hidden(() => stage.run(stage.host.populateUnknown(realm, Number(SECRET_IPA))));
    stage.enter(vcpu, 'demo.realm-resize.again');
    const state = stage.call('RSI_IPA_STATE_GET', [SECRET_IPA, END]);
    const fresh = stage.load(SECRET_IPA);
    return {
      facts: { at: SECRET_IPA },
      steps: stage.steps,
      checks: [
        same('the-host-hears-of-it', 'RIPAS_CHANGE', shrink.reason),
        same('the-page-is-given-back', 'RMI_SUCCESS', destroyed.status ?? ''),
        expectValue('it-comes-back-empty', empty, 0n),
        same('what-is-gone-is-gone', 'EXTERNAL_ABORT', touched.fault?.name ?? ''),
        same('the-host-hears-of-that-too', 'RIPAS_CHANGE', grow.reason),
        same('it-is-ram-again', String(RAM), String(state.outputs.at(-1)?.value)),
        same('the-secret-does-not-come-back', 'true', String(fresh.value !== GUEST_SECRET)),
        same('the-new-page-is-empty', '0', String(fresh.value)),
      ],
    };
  },
};
