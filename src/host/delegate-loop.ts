// A Normal-world host that knows only the ABI: it hands granules to the Realm world and takes them back, and looks each time
// at what it may read. The example of a script: everything it knows came as arguments or as outcomes.

import type { Action, Entry, Outcome, Script, ScriptArgs } from '../arch/action.ts';
import { type FidName, Fid } from '../arch/smccc.ts';
import { Fsc } from '../arch/syndrome.ts';
import { assert } from '../base/assert.ts';
import { hex } from '../base/hex.ts';

const GRANULE = 4096;
const AFFINITY_ON = 0n;

type DelegateArgs = {
  /** Address of the first granule, and how many granules each PE uses: PE n takes those behind PE n - 1. */
  readonly first?: number;
  readonly count?: number;
  readonly rounds?: number;
};

type StartArgs = DelegateArgs & {
  /** How many PEs work, this one included, and where the others enter. */
  readonly pes?: number;
  readonly entry?: number;
};

/** Delegates and undelegates its granules, again and again. X0 at entry says which share of them is its own. */
export function* delegateLoop(args: ScriptArgs, entry: Entry): Script {
  const { first = 0x8810_0000, count = 4, rounds = 1 } = (args ?? {}) as DelegateArgs;
  const base = first + Number(entry.x[0] ?? 0n) * count * GRANULE;
  for (let round = 1; round <= rounds; round++) {
    for (let i = 0; i < count; i++) yield* journey(BigInt(base + i * GRANULE), BigInt(round));
  }
}

/** Turns the other PEs on, waits until they run, and then does its own share. */
export function* startAndDelegate(args: ScriptArgs, entry: Entry): Script {
  const { pes = 2, entry: at = 0x8900_0000 } = (args ?? {}) as StartArgs;
  for (let n = 1; n < pes; n++) {
    const [status] = yield* call('PSCI_CPU_ON64', affinityOf(n), BigInt(at), BigInt(n));
    assert(status === 0n, `PE ${n} starts`);
  }
  for (let n = 1; n < pes; n++) {
    while ((yield* call('PSCI_AFFINITY_INFO64', affinityOf(n), 0n))[0] !== AFFINITY_ON);
  }
  yield* delegateLoop(args, entry);
}

/** One granule: Normal, Realm, and Normal again. */
function* journey(at: bigint, mark: bigint): Generator<Action, void, Outcome> {
  yield { op: 'store', at, size: 8, value: mark };
  assert((yield* read(at)) === mark, `${hex(at)} holds what was written`);

  assert((yield* call('RMI_GRANULE_DELEGATE', at))[0] === 0n, `${hex(at)} is delegated`);
  assert((yield* read(at)) === 'GPF', `${hex(at)} is out of reach`);
  assert((yield* call('RMI_GRANULE_DELEGATE', at))[0] !== 0n, `${hex(at)} is not delegated twice`);

  assert((yield* call('RMI_GRANULE_UNDELEGATE', at))[0] === 0n, `${hex(at)} comes back`);
  assert((yield* read(at)) === 0n, `${hex(at)} comes back empty`);
}

function* call(name: FidName, ...args: readonly bigint[]): Generator<Action, readonly bigint[], Outcome> {
  const x = [BigInt(Fid[name]), ...args];
  while (x.length < 8) x.push(0n);
  const outcome = yield { op: 'smc', x };
  assert(outcome.kind === 'done', `${name} returns`);
  return outcome.x;
}

function* read(at: bigint): Generator<Action, bigint | 'GPF' | 'other', Outcome> {
  const outcome = yield { op: 'load', at, size: 8 };
  if (outcome.kind === 'done') return outcome.value;
  return outcome.kind === 'fault' && outcome.fault.fsc === Fsc.gpf ? 'GPF' : 'other';
}

/** MPIDR_EL1 of PE n: four PEs a cluster, Aff1 in the cluster, Aff2 the cluster. */
const affinityOf = (n: number): bigint => (BigInt(n >> 2) << 16n) | (BigInt(n & 3) << 8n);
