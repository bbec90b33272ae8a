// What the scenes do, each time with the step that tells of it. Nothing here decides anything: the machine does.

import type { Action, Outcome } from '../../arch/action.ts';
import { frameBase } from '../../arch/address.ts';
import { gpiName } from '../../arch/gpi.ts';
import { Pstate, Scr } from '../../arch/registers.ts';
import { type FidName, NOT_SUPPORTED } from '../../arch/smccc.ts';
import { type TraceEvent, traceLine } from '../../arch/trace.ts';
import { type El, Pas, World, worldName } from '../../arch/world.ts';
import { hex } from '../../base/hex.ts';
import { act } from '../../cpu/act.ts';
import type { Pe } from '../../cpu/pe.ts';
import { faultName } from '../../machine/fault-name.ts';
import type { Machine } from '../../machine/machine.ts';
import { Rmi } from '../../rmm/command.ts';
import type { Word } from '../../words/words.ts';
import type { AccessFault, Check, Step, StepOf } from './scene.ts';

/** A page of host memory: granule 5 of its level 1 entry, inside a contiguous range of 512 MiB. */
export const PAGE = 0x9000_5000n;
/** What the host has in it, and what the Realm world puts there later. */
export const HOST_VALUE = 0x1111_2222_3333_4444n;
export const REALM_SECRET = 0x5ec2_e75e_c2e7_5ec2n;

/** Software in a state: a world, an EL and a PE. */
export type Software = { readonly world: World; readonly el: El; readonly pe?: number };
export const host: Software = { world: World.NonSecure, el: 2 };
export const secureService: Software = { world: World.Secure, el: 1 };
export const rmm: Software = { world: World.Realm, el: 2 };
export const el3: Software = { world: World.Root, el: 3 };

export type AccessRequest = {
  readonly what: 'load' | 'store' | 'fetch';
  readonly at: bigint;
  readonly pas?: Pas;
  readonly value?: bigint;
  readonly say?: Word;
};

/** One load, store or fetch of 8 bytes (of 4 for a fetch) by software. */
export function access(machine: Machine, by: Software, request: AccessRequest): StepOf<'access'> {
  const { what, at, value = 0n, say } = request;
  const pas = request.pas ?? (by.world as Pas);
  const pe = machine.pes[by.pe ?? 0] as Pe;
  const action: Action =
    what === 'store'
      ? { op: 'store', at, size: 8, value, pas }
      : what === 'load'
        ? { op: 'load', at, size: 8, pas }
        : { op: 'fetch', at, pas };
  const outcome = by.world === World.NonSecure ? machine.perform(pe, action) : performAs(pe, by, action);
  const common = {
    ...(say === undefined ? {} : { say }),
    kind: 'access',
    by: { pe: pe.index, world: worldName(by.world), el: by.el },
    what,
    pas: worldName(pas),
    at,
  } as const;
  if (outcome.kind !== 'done') return { ...common, fault: faultOf(pe, outcome) };
  return { ...common, value: what === 'store' ? value : outcome.value };
}

/** A device's store of 8 bytes, through the SMMU. */
export function deviceStore(
  machine: Machine,
  device: string,
  request: { at: bigint; pas: Pas; value: bigint; say?: Word },
): StepOf<'access'> {
  const { at, pas, value, say } = request;
  const outcome = machine.smmu.write(device, pas, at, 8, value);
  const common = {
    ...(say === undefined ? {} : { say }),
    kind: 'access',
    by: { device },
    what: 'store',
    pas: worldName(pas),
    at,
  } as const;
  if (outcome.kind === 'done') return { ...common, value };
  const { level, code, gpi } = machine.smmu.gpc.fault;
  return outcome.fault === 'gpf'
    ? { ...common, fault: { name: 'GPF', gpt: { level, gpi: gpiName(gpi), gpcsc: code } } }
    : { ...common, fault: { name: outcome.fault.toUpperCase() } };
}

/** An SMC by the host on PE 0. */
export function call(machine: Machine, name: FidName, args: readonly bigint[], say?: Word): StepOf<'call'> {
  const x = machine.host().smc(name, ...args);
  return {
    ...(say === undefined ? {} : { say }),
    kind: 'call',
    by: { pe: 0, world: 'NS', el: 2 },
    name,
    args,
    x: x.slice(0, 4),
    status: statusName(name, x[0] as bigint),
  };
}

/** The entries that a check of an address consults now. */
export function entries(machine: Machine, at: bigint, say?: Word): readonly StepOf<'entry'>[] {
  const pe = machine.pes[0] as Pe;
  const { gpi, spanBits, walk } = pe.gpc.explain(Number(at >> 12n), Pas.NonSecure, World.NonSecure);
  const fetches = walk.fetches ?? [];
  return fetches.map(({ level, frame, offset, word, kind }, i) => ({
    ...(say === undefined || i > 0 ? {} : { say }),
    kind: 'entry',
    level,
    at: BigInt(frameBase(frame)) + BigInt(offset),
    word,
    form: kind,
    ...(kind === 'table' || gpi === undefined ? {} : { gpi: gpiName(gpi) }),
    ...(kind === 'table' || spanBits === undefined ? {} : { span: 2 ** spanBits }),
  }));
}

