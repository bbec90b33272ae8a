// Granules there and back through the whole path: SMC, world switch, RMM, RMM-EL3 service, table, TLBI, PoPA, wipe.
import { Machine } from '../../machine/machine.ts';
import { baseMachine } from '../../machine/machines/base.ts';
import { type Comparison, compare, timed } from './measure.ts';

export const measures = 'RMI_GRANULE_DELEGATE and UNDELEGATE through the SMC path, with tracing off';

const GRANULES = 256;
const BASE = 0x9000_0000;

export function run({ rounds }: { readonly rounds: number }): Promise<Comparison> {
  const machine = Machine.boot(baseMachine);
  const host = machine.host();
  const call = (...x: Parameters<typeof host.smc>): void => {
    const [status] = host.smc(...x);
    if (status !== 0n) throw new Error(`${String(x[0])} gave ${status}`);
  };
  const pairs = (): number => {
    for (let i = 0; i < GRANULES; i++) call('RMI_GRANULE_DELEGATE', BASE + i * 4096);
    for (let i = 0; i < GRANULES; i++) call('RMI_GRANULE_UNDELEGATE', BASE + i * 4096);
    return 2 * GRANULES;
  };
  const version = (): number => {
    for (let i = 0; i < GRANULES; i++) call('RMI_VERSION', 0x1_0000);
    return GRANULES;
  };
  pairs();
  return compare({
    title: `delegate ${GRANULES} granules, undelegate them`,
    unit: 'calls',
    rounds,
    yardstick: 'RMI_VERSION',
    contenders: [
      { name: 'RMI_VERSION', rate: timed(version) },
      { name: 'delegate or undelegate', rate: timed(pairs) },
    ],
  });
}
