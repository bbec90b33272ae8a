import {
  HOST_VALUE,
  PAGE,
  REALM_SECRET,
  access,
  call,
  entries,
  expectFault,
  expectStatus,
  expectValue,
  host,
  rmm,
  withEvents,
} from '../perform.ts';
import type { Scene } from '../scene.ts';

/** One page goes from the Normal world to the Realm world and back. */
export const journey: Scene = {
  id: 'journey',
  kind: 'tour',
  title: 'demo.journey.title',
  opening: 'demo.journey.opening',
  closing: 'demo.journey.closing',
  written: [
    { document: 'DEN0137', about: 'RMI_GRANULE_DELEGATE' },
    { document: 'RMM-EL3 0.3', about: 'GTSI_DELEGATE' },
    { document: 'DDI 0487', part: 'D9', about: 'GPT' },
  ],

  play(machine) {
    const written = access(machine, host, { what: 'store', at: PAGE, value: HOST_VALUE, say: 'demo.journey.written' });
    const before = entries(machine, PAGE, 'demo.journey.before');
    const delegation = withEvents(machine, () =>
      call(machine, 'RMI_GRANULE_DELEGATE', [PAGE], 'demo.journey.delegate'),
    );
    const during = entries(machine, PAGE, 'demo.journey.during');
    const refused = access(machine, host, { what: 'load', at: PAGE, say: 'demo.journey.refused' });
    const wiped = access(machine, rmm, { what: 'load', at: PAGE, say: 'demo.journey.wiped' });
    const secret = access(machine, rmm, { what: 'store', at: PAGE, value: REALM_SECRET });
    const back = withEvents(machine, () => call(machine, 'RMI_GRANULE_UNDELEGATE', [PAGE], 'demo.journey.undelegate'));
    const after = entries(machine, PAGE, 'demo.journey.after');
    const empty = access(machine, host, { what: 'load', at: PAGE, say: 'demo.journey.empty' });
    const words = (list: readonly { readonly word: bigint }[]): string =>
      list.map(({ word }) => word.toString(16)).join(' ');
    return {
      facts: { page: PAGE },
      steps: [
        written,
        ...before,
        delegation.result,
        ...delegation.events,
        ...during,
        refused,
        wiped,
        secret,
        back.result,
        ...back.events,
        ...after,
        empty,
      ],
      checks: [
        expectValue('host-owns-the-page', written, HOST_VALUE),
        expectStatus('delegate', delegation.result, 'RMI_SUCCESS'),
        { id: 'entry-says-realm', expected: 'REALM', found: during.at(-1)?.gpi ?? '' },
        expectFault('host-is-refused', refused, 'GPF level 1 REALM'),
        expectValue('wiped-on-the-way-in', wiped, 0n),
        expectValue('realm-owns-the-page', secret, REALM_SECRET),
        expectStatus('undelegate', back.result, 'RMI_SUCCESS'),
        { id: 'tables-as-before', expected: words(before), found: words(after) },
        expectValue('wiped-on-the-way-out', empty, 0n),
      ],
    };
  },
};
