// Three short stories, each a machine and what happens on it. Their traces are golden files in fixtures/traces.
import { traceLine } from '../../src/arch/trace.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';

/** Runs a story from a seed and returns its trace, one event a line. */
export type Story = (seed: number) => string;

function traceOf(seed: number, pes: number, live: (machine: Machine, skip: () => void) => void): string {
  const lines: string[] = [];
  const options = { trace: (event: Parameters<typeof traceLine>[0]): unknown => lines.push(traceLine(event)) };
  const machine = Machine.boot({ ...baseMachine, pes, seed }, options as { trace: () => void });
  live(machine, () => (lines.length = 0));
  return `${lines.join('\n')}\n`;
}

export const stories: Readonly<Record<string, Story>> = {
  /** One PE from power-on to Normal world. */
  boot: (seed) => traceOf(seed, 1, () => undefined),

  /** A granule goes from Normal to Realm world and back; a load, a fetch and a device try it on the way. */
  granule: (seed) =>
    traceOf(seed, 1, (machine, skip) => {
      skip();
      const host = machine.host();
      const granule = 0x8800_1000;
      host.write(granule, 0x1234);
      host.smc('RMI_GRANULE_DELEGATE', granule);
      host.read(granule);
      host.fetch(granule);
      machine.smmu.read('disk', Pas.NonSecure, BigInt(granule), 8);
      host.smc('RMI_GRANULE_DELEGATE', granule);
      host.smc('RMI_GRANULE_UNDELEGATE', granule);
      host.read(granule);
    }),

  /** PE 0 turns PE 1 on; then both move granules, in an order that the seed decides. */
  'two-pes': (seed) =>
    traceOf(seed, 2, (machine, skip) => {
      skip();
      const host = { world: World.NonSecure, el: 2 } as const;
      machine.install({ ...host, script: 'start-and-delegate', args: { pes: 2, count: 1 } });
      machine.install({ ...host, entry: 0x8900_0000n, script: 'delegate-loop', args: { count: 1 } });
      machine.run();
    }),
};
