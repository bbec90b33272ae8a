import { PAGE, access, call, el3, entries, expectFault, expectStatus, expectValue, host } from '../perform.ts';
import type { Scene, StepOf } from '../scene.ts';

/** What the entry would have to say for the host to have its page back: sixteen Non-secure granules. */
const FORGED = 0x9999_9999_9999_9999n;

/** The host writes the table itself, and then asks EL3 as if it were the RMM. */
export const forgedEntry: Scene = {
  id: 'forged-entry',
  kind: 'attack',
  title: 'demo.forged-entry.title',
  opening: 'demo.forged-entry.opening',
  closing: 'demo.forged-entry.closing',
  written: [
    { document: 'DDI 0487', part: 'D9' },
    { document: 'DEN0129', about: 'GPT' },
    { document: 'RMM-EL3 0.3', about: 'GTSI_UNDELEGATE' },
  ],

  play(machine) {
    const delegated = call(machine, 'RMI_GRANULE_DELEGATE', [PAGE]);
    const found = entries(machine, PAGE, 'demo.forged-entry.target');
    const [level0, level1] = found as [StepOf<'entry'>, StepOf<'entry'>];
    const attack = access(machine, host, {
      what: 'store',
      at: level1.at,
      value: FORGED,
      say: 'demo.forged-entry.store',
    });
    const attack0 = access(machine, host, { what: 'store', at: level0.at, value: FORGED });
    const after = access(machine, el3, { what: 'load', at: level1.at, say: 'demo.forged-entry.after' });
    const after0 = access(machine, el3, { what: 'load', at: level0.at });
    const asked = call(machine, 'RMM_GTSI_UNDELEGATE', [PAGE], 'demo.forged-entry.ask');
    const read = access(machine, host, { what: 'load', at: PAGE });
    return {
      facts: { page: PAGE, entry: level1.at },
      steps: [delegated, ...found, attack, attack0, after, after0, asked, read],
      checks: [
        expectFault('store-to-level-1-is-refused', attack, 'GPF level 1 ROOT'),
        expectFault('store-to-level-0-is-refused', attack0, 'GPF level 1 ROOT'),
        expectValue('level-1-is-unchanged', after, level1.word),
        expectValue('level-0-is-unchanged', after0, level0.word),
        expectStatus('el3-does-not-serve-the-host', asked, 'NOT_SUPPORTED'),
        expectFault('host-is-still-refused', read, 'GPF level 1 REALM'),
      ],
    };
  },
};