/** Runs something and returns what it did as events, in the columns of the trace. */
export function withEvents<T>(machine: Machine, run: () => T): { readonly result: T; readonly events: Step[] } {
  const events: Step[] = [];
  machine.trace.to((event) => events.push(eventStep(event)));
  const result = run();
  machine.trace.to(undefined);
  return { result, events };
}

/** Cleans a granule's lines of a PAS to memory, as a cache may do at any time: DC CIPAPA by EL3. */
export function writeBack(machine: Machine, at: bigint, pas: Pas): readonly Step[] {
  const xt = (BigInt(pas & 1) << 63n) | (BigInt(pas >> 1) << 62n) | at;
  return withEvents(machine, () => performAs(machine.pes[0] as Pe, el3, { op: 'cipapa', xt })).events;
}

/** A trace event as a step. The columns are those of `traceLine`; a long one pushes the next to the right. */
export function eventStep(event: TraceEvent): StepOf<'event'> {
  const line = traceLine(event).slice(8);
  const [, subject = '', details = '', result = ''] =
    /^(.{26,}?)(?: {2}(.{40,}?)(?: {2}(.*))?)?$/.exec(line.slice(12).padEnd(70)) ?? [];
  return {
    kind: 'event',
    actor: line.slice(0, 10).trim(),
    subject: subject.trimEnd(),
    details: details.trim(),
    result: result.trim(),
  };
}

/** That an access failed as it should: by a protection fault at level 1 of a granule, or otherwise. */
export const expectFault = (id: string, step: StepOf<'access'>, expected: string): Check => ({
  id,
  expected,
  found: shownOutcome(step),
});

/** That an access was made and showed a value. */
export const expectValue = (id: string, step: StepOf<'access'>, expected: bigint): Check => ({
  id,
  expected: `value ${hex(expected)}`,
  found: shownOutcome(step),
});

export const expectStatus = (id: string, { status }: StepOf<'call'>, expected: string): Check => ({
  id,
  expected,
  found: status,
});

/** That something found is what it should be. */
export const same = (id: string, expected: string, found: string): Check => ({ id, expected, found });

/** That a command was refused, with which status and by which row. */
export const expectRow = (id: string, { status, row, to }: StepOf<'command'>, expected: string): Check => ({
  id,
  expected,
  found: [status ?? to ?? '', ...(row === undefined ? [] : [row])].join(' '),
});

const shownOutcome = ({ fault, value = 0n }: StepOf<'access'>): string => {
  if (fault === undefined) return `value ${hex(value)}`;
  return fault.gpt === undefined ? fault.name : `${fault.name} level ${fault.gpt.level} ${fault.gpt.gpi}`;
};

/**
 * One action by software of another state than the one the PE is in. SCR_EL3 and PSTATE say what they say when EL3 has
 * returned there. Simplified: the way there and back is left out, and all registers are put back. The TLB stays as it
 * becomes: it belongs to no world.
 */
function performAs(pe: Pe, by: Software, action: Action): Outcome {
  const saved = pe.x.slice();
  const bits = (by.world & 1 ? Scr.NS : 0n) | (by.world & 2 ? Scr.NSE : 0n);
  if (by.el !== 3) pe.set('scr_el3', (pe.get('scr_el3') & ~(Scr.NS | Scr.NSE)) | bits);
  pe.pstate = Pstate.DAIF | (BigInt(by.el) * 4n + 1n);
  const outcome = act(pe, action);
  const to = { world: pe.world, el: pe.el };
  pe.x.set(saved);
  return outcome ?? { kind: 'moved', to };
}

function faultOf(pe: Pe, outcome: Exclude<Outcome, { kind: 'done' }>): AccessFault {
  if (outcome.kind !== 'fault') return { name: outcome.kind.toUpperCase() };
  const { el, esr, far, ec, fsc } = outcome.fault;
  const name = faultName(esr);
  const syndrome = { el, esr, ec, fsc, far };
  if (name !== 'GPF') return { name, syndrome };
  const { level, gpi, code } = pe.gpc.fault;
  return { name, gpt: { level, gpi: gpiName(gpi), gpcsc: code }, syndrome };
}

function statusName(name: FidName, x0: bigint): string {
  if (x0 === NOT_SUPPORTED) return 'NOT_SUPPORTED';
  if (name.startsWith('PSCI_') && x0 === 0n) return 'SUCCESS';
  if (!name.startsWith('RMI_')) return hex(x0);
  return Object.entries(Rmi).find(([, code]) => BigInt(code) === (x0 & 0xffn))?.[0] ?? hex(x0);
}
