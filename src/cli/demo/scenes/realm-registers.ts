import { worldName } from '../../../arch/world.ts';
import type { Pe } from '../../../cpu/pe.ts';
import { commandFids } from '../../../spec/generated.ts';
import type { Word } from '../../../words/words.ts';
import type { Scene, StepOf } from '../scene.ts';
import { GUEST_SECRET, SECRET_IPA, Stage, vcpuOf } from '../stage.ts';

/** The host makes the guest stop with a secret in every register, and looks at all that an exit leaves. */
export const realmRegisters: Scene = {
  id: 'realm-registers',
  kind: 'attack',
  target: 'realms',
  title: 'demo.realm-registers.title',
  opening: 'demo.realm-registers.opening',
  closing: 'demo.realm-registers.closing',
  written: [
    { document: 'DEN0137', about: 'RmiRecExit' },
    { document: 'DEN0137', about: 'REC exit due to Data Abort' },
  ],

  play(machine) {
    const stage = new Stage(machine);
    const realm = stage.hidden(() => stage.build());
    const vcpu = vcpuOf(realm);
    const pe = machine.pes[0] as Pe;
    stage.hidden(() => stage.enter(vcpu));
    // A call that changes X0 to X3 and leaves the rest as it was: the guest has its secret everywhere.
    const fid = BigInt(commandFids.RSI_VERSION[0]);
    machine.perform(pe, { op: 'smc', x: [fid, 0x1_0000n, ...Array.from({ length: 29 }, () => GUEST_SECRET)] });
    const inside = register(pe, 30, 'demo.realm-registers.inside');
    const probe = stage.store(SECRET_IPA, GUEST_SECRET, 'demo.realm-registers.store');
    const exit = stage.exit(vcpu, 'demo.realm-registers.exit');
    const outside = [register(pe, 30, 'demo.realm-registers.outside')];
    const secrets = (values: Iterable<bigint>): string =>
      String([...values].filter((value) => value === GUEST_SECRET).length);
    return {
      facts: { secret: GUEST_SECRET },
      steps: [inside, ...stage.steps, ...outside],
      checks: [
        { id: 'the-guest-holds-it', expected: String(GUEST_SECRET), found: String(inside.value) },
        { id: 'the-store-is-an-exit', expected: 'NS.EL2', found: probe.to ?? '' },
        { id: 'the-record-does-not', expected: '0', found: secrets(exit.fields.map(({ value }) => value)) },
        { id: 'no-register-does', expected: '0', found: secrets(pe.x) },
      ],
    };
  },
};

/** A register of whoever is on the PE. */
const register = (pe: Pe, n: number, say?: Word): StepOf<'register'> => ({
  ...(say === undefined ? {} : { say }),
  kind: 'register',
  name: `X${n}`,
  value: pe.x[n] as bigint,
  reads: `${worldName(pe.world)}.EL${pe.el}`,
});
