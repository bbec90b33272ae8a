import { Pas } from '../../../arch/world.ts';
import { PAGE, REALM_SECRET, access, call, expectFault, expectValue, rmm, secureService } from '../perform.ts';
import type { Scene } from '../scene.ts';

/** The trusted service of the Secure world reads a page of the Realm world. */
export const secureReads: Scene = {
  id: 'secure-reads',
  kind: 'attack',
  title: 'demo.secure-reads.title',
  opening: 'demo.secure-reads.opening',
  closing: 'demo.secure-reads.closing',
  written: [
    { document: 'DDI 0487', part: 'D9' },
    { document: 'DDI 0487', part: 'D8', about: 'NS' },
    { document: 'DEN0129', about: 'PAS' },
  ],

  play(machine) {
    const delegated = call(machine, 'RMI_GRANULE_DELEGATE', [PAGE]);
    const secret = access(machine, rmm, { what: 'store', at: PAGE, value: REALM_SECRET });
    const [nonSecure, secure] = [Pas.NonSecure, Pas.Secure].map((pas) =>
      access(machine, secureService, { what: 'load', at: PAGE, pas }),
    ) as [ReturnType<typeof access>, ReturnType<typeof access>];
    return {
      facts: { page: PAGE },
      steps: [delegated, secret, nonSecure, secure],
      checks: [
        expectValue('realm-owns-the-page', secret, REALM_SECRET),
        expectFault('refused-in-non-secure-pas', nonSecure, 'GPF level 1 REALM'),
        expectFault('refused-in-secure-pas', secure, 'GPF level 1 REALM'),
      ],
    };
  },
};
