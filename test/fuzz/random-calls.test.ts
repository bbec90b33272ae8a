// A short run of hostile random calls, and what keeps watch over it. The long run is `npm run prove -- rmi-random`.

import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../src/fuzz/oracle/invariants.ts';
import { randomCalls } from '../../src/fuzz/random-calls.ts';
import { Runner } from '../../src/fuzz/rmi-runner.ts';
import { buildWorld } from '../../src/fuzz/rmi-world.ts';
import { rmiCommands } from '../../src/rmm/commands.ts';

const SEED = 20_261_124;
/** In a long run so many times as many. */
const FACTOR = Number(process.env['FOURWORLDS_LONG'] ?? '1') || 1;
const CALLS = 20_000 * FACTOR;
const options = { seed: SEED, calls: CALLS, judgeEvery: 50, period: 500 };

describe(`random calls, seed ${SEED}`, () => {
  it(
    'stop nothing, break no invariant and violate no condition, and lives in between succeed',
    () => {
      const { violations, problems, ...counts } = randomCalls(options);
      expect({ violations, problems }).toEqual({ violations: [], problems: [] });
      expect(counts.calls).toBe(CALLS);
      expect(counts.successes).toBeGreaterThan(1000);
      expect(counts.judged).toBeGreaterThan(300);
      expect(counts.entries).toBeGreaterThan(100);
      expect(counts.lives).toBeGreaterThan(5);
    },
    60_000 * FACTOR,
  );

  it(
    'violate no condition when every one of them is judged, and what Realms do in between',
    () => {
      const { violations, problems, judged } = randomCalls({ ...options, calls: 3000 * FACTOR, judgeEvery: 1 });
      expect({ violations, problems }).toEqual({ violations: [], problems: [] });
      expect(judged).toBeGreaterThan(2500 * FACTOR);
    },
    60_000 * FACTOR,
  );

  it('are the same calls with the same seed', () => {
    const short = { ...options, calls: 2000 };
    expect(randomCalls(short)).toEqual(randomCalls(short));
    expect(randomCalls(short)).not.toEqual(randomCalls({ ...short, seed: SEED + 1 }));
  }, 60_000);

  it('find a row that is gone', () => {
    const undelegate = rmiCommands.find(({ name }) => name === 'RMI_GRANULE_UNDELEGATE');
    const failures = (undelegate?.failures ?? []) as unknown[];
    const rows = failures.splice(2, 1);
    const { violations, problems } = randomCalls({ ...options, calls: 5000 });
    failures.push(...rows);
    expect(violations.length + problems.length).toBeGreaterThan(0);
  }, 60_000);
});

describe('invariants', () => {
  const { machine, places } = buildWorld();
  const { view } = new Runner(machine);
  const frame = (name: string): number => Number((places[name] as bigint) / 4096n);

  it('hold in the world that calls are varied in', () => {
    expect(brokenInvariants(view)).toEqual([]);
  });

  it('break when a table is written to behind the back of the RMM', () => {
    const home = machine.snapshot();
    const entry = new Uint8Array(8);
    new DataView(entry.buffer).setBigUint64(0, (places['newData'] as bigint) | 0x7dbn, true);
    machine.memory.load(frame('newTable'), 8 * 100, entry);
    expect(brokenInvariants(view)).toEqual([`0x${(places['newData'] as bigint).toString(16)} is used twice`]);
    machine.restore(home);
    expect(brokenInvariants(view)).toEqual([]);
  });
});
