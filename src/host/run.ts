// The run loop of a hypervisor: enter a vCPU, look at why it came back, do what it needs, enter again.

import { GRANULE, HostError, type RmiResult, type Step, must, read, rmi, write } from './abi.ts';
import type { Host, HostedRealm, Vcpu } from './realm.ts';

const exitReasons = ['SYNC', 'IRQ', 'FIQ', 'PSCI', 'RIPAS_CHANGE', 'HOST_CALL', 'SERROR'] as const;
export type ExitReason = (typeof exitReasons)[number];

/** RmiRecExit, as the host reads it. */
export type Exit = {
  readonly reason: ExitReason;
  readonly esr: bigint;
  readonly far: bigint;
  readonly hpfar: bigint;
  readonly ipa: number;
  readonly gprs: readonly bigint[];
  readonly ripas: { readonly base: number; readonly top: number; readonly value: number };
  readonly imm: number;
};

/** What a host does at an entry. */
export type Enter = {
  readonly emulMmio?: boolean;
  readonly injectSea?: boolean;
  readonly trapWfi?: boolean;
  readonly trapWfe?: boolean;
  readonly reject?: boolean;
  readonly gprs?: readonly bigint[];
  readonly lrs?: readonly bigint[];
};

/** An access of a Realm to a device that its host plays. */
export type Mmio = { readonly ipa: number; readonly isWrite: boolean; readonly size: number; readonly value: bigint };

/** What a host answers to exits that are its guest's business; the rest of the loop is the same for all. */
export type Callbacks = {
  readonly hostCall?: (imm: number, gprs: readonly bigint[]) => readonly bigint[];
  /** Value of a read, anything for a write; undefined injects an external abort. */
  readonly mmio?: (access: Mmio) => bigint | undefined;
  readonly ripasChange?: (base: number, top: number, value: number) => boolean;
  /** Sees every exit before it is answered. */
  readonly exit?: (exit: Exit) => void;
};

/** Why the loop ended. */
export type RunResult = {
  readonly end: 'off' | 'system-off' | 'idle' | 'failed';
  readonly exits: number;
  readonly last: Exit | undefined;
  readonly result: RmiResult;
};

/** Where the exit record begins in a run page, and the List Registers in either record. */
const EXIT = 0x800;
const LRS = 0x308;
const LIST_REGISTERS = 16;

/** Enters once and reads the exit record. */
export function* enter(
  vcpu: Vcpu,
  how: Enter = {},
): Step<{ readonly result: RmiResult; readonly exit: Exit | undefined }> {
  const { run: page, rec } = vcpu;
  const flags =
    (how.emulMmio ? 1 : 0) |
    (how.injectSea ? 2 : 0) |
    (how.trapWfi ? 4 : 0) |
    (how.trapWfe ? 8 : 0) |
    (how.reject ? 16 : 0);
  yield* write(page, flags);
  for (const [n, value] of (how.gprs ?? []).entries()) yield* write(page + 0x200 + 8 * n, value);
  if (how.lrs !== undefined)
    for (let n = 0; n < LIST_REGISTERS; n++) yield* write(page + LRS + 8 * n, how.lrs[n] ?? 0n);
  const result = yield* rmi('RMI_REC_ENTER', rec, page);
  if (result.status !== 'RMI_SUCCESS') return { result, exit: undefined };
  // What is left of the interrupts that were handed in is handed in again.
  if ((yield* read(page + LRS)) !== 0n)
    for (let n = 0; n < LIST_REGISTERS; n++) yield* write(page + LRS + 8 * n, yield* read(page + EXIT + LRS + 8 * n));
  return { result, exit: yield* readExit(page + EXIT) };
}

function* readExit(at: number): Step<Exit> {
  const reason = exitReasons[Number(yield* read(at, 1))];
  if (reason === undefined) throw new HostError('an exit has a reason');
  const esr = yield* read(at + 0x100);
  const far = yield* read(at + 0x108);
  const hpfar = yield* read(at + 0x110);
  const gprs: bigint[] = [];
  const count = reason === 'HOST_CALL' ? 31 : 4;
  for (let n = 0; n < count; n++) gprs.push(yield* read(at + 0x200 + 8 * n));
  let ripas = { base: 0, top: 0, value: 0 };
  if (reason === 'RIPAS_CHANGE') {
    const base = Number(yield* read(at + 0x500));
    const top = Number(yield* read(at + 0x508));
    ripas = { base, top, value: Number(yield* read(at + 0x510, 1)) };
  }
  const imm = Number(yield* read(at + 0x600, 2));
  return { reason, esr, far, hpfar, ipa: Number(hpfar << 8n) + Number(far & 0xfffn), gprs, ripas, imm };
}

