import { hex } from '../../../base/hex.ts';
import { Machine } from '../../../machine/machine.ts';
import { call, eventStep, expectStatus } from '../perform.ts';
import type { Scene, Step } from '../scene.ts';

/** The order in which the worlds come up, and what the host finds then. */
export const boot: Scene = {
  id: 'boot',
  kind: 'tour',
  title: 'demo.boot.title',
  opening: 'demo.boot.opening',
  written: [
    { document: 'DDI 0487', part: 'D9', about: 'GPCCR_EL3' },
    { document: 'RMM-EL3 0.3', about: 'RMM_BOOT_COMPLETE' },
    { document: 'DEN0137', about: 'RMI_VERSION' },
  ],

  play(machine) {
    const steps: Step[] = [];
    // The boot of this machine is over: another of the same description is booted to watch it.
    Machine.boot(machine.description, {
      trace: (event) => {
        if (event.kind === 'boot' || event.kind === 'power') steps.push(eventStep(event));
      },
    });
    const version = call(machine, 'RMI_VERSION', [0x1_0000n], 'demo.boot.version');
    const revision = version.x[1] ?? 0n;
    const { paBits, pes, gpt } = machine.description;
    return {
      facts: { paBits, pes, ppsBits: gpt.ppsBits, revision: `${revision >> 16n}.${revision & 0xffffn}` },
      steps: [...steps, version],
      checks: [
        expectStatus('rmi-version', version, 'RMI_SUCCESS'),
        { id: 'rmi-revision', expected: '0x1_0000', found: hex(revision) },
        { id: 'realm-world-booted', expected: 'true', found: String(machine.monitor.isRmmReady) },
      ],
    };
  },
};
