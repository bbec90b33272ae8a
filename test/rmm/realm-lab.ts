// A machine with a realm in it, whose vCPUs run scripts of the test, and the raw RMI_REC_ENTER: run pages are written and read
// as bytes, so that a test sees all that a Host sees.

import type { Action, Outcome, Script, ScriptFactory } from '../../src/arch/action.ts';
import { scriptImage } from '../../src/guest/image.ts';
import { type RmiResult, type Step, rmi, runStep } from '../../src/host/abi.ts';
import { GranulePool, Host, type HostedRealm, type RealmLayout, type Vcpu } from '../../src/host/realm.ts';
import type { MachineDescription } from '../../src/machine/description.ts';
import type { Driver } from '../../src/machine/driver.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';

export const IPA_BITS = 40;
/** The first Unprotected IPA. */
export const SHARED = 2 ** (IPA_BITS - 1);
/** Where the first vCPU enters, and RAM behind it with and without pages. */
export const ENTRY = 0x1000;
export const RAM = 0x10_0000;
export const UNBACKED = 0x10_4000;
export const EMPTY = 0x90_0000;

export type Enter = {
  readonly flags?: number;
  readonly gprs?: readonly bigint[];
  readonly hcr?: bigint;
  readonly lrs?: readonly bigint[];
};

export const Flag = { emulMmio: 1, injectSea: 2, trapWfi: 4, trapWfe: 8, reject: 16 } as const;

export type Entered = { readonly status: RmiResult['status']; readonly index: number; readonly exit: Uint8Array };

/** What an exit names; the rest of the 0x800 bytes is zero. */
export type Named = {
  readonly reason?: number;
  readonly esr?: bigint;
  readonly far?: bigint;
  readonly hpfar?: bigint;
  readonly gprs?: readonly bigint[];
  readonly hcr?: bigint;
  readonly lrs?: readonly bigint[];
  readonly misr?: bigint;
  readonly vmcr?: bigint;
  readonly cntp?: readonly [bigint, bigint];
  readonly cntv?: readonly [bigint, bigint];
  readonly ripas?: readonly [bigint, bigint, number];
  readonly imm?: number;
};

/** RmiRecExit with these fields, byte by byte as the reference lays it out. */
export function record(named: Named): Uint8Array {
  const bytes = new Uint8Array(0x800);
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: bigint | undefined): void => view.setBigUint64(at, value ?? 0n, true);
  bytes[0] = named.reason ?? 0;
  put(0x100, named.esr);
  put(0x108, named.far);
  put(0x110, named.hpfar);
  for (const [n, value] of (named.gprs ?? []).entries()) put(0x200 + 8 * n, value);
  put(0x300, named.hcr);
  for (const [n, value] of (named.lrs ?? []).entries()) put(0x308 + 8 * n, value);
  put(0x388, named.misr);
  put(0x390, named.vmcr);
  for (const [at, [control, compare]] of [
    [0x400, named.cntp ?? [0n, 0n]],
    [0x410, named.cntv ?? [0n, 0n]],
  ] as const) {
    put(at, control);
    put(at + 8, compare);
  }
  const [base, top, value] = named.ripas ?? [0n, 0n, 0];
  put(0x500, base);
  put(0x508, top);
  bytes[0x510] = value;
  view.setUint16(0x600, named.imm ?? 0, true);
  return bytes;
}

/** The doublewords that are not zero, for messages that can be read. */
export function fields(bytes: Uint8Array): Readonly<Record<string, string>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const found: Record<string, string> = {};
  for (let at = 0; at < bytes.length; at += 8) {
    const value = view.getBigUint64(at, true);
    if (value !== 0n) found[`0x${at.toString(16)}`] = `0x${value.toString(16)}`;
  }
  return found;
}

export class Lab {
  readonly machine: Machine;
  readonly driver: Driver;
  readonly host: Host;
  readonly realm: HostedRealm;
  /** What the guests were told, in order, by vCPU. */
  readonly seen: readonly Outcome[][];

  constructor(options: LabOptions) {
    const { guests, layout = {}, description = { ...baseMachine, pes: 2, secure: undefined } } = options;
    this.seen = guests.map(() => []);
    const scripts: Record<string, ScriptFactory> = { ...options.scripts };
    for (const [n, guest] of guests.entries()) {
      scripts[`guest-${n}`] = Array.isArray(guest)
        ? listed(guest as readonly Action[], this.seen[n] as Outcome[])
        : (guest as ScriptFactory);
    }
    this.machine = Machine.boot(description, { scripts });
    this.driver = this.machine.host();
    this.host = new Host(new GranulePool(options.pool ?? 0x8900_0000, 0x400_0000));
    const { images = [], ...rest } = layout;
    this.realm = this.do(
      this.host.create({
        ipaBits: IPA_BITS,
        vmid: 7,
        ram: [{ base: RAM, size: 0x8000 }],
        images: [
          ...guests.map((_, n) => ({ ipa: ENTRY * (n + 1), bytes: scriptImage(`guest-${n}`) })),
          { ipa: RAM, bytes: new Uint8Array(0x4000) },
          ...images,
        ],
        vcpus: guests.map((_, n) => ({ entry: ENTRY * (n + 1) })),
        ...rest,
      }),
    );
    if (options.isNew !== true) this.do(this.host.activate(this.realm));
  }