/** Runs a vCPU until it turns itself off, the Realm shuts down, it has nothing to do, or an entry fails. */
export function* run(
  host: Host,
  realm: HostedRealm,
  vcpu: Vcpu,
  callbacks: Callbacks = {},
  exitsMax = 1000,
): Step<RunResult> {
  let how: Enter = { trapWfi: true };
  for (let exits = 1; exits <= exitsMax; exits++) {
    const { result, exit } = yield* enter(vcpu, how);
    how = { trapWfi: true };
    if (exit === undefined) return { end: 'failed', exits, last: undefined, result };
    callbacks.exit?.(exit);
    const next = yield* answer(host, realm, vcpu, exit, callbacks);
    if (typeof next === 'string') return { end: next, exits, last: exit, result };
    how = { ...how, ...next };
  }
  throw new HostError(`a vCPU exits more than ${exitsMax} times`);
}

/** What one exit needs: how to enter again, or why not to. */
function* answer(
  host: Host,
  realm: HostedRealm,
  vcpu: Vcpu,
  exit: Exit,
  callbacks: Callbacks,
): Step<Enter | 'off' | 'system-off' | 'idle'> {
  switch (exit.reason) {
    case 'HOST_CALL':
      return { gprs: callbacks.hostCall?.(exit.imm, exit.gprs) ?? exit.gprs };
    case 'RIPAS_CHANGE': {
      const { base, top, value } = exit.ripas;
      if (callbacks.ripasChange?.(base, top, value) === false) return { reject: true };
      yield* setRipas(host, realm, vcpu, base, top);
      return {};
    }
    case 'PSCI':
      return yield* psci(realm, vcpu, exit);
    case 'SYNC':
      return yield* synchronous(host, realm, exit, callbacks);
    default:
      return {};
  }
}

/** Applies a RIPAS change, making tables where the entries are too large. */
function* setRipas(host: Host, realm: HostedRealm, vcpu: Vcpu, base: number, top: number): Step<void> {
  for (let at = base; at < top;) {
    const result = yield* rmi('RMI_RTT_SET_RIPAS', realm.rd, vcpu.rec, at, top);
    if (result.status === 'RMI_SUCCESS') at = Number(result.x[1]);
    else if (result.status === 'RMI_ERROR_RTT' && result.index < 3) yield* host.mapTables(realm, at, result.index + 1);
    else return;
  }
}

const PSCI_CPU_OFF = 0x8400_0002n;
const PSCI_SYSTEM: readonly bigint[] = [0x8400_0008n, 0x8400_0009n];
const PSCI_CPU_SUSPEND: readonly bigint[] = [0xc400_0001n, 0x8400_0001n];

function* psci(realm: HostedRealm, vcpu: Vcpu, exit: Exit): Step<Enter | 'off' | 'system-off'> {
  const [fid, mpidr] = exit.gprs as [bigint, bigint];
  if (fid === PSCI_CPU_OFF) return 'off';
  if (PSCI_SYSTEM.includes(fid)) return 'system-off';
  if (PSCI_CPU_SUSPEND.includes(fid)) return {};
  const index = Number((mpidr & 0xfn) + 16n * ((mpidr >> 8n) & 0xffn));
  const target = realm.vcpus.find((other) => other.index === index);
  if (target !== undefined) yield* must('RMI_PSCI_COMPLETE', vcpu.rec, target.rec, 0);
  return {};
}

/** A trapped WFI, a missing page, or an access to a device. */
function* synchronous(host: Host, realm: HostedRealm, exit: Exit, callbacks: Callbacks): Step<Enter | 'idle'> {
  if (exit.esr >> 26n === 0x01n) return 'idle';
  if (exit.ipa < 2 ** (realm.ipaBits - 1)) {
    yield* host.populateUnknown(realm, exit.ipa - (exit.ipa % GRANULE));
    return {};
  }
  const isEmulatable = ((exit.esr >> 24n) & 1n) === 1n;
  if (!isEmulatable) return { injectSea: true };
  const isWrite = ((exit.esr >> 6n) & 1n) === 1n;
  const size = 1 << Number((exit.esr >> 22n) & 0b11n);
  const value = callbacks.mmio?.({ ipa: exit.ipa, isWrite, size, value: exit.gprs[0] as bigint });
  return value === undefined ? { injectSea: true } : { emulMmio: true, gprs: [value] };
}
