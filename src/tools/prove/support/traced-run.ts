// A process that runs a busy machine for a number of steps and writes its trace to a file: SEED STEPS FILE.
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Action, Entry, Outcome, Script, ScriptArgs } from '../../../arch/action.ts';
import { Fid } from '../../../arch/smccc.ts';
import { traceLine } from '../../../arch/trace.ts';
import { Pas, World, pases } from '../../../arch/world.ts';
import { Prng } from '../../../base/prng.ts';
import { Machine } from '../../../machine/machine.ts';
import { baseMachine } from '../../../machine/machines/base.ts';

const PES = 4;
const ENTRY = BigInt(baseMachine.normal.entry);
const CHUNK = 1 << 16;

/** Addresses where something can happen: memory of every world, devices, nothing at all, and what no machine has. */
const places = [
  0x0400_0000n,
  0x0600_0000n,
  0x1c09_0000n,
  0x9000_0000n,
  0x9000_0000n,
  0x9000_0000n,
  0xfdc0_0000n,
  0xffc0_0000n,
  1n << 40n,
  1n << 60n,
];

/** A host that starts the other PEs and then does anything it can, as its seed has it. */
function* busyHost(args: ScriptArgs, entry: Entry): Script {
  const prng = new Prng(Number(args) * 16 + entry.pe);
  if (entry.pe === 0)
    for (let pe = 1; pe < PES; pe++)
      yield { op: 'smc', x: [BigInt(Fid.PSCI_CPU_ON64), BigInt(pe) << 8n, ENTRY, 0n, 0n, 0n, 0n, 0n] };
  let last = 0n;
  for (;;) {
    const outcome: Outcome = yield anyAction(prng, last);
    if (outcome.kind === 'done') last = outcome.value;
  }
}

function anyAction(prng: Prng, last: bigint): Action {
  const place = places[prng.below(places.length)] ?? 0n;
  const at = place + BigInt(prng.below(0x1_0000));
  switch (prng.below(8)) {
    case 0:
      return { op: 'load', at, size: 8 };
    case 1:
      return { op: 'store', at, size: 4, value: last ^ prng.u64() };
    case 2:
      return { op: 'load', at, size: 1, pas: pases[prng.below(4)] ?? Pas.NonSecure };
    case 3:
      return { op: 'fetch', at: at & ~3n };
    case 4:
      return call(Fid.RMI_GRANULE_DELEGATE, at & ~0xfffn);
    case 5:
      return call(Fid.RMI_GRANULE_UNDELEGATE, at & ~0xfffn);
    case 6:
      return call(Fid.FFA_ID_GET, 0n);
    default:
      return { op: 'tlbi', what: 'rpalos', xt: prng.u64() };
  }
}

const call = (fid: number, x1: bigint): Action => ({ op: 'smc', x: [BigInt(fid), x1, 0n, 0n, 0n, 0n, 0n, 0n] });

const [seed = '1', steps = '1000', file = ''] = process.argv.slice(2);
const output = openSync(file, 'w');
let text = '';
const machine = new Machine(
  { ...baseMachine, pes: PES, seed: Number(seed) },
  {
    scripts: { 'busy-host': busyHost },
    trace: (event) => {
      text += `${traceLine(event)}\n`;
      if (text.length < CHUNK) return;
      writeSync(output, text);
      text = '';
    },
  },
);
machine.install({ world: World.NonSecure, el: 2, entry: ENTRY, script: 'busy-host', args: Number(seed) });
machine.powerOn();
const end = machine.run(Number(steps));
writeSync(output, text);
closeSync(output);
console.log(
  JSON.stringify({
    end,
    time: machine.time,
    step: machine.trace.step,
    on: machine.pes.filter(({ power }) => power === 'on').length,
  }),
);
