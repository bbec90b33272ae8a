import { Pas } from '../../../arch/world.ts';
import { hex } from '../../../base/hex.ts';
import { PAGE, REALM_SECRET, access, call, el3, expectFault, expectValue, host, rmm } from '../perform.ts';
import type { Scene, StepOf } from '../scene.ts';

/** A page that stays with the host, for others to run code from. */
const HOST_PAGE = 0x9000_6000n;

/** Software executes from another world's address space: the host from a Realm page, RMM and EL3 from a host page. */
export const foreignFetch: Scene = {
  id: 'foreign-fetch',
  kind: 'attack',
  title: 'demo.foreign-fetch.title',
  opening: 'demo.foreign-fetch.opening',
  closing: 'demo.foreign-fetch.closing',
  written: [
    { document: 'DDI 0487', part: 'D9' },
    { document: 'DDI 0487', part: 'D8', about: 'NS, NSE' },
    { document: 'DDI 0487', part: 'D24', about: 'ESR_EL2.IFSC' },
  ],

  play(machine) {
    const delegated = call(machine, 'RMI_GRANULE_DELEGATE', [PAGE]);
    const code = access(machine, rmm, { what: 'store', at: PAGE, value: REALM_SECRET });
    const branch = access(machine, host, { what: 'fetch', at: PAGE, say: 'demo.foreign-fetch.host' });
    const readable = access(machine, rmm, {
      what: 'load',
      at: HOST_PAGE,
      pas: Pas.NonSecure,
      say: 'demo.foreign-fetch.realm',
    });
    const fromRealm = access(machine, rmm, {
      what: 'fetch',
      at: HOST_PAGE,
      pas: Pas.NonSecure,
    });
    const fromRoot = access(machine, el3, {
      what: 'fetch',
      at: HOST_PAGE,
      pas: Pas.NonSecure,
      say: 'demo.foreign-fetch.root',
    });
    return {
      facts: { page: PAGE, hostPage: HOST_PAGE, ifsc: ifscOf(fromRealm) },
      steps: [delegated, code, branch, readable, fromRealm, fromRoot],
      checks: [
        expectFault('host-branch-is-refused', branch, 'GPF level 1 REALM'),
        expectValue('realm-may-read-the-host-page', readable, 0n),
        expectFault('realm-fetch-is-refused', fromRealm, 'PERMISSION'),
        expectFault('root-fetch-is-refused', fromRoot, 'PERMISSION'),
      ],
    };
  },
};

const ifscOf = ({ fault }: StepOf<'access'>): string => hex(fault?.syndrome?.fsc ?? 0, 2);
