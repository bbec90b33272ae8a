import { hex } from '../../../base/hex.ts';
import { Pas } from '../../../arch/world.ts';
import { HOST_VALUE, PAGE, access, deviceStore, el3, expectFault, expectValue } from '../perform.ts';
import type { Scene } from '../scene.ts';

const DEVICE = 'disk';

/** A device writes memory of the Root world by DMA. */
export const deviceWrites: Scene = {
  id: 'device-writes',
  kind: 'attack',
  title: 'demo.device-writes.title',
  opening: 'demo.device-writes.opening',
  closing: 'demo.device-writes.closing',
  written: [
    { document: 'IHI 0070', part: '3.25' },
    { document: 'IHI 0070', about: 'SMMU_ROOT_GPF_FAR' },
    { document: 'DDI 0487', part: 'D9' },
  ],

  play(machine) {
    const target = BigInt(machine.description.gpt.regions.find(({ gpi }) => gpi === 'ROOT')?.base ?? 0);
    const before = access(machine, el3, { what: 'load', at: target });
    const allowed = deviceStore(machine, DEVICE, {
      at: PAGE,
      pas: Pas.NonSecure,
      value: HOST_VALUE,
      say: 'demo.device-writes.allowed',
    });
    const attack = deviceStore(machine, DEVICE, {
      at: target,
      pas: Pas.NonSecure,
      value: HOST_VALUE,
      say: 'demo.device-writes.attack',
    });
    const { gpfFar } = machine.smmu;
    const after = access(machine, el3, { what: 'load', at: target, say: 'demo.device-writes.after' });
    return {
      facts: { target },
      steps: [
        allowed,
        attack,
        { kind: 'register', name: 'SMMU_ROOT_GPF_FAR', value: gpfFar, reads: farText(gpfFar) },
        after,
      ],
      checks: [
        expectValue('device-can-write-host-memory', allowed, HOST_VALUE),
        expectFault('device-is-refused', attack, 'GPF level 1 ROOT'),
        { id: 'fault-is-latched', expected: hex(target | (1n << 62n) | 7n), found: hex(gpfFar) },
        expectValue('root-memory-is-unchanged', after, before.value ?? 0n),
      ],
    };
  },
};

/** SMMU_ROOT_GPF_FAR: PAS [63:62], PA [55:12], REASON [3:1], FAULT [0]. */
const farText = (far: bigint): string =>
  `PAS ${(far >> 62n).toString(2).padStart(2, '0')}, REASON ${(far >> 1n) & 0b111n}, FAULT ${far & 1n}`;
