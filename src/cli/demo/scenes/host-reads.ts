import { ecOf, gpcscShift, issOf } from '../../../arch/syndrome.ts';
import { type Pas, worldName } from '../../../arch/world.ts';
import { hex } from '../../../base/hex.ts';
import { Machine } from '../../../machine/machine.ts';
import type { Pe } from '../../../cpu/pe.ts';
import { PAGE, REALM_SECRET, access, call, expectFault, expectValue, host, rmm } from '../perform.ts';
import type { Scene, Step } from '../scene.ts';

/** The host reads a page that it has given away. */
export const hostReads: Scene = {
  id: 'host-reads',
  kind: 'attack',
  title: 'demo.host-reads.title',
  opening: 'demo.host-reads.opening',
  closing: 'demo.host-reads.closing',
  written: [
    { document: 'DDI 0487', part: 'D9' },
    { document: 'DDI 0487', part: 'D24', about: 'ESR_EL2, ESR_EL3, MFAR_EL3' },
    { document: 'DEN0137', about: 'RMI_GRANULE_DELEGATE' },
  ],

  play(machine) {
    const delegated = call(machine, 'RMI_GRANULE_DELEGATE', [PAGE]);
    const secret = access(machine, rmm, { what: 'store', at: PAGE, value: REALM_SECRET });
    const read = access(machine, host, { what: 'load', at: PAGE, say: 'demo.host-reads.read' });

    // The same attack where EL3 wants to hear of it: only then do GPCSC and MFAR_EL3 say what was hit.
    const routing = Machine.boot({ ...machine.description, isGpfToEl3: true });
    const pe = routing.pes[0] as Pe;
    call(routing, 'RMI_GRANULE_DELEGATE', [PAGE]);
    const routed = access(routing, host, { what: 'load', at: PAGE, say: 'demo.host-reads.routed' });
    const [esr, mfar] = [pe.get('esr_el3'), pe.get('mfar_el3')];
    const gpcsc = (issOf(esr) >> gpcscShift) & 0x3f;
    const pas = (Number(mfar >> 63n) | (Number((mfar >> 62n) & 1n) << 1)) as Pas;
    const at = hex(mfar & ~(0b11n << 62n));
    const registers: Step[] = [
      { kind: 'register', name: 'ESR_EL3', value: esr, reads: `EC ${hex(ecOf(esr), 2)}, GPCSC ${hex(gpcsc, 2)}` },
      { kind: 'register', name: 'MFAR_EL3', value: mfar, reads: `${worldName(pas)} ${at}` },
    ];
    return {
      facts: { page: PAGE },
      steps: [delegated, secret, read, routed, ...registers],
      checks: [
        expectValue('realm-owns-the-page', secret, REALM_SECRET),
        expectFault('host-is-refused', read, 'GPF level 1 REALM'),
        expectFault('host-is-refused-by-el3', routed, 'EXTERNAL_ABORT'),
        { id: 'esr-el3', expected: '0x7a03_4028', found: hex(esr) },
        { id: 'mfar-el3', expected: '0x8000_0000_9000_5000', found: hex(mfar) },
      ],
    };
  },
};
