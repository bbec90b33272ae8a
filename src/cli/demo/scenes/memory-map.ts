import { GRANULE_SIZE, frameBase } from '../../../arch/address.ts';
import { gpiName, gpiOf } from '../../../arch/gpi.ts';
import { type Pas, type World, canReach, parseWorld, pases, worldName } from '../../../arch/world.ts';
import { readGptMap, regionsOfMap } from '../../gpt-map.ts';
import { gpiLetter } from '../../world-colours.ts';
import { type Software, access, el3, host, rmm, secureService } from '../perform.ts';
import type { Check, Scene, StepOf } from '../scene.ts';

const worldsInOrder: readonly Software[] = [host, secureService, rmm, el3];

/** Who owns what, read from the tables, and who gets at it, found by trying. */
export const memoryMap: Scene = {
  id: 'memory-map',
  kind: 'tour',
  title: 'demo.map.title',
  opening: 'demo.map.opening',
  closing: 'demo.map.closing',
  written: [
    { document: 'DDI 0487', part: 'D9', about: 'GPI' },
    { document: 'DEN0129', about: 'PAS' },
  ],

  play(machine) {
    const { description } = machine;
    const regions = regionsOfMap(readGptMap(machine), description);
    const steps = regions.map(({ firstFrame, endFrame, gpi, name, holds }): StepOf<'run'> => ({
      kind: 'run',
      base: BigInt(frameBase(firstFrame)),
      size: (endFrame - firstFrame) * GRANULE_SIZE,
      gpi: gpiName(gpi),
      letter: gpiLetter(gpi),
      ...(name === undefined ? {} : { name }),
      holds,
    }));
    const isRam = (base: bigint): boolean =>
      description.ram.some((ram) => base >= ram.base && base < ram.base + ram.size);
    const granules = worldsInOrder.flatMap(({ world }) => {
      const wanted = gpiName(gpiOf(world as Pas));
      const step = steps.find(({ gpi, base }) => gpi === wanted && isRam(base));
      return step === undefined ? [] : [{ granule: worldName(world), at: step.base }];
    });
    const tries = worldsInOrder.map((by, i) => ({
      ...(i === 0 ? ({ say: 'demo.map.reach' } as const) : {}),
      kind: 'reach' as const,
      world: worldName(by.world),
      el: by.el,
      tried: granules.map(({ granule, at }) => ({ granule, at, granted: getsAt(by, at) })),
    }));
    return {
      facts: { granules: granules.length * tries.length },
      steps: [...steps, ...tries],
      checks: tries.map(checkOf),
    };

    /** Whether any address space that the software can name leads to the granule. */
    function getsAt(by: Software, at: bigint): boolean {
      return pases
        .filter((pas) => canReach(by.world, pas))
        .some((pas) => access(machine, by, { what: 'load', at, pas }).fault === undefined);
    }
  },
};

/** Each world gets exactly at the granules whose address space it can name. */
const checkOf = ({ world, tried }: StepOf<'reach'>): Check => ({
  id: `reach-${world}`,
  expected: tried.map(({ granule }) => canReach(parseWorld(world) as World, parseWorld(granule) as Pas)).join(' '),
  found: tried.map(({ granted }) => granted).join(' '),
});
