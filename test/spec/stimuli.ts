// Calls by hand for rows that varying the world's calls does not reach, each on the machine that it needs.

import { toPa } from '../../src/arch/address.ts';
import { Gpi } from '../../src/arch/gpi.ts';
import { Pas, World } from '../../src/arch/world.ts';
import type { CallTemplate } from '../../src/fuzz/rmi-calls.ts';
import { type Result, Runner } from '../../src/fuzz/rmi-runner.ts';
import {
  FAR,
  GRANULE,
  type Places,
  WorldBuilder,
  buildWorld,
  ipas,
  pageOf,
  recParams,
  smallMachine,
  wideMachine,
} from '../../src/fuzz/rmi-world.ts';
import { Machine } from '../../src/machine/machine.ts';

/** A row and a call that it decides. `run` leaves the machine ready for the next one. */
export type HandStimulus = { readonly row: string; readonly run: () => Result };

const call = (name: CallTemplate['name'], ...args: bigint[]): CallTemplate => ({ name, args, kinds: [] });
const MAX_RECS = 1023;

/** PA ranges above 2^48: a Realm without LPA2 cannot name such a granule. */
export function farStimuli(): readonly HandStimulus[] {
  const { machine, places } = buildWorld(wideMachine);
  const runner = new Runner(machine);
  const far = BigInt(FAR);
  const rd = places['newRealm'] as bigint;
  runner.call(call('RMI_GRANULE_DELEGATE', far), { stays: true });
  runner.settle();
  const hole = ipas['holeEmpty'] as bigint;
  // prettier-ignore
  return [
    { row: 'RMI_RTT_CREATE rtt_bound2', run: () => runner.call(call('RMI_RTT_CREATE', rd, far, ipas['level2Empty'] as bigint, 3n)) },
    { row: 'RMI_DATA_CREATE data_bound2', run: () => runner.call(call('RMI_DATA_CREATE', rd, far, hole, places['source'] as bigint, 1n)) },
    { row: 'RMI_DATA_CREATE_UNKNOWN data_bound2', run: () => runner.call(call('RMI_DATA_CREATE_UNKNOWN', rd, far, hole)) },
    { row: 'RMI_RTT_MAP_UNPROTECTED addr_bound', run: () => runner.call(call('RMI_RTT_MAP_UNPROTECTED', rd, ipas['sharedHole'] as bigint, 3n, far | 0xd8n)) },
  ];
}

/** EL3 takes the Host's page away after the RMM has asked for its GPT entry and before it reads it. */
export function pageLossStimulus(runner: Runner, places: Places): HandStimulus {
  const source = places['source'] as bigint;
  const [pe] = runner.machine.pes;
  if (pe === undefined) throw new Error('there is a PE');
  const port = pe.port(Pas.Realm, World.Realm);
  return {
    row: 'RMI_DATA_CREATE src_gpf',
    run() {
      // The walk of the tables comes between the two.
      port.beforeAccess = () => {
        port.beforeAccess = undefined;
        runner.machine.monitor.gpt.transition(pe, toPa(Number(source)), 1, Gpi.Secure, World.Secure);
      };
      const args = [places['newRealm'], places['free'], ipas['holeEmpty'], source, 1n] as bigint[];
      const result = runner.call(call('RMI_DATA_CREATE', ...args), {
        interference: { faults: new Set([source]) },
        stays: true,
      });
      port.beforeAccess = undefined;
      runner.reset();
      return result;
    },
  };
}

/** The largest number of RECs, on a machine with room for them. */
export function recCountStimulus(): HandStimulus {
  const MiB = 2 ** 20;
  const machine = Machine.boot({ ...smallMachine, name: 'roomy', banks: [{ base: 0x8800_0000, size: 80 * MiB }] });
  const b = new WorldBuilder(machine);
  const rd = b.realm({ ipaBits: 32, startLevel: 2, tables: 4, vmid: 1 });
  for (let i = 0; i < MAX_RECS; i++) b.rec(rd, i, false);
  const rec = b.delegate();
  const aux = Array.from({ length: 16 }, () => b.delegate());
  const runner = new Runner(machine);
  b.fill(b.params, pageOf(recParams(MAX_RECS, aux)));
  runner.settle();
  return { row: 'RMI_REC_CREATE num_recs', run: () => runner.call(call('RMI_REC_CREATE', rd, rec, b.params)) };
}

/** RIPAS requests that begin or end inside a large entry, or that are applied from a place that they have passed. */
export function ripasStimuli(places: Places): readonly HandStimulus[] {
  const { machine } = buildWorld();
  const runner = new Runner(machine);
  const [rd, guest, run] = [places['activeRealm'], places['guest'], places['run']] as [bigint, bigint, bigint];
  const L2 = ipas['level2Empty'] as bigint;
  // prettier-ignore
  const cases = [
    ['base_align', L2 + GRANULE, 2n * L2, L2 + GRANULE, 2n * L2],
    ['no_progress', L2, L2 + GRANULE, L2, L2 + GRANULE],
    ['no_progress', 0x4000n, 0x6000n, 0x4000n, 0x6000n],
    ['size_valid', 0x3000n, 0x6000n, 0x3000n, 0x1000n],
  ] as const;
  return cases.map(([row, base, top, from, to]) => ({
    row: `RMI_RTT_SET_RIPAS ${row}`,
    run() {
      runner.smc([0xc400_015cn, guest, run]);
      runner.smc([0xc400_0197n, base, top, 1n, 0n]);
      const result = runner.call(call('RMI_RTT_SET_RIPAS', rd, guest, from, to), { stays: true });
      runner.reset();
      return result;
    },
  }));
}

/** An SEA without an abort that calls for one, where the RMM is told to mind. */
export function seaStimulus(): HandStimulus {
  const { machine, places } = buildWorld();
  Object.assign(machine.rmm.features, { seaNeedsAbort: true });
  const runner = new Runner(machine);
  const page = { at: places['run'] as bigint, kind: 'run', fields: [[0, 2n, 8]] } as const;
  return {
    row: 'RMI_REC_ENTER rec_sea',
    run: () => runner.call({ ...call('RMI_REC_ENTER', places['ready'] as bigint, page.at), page }),
  };
}

/** Token generation that fails: the RMM has no keys, or what makes tokens gives none. The runner's home has a Realm on PE 0. */
export function tokenStimuli(runner: Runner): readonly HandStimulus[] {
  const { rmm } = runner.machine;
  const init = [0xc400_0194n, 1n];
  return [
    {
      row: 'RSI_ATTESTATION_TOKEN_INIT unknown',
      run() {
        Object.defineProperty(rmm, 'canAttest', { value: false, configurable: true });
        const result = runner.smc(init, { tokenInitFails: true });
        delete (rmm as { canAttest?: boolean }).canAttest;
        runner.reset();
        return result;
      },
    },
    {
      row: 'RSI_ATTESTATION_TOKEN_CONTINUE unknown',
      run() {
        const { tokens } = rmm;
        Object.defineProperty(rmm, 'tokens', {
          value: { token: () => new Uint8Array() },
          configurable: true,
          writable: true,
        });
        runner.smc(init);
        const result = runner.smc([0xc400_0195n, 0n, 0n, GRANULE], { tokenContinueFails: true });
        Object.defineProperty(rmm, 'tokens', { value: tokens, configurable: true, writable: true });
        runner.reset();
        return result;
      },
    },
  ];
}
