// `build realm`: what a hypervisor does until a vCPU can be entered, in one line.

import { hex } from '../../base/hex.ts';
import { InputError } from '../../base/input-error.ts';
import { scriptImage } from '../../guest/image.ts';
import { GranulePool, Host } from '../../host/realm.ts';
import { runStep } from '../../host/abi.ts';
import { World } from '../../arch/world.ts';
import type { Machine } from '../../machine/machine.ts';
import { standardScripts } from '../../machine/standard-scripts.ts';
import { UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import type { Reply, ShellContext } from './reply.ts';
import { Tokens } from './tokens.ts';

/** Where the guest is entered, and how much RAM it is promised. */
const ENTRY = 0x1000;
/** The page that a guest keeps what it calls with in. */
const PAGE = 0x2000;
const RAM_SIZE = 2 ** 21;
/** The host's granules come from the first stretch of this size in which none is in use. */
const POOL_SIZE = 2 ** 22;

/** Guests that a Realm can be built with. */
export const guestNames: readonly string[] = Object.keys(standardScripts).filter(
  (name) => !['secure-partition', 'delegate-loop', 'start-and-delegate', 'scripted'].includes(name),
);

export function build({ session, say }: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  tokens.oneOf('build', ['realm'] as const);
  const guest = tokens.isEmpty ? undefined : guestOf(tokens.word('GUEST'));
  tokens.end();
  session.demandPower();
  const { machine, pe } = session;
  if (pe.world !== World.NonSecure || pe.el !== 2)
    throw new InputError({ code: 'SHELL_NOT_THE_HOST', where: 'build', expected: 'NS.EL2' });
  const host = new Host(poolOf(machine));
  const vmid = freeVmid(machine);
  const perform = machine.perform.bind(machine, pe);
  const realm = runStep(
    host.create({
      vmid,
      ram: [{ base: 0, size: RAM_SIZE }],
      images: [{ ipa: ENTRY, bytes: guest === undefined ? new Uint8Array(4096) : scriptImage(guest) }],
      vcpus: [{ entry: ENTRY }],
    }),
    perform,
  );
  if (guest !== undefined) runStep(host.populateUnknown(realm, PAGE), perform);
  runStep(host.activate(realm), perform);
  const [vcpu] = realm.vcpus;
  const [rec, run] = [vcpu?.rec ?? 0, vcpu?.run ?? 0];
  return {
    lines: [
      say('shell.built', { rd: hex(realm.rd, 8), rec: hex(rec, 8), run: hex(run, 8) }),
      `  RMI_REC_ENTER rec=${hex(rec, 8)} run_ptr=${hex(run, 8)}`,
      ...(guest === undefined ? [`  ${say('shell.builtEmpty')}`] : []),
    ],
    result: {
      rd: BigInt(realm.rd),
      rec: BigInt(rec),
      run: BigInt(run),
      vmid,
      ...(guest === undefined ? {} : { guest }),
    },
  };
}

function guestOf(name: string): string {
  if (guestNames.includes(name)) return name;
  throw new UsageError({
    code: 'SHELL_UNKNOWN_GUEST',
    where: 'GUEST',
    expected: guestNames.join(', '),
    found: name,
    suggestion: suggest(name, guestNames),
  });
}

/** Memory of the host in which no granule is delegated, behind the page at which it was entered. */
function poolOf(machine: Machine): GranulePool {
  const used = machine.rmm.granules.data().used.map(([pa]) => pa);
  for (const bank of machine.description.banks) {
    const first = Math.max(bank.base, machine.description.normal.entry + POOL_SIZE);
    for (let at = first - (first % POOL_SIZE); at + POOL_SIZE <= bank.base + bank.size; at += POOL_SIZE)
      if (at >= bank.base && !used.some((pa) => pa >= at && pa < at + POOL_SIZE)) return new GranulePool(at, POOL_SIZE);
  }
  throw new InputError({ code: 'SHELL_NO_ROOM', where: 'build' });
}

function freeVmid(machine: Machine): number {
  const used = new Set([...machine.rmm.realms.values()].map(({ config }) => config.vmid));
  let vmid = 1;
  while (used.has(vmid)) vmid++;
  return vmid;
}