  do<T>(step: Step<T>, driver = this.driver): T {
    return runStep(step, (action) => driver.perform(action));
  }

  rmi(...args: Parameters<typeof rmi>): RmiResult {
    return this.do(rmi(...args));
  }

  vcpu(n = 0): Vcpu {
    const found = this.realm.vcpus[n];
    if (found === undefined) throw new Error(`no vCPU ${n}`);
    return found;
  }

  /** RMI_REC_ENTER with an enter part that says just this, over an exit part full of ones. */
  enter(how: Enter = {}, n = 0, driver = this.driver): Entered {
    const { rec, run } = this.vcpu(n);
    const page = new Uint8Array(0x1000).fill(0xff, 0x800);
    const view = new DataView(page.buffer);
    view.setUint32(0, how.flags ?? 0, true);
    for (const [i, value] of (how.gprs ?? []).entries()) view.setBigUint64(0x200 + 8 * i, value, true);
    view.setBigUint64(0x300, how.hcr ?? 0n, true);
    for (const [i, value] of (how.lrs ?? []).entries()) view.setBigUint64(0x308 + 8 * i, value, true);
    for (let at = 0; at < 0x1000; at += 8) driver.write(run + at, view.getBigUint64(at, true));
    const { status, index } = this.do(rmi('RMI_REC_ENTER', rec, run), driver);
    const before = page.slice(0, 0x800);
    const after = this.bytes(run, 0x800, driver);
    if (before.some((byte, i) => byte !== after[i])) throw new Error('the enter part was written');
    return { status, index, exit: this.bytes(run + 0x800, 0x800, driver) };
  }

  /** Bytes of Non-secure memory, as the Host reads them. */
  bytes(at: number, length: number, driver = this.driver): Uint8Array {
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < length; i += 8) view.setBigUint64(i, driver.read(at + i).value ?? 0n, true);
    return bytes;
  }

  /** The REC as the RMM keeps it. */
  rec(n = 0) {
    const rec = this.machine.rmm.recs.get(this.vcpu(n).rec);
    if (rec === undefined) throw new Error('no REC');
    return rec;
  }

  /** The last outcome of a guest. */
  last(n = 0): Outcome | undefined {
    return this.seen[n]?.at(-1);
  }
}

export type LabOptions = {
  readonly guests: readonly (ScriptFactory | readonly Action[])[];
  readonly scripts?: Readonly<Record<string, ScriptFactory>>;
  readonly layout?: Partial<RealmLayout>;
  readonly description?: MachineDescription;
  readonly pool?: number;
  readonly isNew?: boolean;
};

/** A guest that does one thing after the other and then asks its Host for nothing, for ever. */
const listed = (actions: readonly Action[], seen: Outcome[]): ScriptFactory =>
  function* guest(): Script {
    for (const action of actions) seen.push(yield action);
    for (;;) seen.push(yield stop);
  };

export const smc = (fid: number, ...x: readonly (number | bigint)[]): Action => {
  const registers = [BigInt(fid), ...x.map(BigInt)];
  while (registers.length < 18) registers.push(0n);
  return { op: 'smc', x: registers };
};

/** PSCI_CPU_SUSPEND: an exit without a meaning. */
const stop: Action = smc(0xc400_0001);
export const STOPPED = record({ reason: 3, gprs: [0xc400_0001n] });
export const Rsi = {
  VERSION: 0xc400_0190,
  FEATURES: 0xc400_0191,
  MEASUREMENT_READ: 0xc400_0192,
  MEASUREMENT_EXTEND: 0xc400_0193,
  TOKEN_INIT: 0xc400_0194,
  TOKEN_CONTINUE: 0xc400_0195,
  REALM_CONFIG: 0xc400_0196,
  IPA_STATE_SET: 0xc400_0197,
  IPA_STATE_GET: 0xc400_0198,
  HOST_CALL: 0xc400_0199,
} as const;
export const load = (at: number, size: 1 | 2 | 4 | 8 | 16 = 8, more: object = {}): Action => ({
  op: 'load',
  at: BigInt(at),
  size,
  ...more,
});
export const store = (at: number, value: number | bigint, size: 1 | 2 | 4 | 8 | 16 = 8, more: object = {}): Action => ({
  op: 'store',
  at: BigInt(at),
  size,
  value: BigInt(value),
  ...more,
});
export const fetch = (at: number): Action => ({ op: 'fetch', at: BigInt(at) });
/** HPFAR_EL2 of an IPA. */
export const hpfarOf = (ipa: number): bigint => BigInt(Math.floor(ipa / 4096)) << 4n;
/** ESR_EL2 of a data or instruction abort from a lower EL, as an exit shows it. */
export const dataAbort = (fsc: number): bigint => (0x24n << 26n) | BigInt(fsc);
export const instructionAbort = (fsc: number): bigint => (0x20n << 26n) | BigInt(fsc);
