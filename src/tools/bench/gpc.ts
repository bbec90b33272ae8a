// The granule protection check through the port that software uses, beside a plain C walk of the same tables and addresses.
import { type Pa, toPa } from '../../arch/address.ts';
import { Pas, World, pases, worlds } from '../../arch/world.ts';
import { Machine } from '../../machine/machine.ts';
import { largeMachine } from '../../machine/machines/large.ts';
import { Access, type MemoryPort } from '../../memory/port.ts';
import { LIST_LENGTH, anywhere, around, hot, randomOverDram, sequential, toAddresses } from './support/access-lists.ts';
import { type CWalk, compileCWalk } from './support/c-walk.ts';
import { type Comparison, type Contender, compare, timed } from './measure.ts';

export const measures = 'granule protection checks and 8-byte reads of a 64 GiB machine, beside a C walk';

const UPPER = 0x8_8000_0000;
const HOT = 0x9_0000_0000;
const DELEGATIONS = 400;
const C_PASSES = 24;

type Case = {
  readonly name: string;
  readonly machine: Machine;
  readonly list: Float64Array;
  readonly want?: number;
  /** Whether every page of the list is written before it is read as well. */
  readonly isTouched?: boolean;
};

export async function run({ rounds }: { readonly rounds: number }): Promise<readonly Comparison[]> {
  const walk = compileCWalk();
  if (walk === undefined)
    console.error('no C compiler here: the C walk is skipped, and nothing can be compared with it');
  try {
    const comparisons: Comparison[] = [];
    for (const each of cases()) comparisons.push(await compareCase(each, walk, rounds));
    return comparisons;
  } finally {
    walk?.remove();
  }
}

function* cases(): Generator<Case> {
  const machine = Machine.boot(largeMachine);
  stir(machine);
  yield { name: 'random over 64 GiB', machine, list: randomOverDram(largeMachine, 1), want: 1 };
  yield { name: 'sequential 4 KiB', machine, list: sequential(UPPER, 4096), want: 0.5 };
  yield { name: 'sequential 64 B', machine, list: sequential(UPPER, 64), want: 0.5, isTouched: true };
  yield { name: 'hot 256 MiB', machine, list: hot(HOT, 2), want: 0.5, isTouched: true };
  // Delegated granules shatter the tables: level 0 blocks, contiguous entries of all sizes, and entries with sixteen GPIs.
  const mixed = Machine.boot(largeMachine);
  const delegated = delegateSome(mixed);
  stir(mixed);
  yield {
    name: `random over 64 GiB, ${DELEGATIONS} granules delegated`,
    machine: mixed,
    list: randomOverDram(largeMachine, 3),
  };
  yield { name: 'anywhere below 2 TiB', machine: mixed, list: anywhere(6) };
  yield { name: 'within 2 MiB of a delegated granule', machine: mixed, list: around(delegated, 4) };
}

async function compareCase(each: Case, walk: CWalk | undefined, rounds: number): Promise<Comparison> {
  const { name, machine, list, want, isTouched } = each;
  const port = portOf(machine, Pas.NonSecure, World.NonSecure);
  const addresses = toAddresses(list);
  const contenders: Contender[] = [];
  if (walk !== undefined) {
    const tables = walk.tables('now', machine);
    const file = walk.list('now', list);
    demandEqualCounts(name, machine, walk, tables, file, addresses);
    contenders.push({ name: 'C walk', rate: () => walk.run(tables, file, Pas.NonSecure, C_PASSES).ratePerSecond });
  }
  contenders.push({
    name: 'check',
    rate: timed(() => counted(checkAll(port, addresses))),
    ...(want === undefined || walk === undefined ? {} : { want }),
  });
  contenders.push({ name: 'read 8 bytes', rate: timed(() => counted(readAll(port, addresses))) });
  if (isTouched === true) {
    const written = portOf(machineWritten(addresses), Pas.NonSecure, World.NonSecure);
    contenders.push({ name: 'read 8 written bytes', rate: timed(() => counted(readAll(written, addresses))) });
  }
  return compare({ title: name, unit: 'accesses', contenders, rounds });
}

