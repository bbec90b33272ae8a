import { frameBase } from '../../../arch/address.ts';
import { Pas } from '../../../arch/world.ts';
import type { Pe } from '../../../cpu/pe.ts';
import { Machine } from '../../../machine/machine.ts';
import {
  HOST_VALUE,
  PAGE,
  REALM_SECRET,
  access,
  call,
  expectFault,
  expectValue,
  host,
  rmm,
  writeBack,
} from '../perform.ts';
import type { Scene, Step, StepOf } from '../scene.ts';

/** PE 1 has read the page, so it holds the old answer when PE 0 delegates it. */
const otherPe = { ...host, pe: 1 };

/** The host uses what a TLB remembers of a page that has just been delegated: with and without the monitor's TLBI. */
export const staleTlb: Scene = {
  id: 'stale-tlb',
  kind: 'attack',
  title: 'demo.stale-tlb.title',
  opening: 'demo.stale-tlb.opening',
  closing: 'demo.stale-tlb.closing',
  written: [
    { document: 'DDI 0487', part: 'D9' },
    { document: 'DDI 0487', part: 'C5.5', about: 'TLBI RPALOS' },
  ],

  play(machine) {
    const sound = attack(machine, 'demo.stale-tlb.sound');

    const forgetful = Machine.boot({ ...machine.description, isStrict: true });
    forgetful.monitor.gpt.invalidateRange = () => {};
    const broken = attack(forgetful, 'demo.stale-tlb.broken');
    const findings = forgetful.findings.map(({ invariant, frame, detail }): StepOf<'finding'> => ({
      kind: 'finding',
      invariant,
      at: BigInt(frameBase(frame)),
      detail,
    }));
    return {
      facts: { page: PAGE },
      steps: [...sound.before, ...sound.steps, ...broken.steps, ...findings],
      checks: [
        expectValue('pe1-has-read-the-page', sound.first, HOST_VALUE),
        expectFault('pe1-is-refused', sound.second, 'GPF level 1 REALM'),
        expectValue('without-tlbi-the-secret-is-out', broken.second, REALM_SECRET),
        { id: 'without-tlbi-it-is-found', expected: 'STALE_GPT_TLB', found: findings[0]?.invariant ?? '' },
      ],
    };
  },
};

type Attack = {
  readonly before: readonly Step[];
  readonly steps: readonly Step[];
  readonly first: StepOf<'access'>;
  readonly second: StepOf<'access'>;
};

/** Read, delegate on the other PE, read again. */
function attack(machine: Machine, say: 'demo.stale-tlb.sound' | 'demo.stale-tlb.broken'): Attack {
  const { affinity } = machine.pes[otherPe.pe] as Pe;
  const entry = BigInt(machine.description.normal.entry);
  const on = call(machine, 'PSCI_CPU_ON64', [affinity, entry, 0n]);
  const stored = access(machine, otherPe, { what: 'store', at: PAGE, value: HOST_VALUE });
  const first = access(machine, otherPe, { what: 'load', at: PAGE });
  const delegated = call(machine, 'RMI_GRANULE_DELEGATE', [PAGE], say);
  const secret = access(machine, rmm, { what: 'store', at: PAGE, value: REALM_SECRET });
  // A cache writes lines back whenever it likes. Here it does so now, and the secret is in memory.
  const writtenBack = writeBack(machine, PAGE, Pas.Realm);
  const second = access(machine, otherPe, { what: 'load', at: PAGE });
  return { before: [on, stored, first], steps: [delegated, secret, ...writtenBack, second], first, second };
}