/** Another machine, in which every address of a list was written. */
function machineWritten(addresses: ArrayLike<Pa>): Machine {
  const machine = Machine.boot(largeMachine);
  stir(machine);
  const port = portOf(machine, Pas.NonSecure, World.NonSecure);
  for (let i = 0; i < addresses.length; i++) port.write64(addresses[i] as Pa, BigInt(i));
  return machine;
}

/** Both sides answer the same questions: as many accesses are allowed in every PAS, whoever is asked and however often. */
function demandEqualCounts(
  name: string,
  machine: Machine,
  walk: CWalk,
  tables: string,
  file: string,
  addresses: ArrayLike<Pa>,
): void {
  for (const pas of pases) {
    const { allowed } = walk.run(tables, file, pas, 1);
    const port = portOf(machine, pas, pas as World);
    for (let again = 0; again < 2; again++) {
      const count = checkAll(port, addresses);
      if (count !== allowed) throw new Error(`${name}, PAS ${pas}: the machine allows ${count}, the C walk ${allowed}`);
    }
  }
}

function checkAll(port: MemoryPort, addresses: ArrayLike<Pa>): number {
  let allowed = 0;
  for (let i = 0; i < addresses.length; i++) if (port.checkPa(addresses[i] as Pa)) allowed++;
  return allowed;
}

/** Reads as a consumer does: the value is looked at. */
function readAll(port: MemoryPort, addresses: ArrayLike<Pa>): number {
  let read = 0;
  let sum = 0;
  const { words } = port;
  for (let i = 0; i < addresses.length; i++) {
    if (port.load(addresses[i] as Pa, 8) !== Access.Ok) continue;
    read++;
    sum ^= (words[0] as number) ^ (words[1] as number);
  }
  return sum === 0.5 ? -1 : read;
}

/** One pass over a list: work that a round counts, whatever the answers were. */
function counted(allowed: number): number {
  if (allowed < 0) throw new Error('a count is never negative');
  return LIST_LENGTH;
}

const portOf = (machine: Machine, pas: Pas, state: World): MemoryPort => firstPe(machine).port(pas, state);

function firstPe(machine: Machine): Machine['pes'][number] {
  const [pe] = machine.pes;
  if (pe === undefined) throw new Error('a machine has a PE');
  return pe;
}

/** Uses the machine as a whole: every port of every PE, the SMMU, all sizes, refusals, so that no path is fast only alone. */
function stir(machine: Machine): void {
  const places = [0, 0x0400_0000, 0x0600_0000, 0x1c09_0000, 0x8000_0000, 0xfd00_0000, 0xff00_0000, UPPER, 2 ** 44];
  for (let again = 0; again < 50; again++) {
    for (const pe of machine.pes) {
      // A PE that is off has its check off as well: here it gets the registers of the first one.
      pe.gpc.setRegisters(firstPe(machine).gpc.registers);
      for (const pas of pases) {
        for (const world of worlds) {
          const port = pe.port(pas, world);
          for (const [i, place] of places.entries()) {
            const at = toPa(place + again * 4096 + i * 8);
            port.checkPa(at);
            port.check(Math.floor(at / 4096));
            for (const size of [1, 2, 4, 8, 16]) port.load(toPa(at + (again & 7)), size);
            port.load(toPa(at + 4090), 8);
          }
        }
      }
    }
    for (const pas of pases) for (const place of places) machine.smmu.read('disk', pas, BigInt(place), 8);
  }
}

/** Delegates granules all over DRAM, and returns their addresses. */
function delegateSome(machine: Machine): readonly number[] {
  const host = machine.host();
  const places = randomOverDram(largeMachine, 5);
  const delegated: number[] = [];
  for (let i = 0; delegated.length < DELEGATIONS && i < places.length; i++) {
    const place = (places[i] as number) - ((places[i] as number) % 4096);
    if (host.smc('RMI_GRANULE_DELEGATE', place)[0] === 0n) delegated.push(place);
  }
  return delegated;
}
