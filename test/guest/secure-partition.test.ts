// The trusted service: what it answers, and that its secret stays where it is. Attacks first.

import { describe, expect, test } from 'vitest';
import type { Action, Outcome, Script } from '../../src/arch/action.ts';
import { toPa } from '../../src/arch/address.ts';
import { Gpi } from '../../src/arch/gpi.ts';
import { Pstate, Scr } from '../../src/arch/registers.ts';
import { Fid } from '../../src/arch/smccc.ts';
import { type TraceEvent, traceLine } from '../../src/arch/trace.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { SECRET_AT, Service, ServiceStatus, securePartition } from '../../src/guest/secure-partition.ts';
import type { Driver } from '../../src/machine/driver.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';

const ABORTED = 0xffff_fff8n;
const FSC_GPF = 0b101000;
const PA = toPa(Number(SECRET_AT));
const WORDS = [0, 8, 16, 24];

const secretOf = (machine: Machine): readonly (bigint | undefined)[] =>
  WORDS.map((at) => (machine.pes[0] as Driver['pe']).port(Pas.Secure, World.Secure).read64(toPa(PA + at)));
const ask = (host: Driver, operation: bigint, ...values: readonly (number | bigint)[]): readonly bigint[] =>
  host.smc('FFA_MSG_SEND_DIRECT_REQ64', 0x8001, 0, operation, ...values).slice(0, 8);
const response = (status: bigint, ...results: readonly bigint[]): readonly bigint[] =>
  Array.from({ length: 8 }, (_, n) => [0xc400_0070n, 0x8001_0000n, 0n, status, ...results][n] ?? 0n);
const failure = [BigInt(Fid.FFA_ERROR), 0n, ABORTED, 0n, 0n, 0n, 0n, 0n];
/** As EL3 would for the Secure world: the granule of the secret changes hands. */
const move = (machine: Machine, target: Gpi): number =>
  machine.monitor.gpt.transition(machine.pes[0] as Driver['pe'], PA, 1, target, World.Secure);

describe('attacks on the secret', () => {
  test('the host reads and writes it: a protection fault each time, and the secret is as it was', () => {
    const host = Machine.boot().host();
    const before = secretOf(host.machine);
    for (const at of WORDS) {
      expect(host.read(SECRET_AT + BigInt(at)).fault?.fsc).toBe(FSC_GPF);
      expect(host.write(SECRET_AT + BigInt(at), 0).fault?.fsc).toBe(FSC_GPF);
      expect(host.fetch(SECRET_AT + BigInt(at)).fault?.fsc).toBe(FSC_GPF);
    }
    expect(before.every((word) => word !== undefined && word !== 0n)).toBe(true);
    expect(secretOf(host.machine)).toEqual(before);
  });

  test('the host asks for the Secure space: there is no such instruction in Normal world', () => {
    expect(Machine.boot().host().read(SECRET_AT, { pas: Pas.Secure }).fault?.ec).toBe(0);
  });

  test('an access that begins in host memory and ends in the secret’s memory does nothing', () => {
    // The last granule of host DRAM borders on Secure DRAM.
    const host = Machine.boot().host();
    expect(host.write(0xfbff_fffc, ~0n).fault?.fsc).toBe(FSC_GPF);
    expect(host.read(0xfbff_fff8).value).toBe(0n);
  });

  test('the Realm world reads it, by its own space and by that of the Normal world', () => {
    const realm = Machine.boot().host();
    realm.pe.set('scr_el3', realm.pe.get('scr_el3') | Scr.NSE);
    realm.pe.pstate = Pstate.DAIF | 0b0101n;
    expect(realm.pe.world).toBe(World.Realm);
    for (const pas of [Pas.Realm, Pas.NonSecure]) {
      expect(realm.read(SECRET_AT, { pas }).fault?.fsc).toBe(FSC_GPF);
      expect(realm.pe.port(pas, World.Realm).read64(PA)).toBeUndefined();
    }
    expect(realm.read(SECRET_AT, { pas: Pas.Secure }).fault?.ec).toBe(0);
  });

  test('a device of the Normal or of the Realm world reads or overwrites it', () => {
    const machine = Machine.boot();
    const before = secretOf(machine);
    for (const pas of [Pas.NonSecure, Pas.Realm]) {
      expect(machine.smmu.read('NIC', pas, SECRET_AT, 8)).toMatchObject({ kind: 'aborted', fault: 'gpf' });
      expect(machine.smmu.write('NIC', pas, SECRET_AT, 8, 0n)).toMatchObject({ kind: 'aborted', fault: 'gpf' });
    }
    expect(secretOf(machine)).toEqual(before);
  });

  test('the host asks for it to be put into its RX buffer or delegated: refused', () => {
    const host = Machine.boot().host();
    expect(host.smc('FFA_RXTX_MAP64', 0x8800_1000, SECRET_AT, 1)[2]).toBe(0xffff_fffen);
    expect(host.smc('RMI_GRANULE_DELEGATE', SECRET_AT)[0]).not.toBe(0n);
    expect(secretOf(host.machine).every((word) => word !== 0n)).toBe(true);
  });

  test('the host asks the service for it, politely and not', () => {
    const host = Machine.boot().host();
    expect(ask(host, Service.Reveal)).toEqual(response(ServiceStatus.Refused));
    expect(ask(host, Service.Reveal, SECRET_AT, 32)).toEqual(response(ServiceStatus.Refused));
  });

  test('no answer to any operation holds a word of it, or half a word', () => {
    const host = Machine.boot().host();
    const halves = new Set(secretOf(host.machine).flatMap((word = 0n) => [word, word & 0xffff_ffffn, word >> 32n]));
    for (let operation = 0n; operation < 200n; operation++)
      for (const x of ask(host, operation, 0, 0, 0, 0)) expect(halves.has(x)).toBe(false);
  });
});

describe('the service', () => {
  test('PING gives back what was sent, in 64 and in 32 bits', () => {
    const host = Machine.boot().host();
    expect(ask(host, Service.Ping, 1, 2, 3, 1n << 63n)).toEqual(response(0n, 1n, 2n, 3n, 1n << 63n));
    const x = host.smc('FFA_MSG_SEND_DIRECT_REQ', 0x8001, 0, Service.Ping, 1, 2, 3, (1n << 63n) | 4n);
    expect(x.slice(0, 8)).toEqual([0x8400_0070n, ...response(0n, 1n, 2n, 3n, 4n).slice(1)]);
  });

  test('SEAL is a function of the secret and all four values, and counts', () => {
    const host = Machine.boot().host();
    const seal = (...values: readonly bigint[]): readonly bigint[] => ask(host, Service.Seal, ...values);
    const first = seal(1n, 2n, 3n, 4n);
    expect(first.slice(0, 4)).toEqual(response(ServiceStatus.Ok).slice(0, 4));
    expect(first.slice(4, 6).every((half) => half > 0n && half < 1n << 32n)).toBe(true);
    expect(first.slice(6)).toEqual([1n, 0n]);
    expect(seal(1n, 2n, 3n, 4n)).toEqual(first.with(6, 2n));
    const others = [
      seal(0n, 2n, 3n, 4n),
      seal(1n, 0n, 3n, 4n),
      seal(1n, 2n, 0n, 4n),
      seal(1n, 2n, 3n, 0n),
      seal(1n, 2n, 3n, 4n | (1n << 32n)),
    ];
    const digests = [first, ...others].map((x) => x.slice(4, 6).join(' '));
    expect(new Set(digests).size).toBe(6);
    expect(others.map((x) => x[6])).toEqual([3n, 4n, 5n, 6n, 7n]);
  });

  test('another machine has another secret and other seals; the same seed has the same', () => {
    const of = (seed: number): readonly unknown[] => {
      const machine = Machine.boot({ ...baseMachine, seed });
      return [secretOf(machine), ask(machine.host(), Service.Seal, 1, 2, 3, 4)];
    };
    expect(of(1)).toEqual(of(1));
    expect(of(2)[0]).not.toEqual(of(1)[0]);
    expect(of(2)[1]).not.toEqual(of(1)[1]);
  });

  test.each([3n, 4n, 0xffff_ffffn, 0xffff_ffff_ffff_ffffn])(
    'operation %x is unknown to it, and it says so',
    (operation) => {
      expect(ask(Machine.boot().host(), operation, 1, 2, 3, 4)).toEqual(response(ServiceStatus.Unknown));
    },
  );

  test('it goes on after a refusal, an unknown operation and a thousand requests', () => {
    const host = Machine.boot().host();
    for (let n = 0n; n < 1000n; n++) expect(ask(host, n % 4n, n)[1]).toBe(0x8001_0000n);
    expect(ask(host, Service.Seal)[6]).toBe(251n);
  });
});

describe('the secret is in memory, and nowhere else', () => {
  test('each seal loads it, by the partition at S-EL1', () => {
    const events: TraceEvent[] = [];
    const host = Machine.boot(baseMachine, { trace: (event) => events.push(event) }).host();
    events.length = 0;
    ask(host, Service.Seal);
    const accesses = events.filter((event) => event.kind === 'access');
    const by = { pe: 0, world: World.Secure, el: 1 };
    const at = [...WORDS, 32, 32].map((offset) => SECRET_AT + BigInt(offset));
    expect(accesses.map((event) => event.at)).toEqual(at);
    for (const event of accesses) expect(event).toMatchObject({ by, pas: Pas.Secure, size: 8 });
  });

  test('other bytes there make other seals', () => {
    const host = Machine.boot().host();
    const before = ask(host, Service.Seal, 1).slice(4, 6);
    host.pe.port(Pas.Secure, World.Secure).write64(PA, 0n);
    expect(ask(host, Service.Seal, 1).slice(4, 6)).not.toEqual(before);
  });

  test.each([false, true])(
    'without its granule it answers FFA_ERROR, and goes on when it has it again (GPF to EL3: %s)',
    (isGpfToEl3) => {
      const host = Machine.boot({ ...baseMachine, isGpfToEl3 }).host();
      const secret = secretOf(host.machine);
      const before = ask(host, Service.Seal, 1);
      expect(move(host.machine, Gpi.NonSecure)).toBe(0);
      expect(ask(host, Service.Seal, 1)).toEqual(failure);
      expect(ask(host, Service.Ping, 1)).toEqual(response(0n, 1n));
      // Nobody wiped it: who moves a granule out of the Secure world without wiping it gives it away.
      expect(host.read(SECRET_AT).value).toBe(secret[0]);
      expect(move(host.machine, Gpi.Secure)).toBe(0);
      expect(ask(host, Service.Seal, 1)).toEqual(before.with(6, 2n));
    },
  );
});

describe('the script', () => {
  const entry = { pe: 0, world: World.Secure, el: 1, x: [] } as const;
  const done = (value = 0n, x: readonly bigint[] = []): Outcome => ({ kind: 'done', value, x });
  const faulted: Outcome = { kind: 'fault', fault: { el: 1, esr: 0n, far: 0n, ec: 0x25, fsc: FSC_GPF } };
  const actionsOf = (script: Script, outcomes: readonly Outcome[]): (Action | undefined)[] => {
    const first = script.next();
    return [first, ...outcomes.map((outcome) => script.next(outcome))].map(({ value }) => value ?? undefined);
  };
  const version = done(0n, [0x1_0001n]);
  const booted = [version, done(), done(), done(), done(), done()];
  const asked = (operation: bigint): Outcome =>
    done(0n, [BigInt(Fid.FFA_MSG_SEND_DIRECT_REQ), 0x8001n, 0n, operation, 5n]);
  const call = (action: Action | undefined): readonly bigint[] | undefined =>
    action !== undefined && action.op === 'smc' ? action.x : undefined;

  test('is a function of its arguments and of what it is told', () => {
    const story = [
      ...booted,
      asked(Service.Seal),
      done(1n),
      done(2n),
      done(3n),
      done(4n),
      done(5n),
      done(),
      asked(Service.Reveal),
    ];
    const first = actionsOf(securePartition({ seed: 7 }, entry), story);
    expect(actionsOf(securePartition({ seed: 7 }, entry), story)).toEqual(first);
    // What was loaded decides, and not what was stored: the seed no longer matters.
    const other = actionsOf(securePartition({ seed: 8 }, entry), story);
    expect(other.slice(1, 5)).not.toEqual(first.slice(1, 5));
    expect(other.slice(6)).toEqual(first.slice(6));
  });

  test.each([null, 3, 'seed', [], {}, { seed: 'x' }])('starts with arguments %j as with none', (args) => {
    expect(actionsOf(securePartition(args, entry), booted)).toEqual(
      actionsOf(securePartition({ seed: 0 }, entry), booted),
    );
  });

  test('reports that it cannot start: another version, or a store that faults', () => {
    const [, old] = actionsOf(securePartition(null, entry), [done(0n, [0xffff_ffffn])]);
    expect(call(old)?.slice(0, 3)).toEqual([BigInt(Fid.FFA_ERROR), 0n, 0xffff_ffffn]);
    for (let n = 1; n <= 5; n++) {
      const last = actionsOf(securePartition(null, entry), [...booted.slice(0, n), faulted]).at(-1);
      expect(call(last)).toEqual(failure);
    }
  });

  test('answers a load or the store that faults with FFA_ERROR, wherever it happens', () => {
    const steps = [done(1n), done(2n), done(3n), done(4n), done(5n), done()];
    for (let n = 0; n < steps.length; n++) {
      const story = [...booted, asked(Service.Seal), ...steps.slice(0, n), faulted];
      expect(call(actionsOf(securePartition(null, entry), story).at(-1))).toEqual(failure);
    }
  });

  test('answers whatever is no request with FFA_ERROR: that closes what may be open', () => {
    const odd: readonly Outcome[] = [done(), done(0n, [BigInt(Fid.FFA_RUN)]), faulted];
    for (const outcome of odd) {
      const actions = actionsOf(securePartition(null, entry), [...booted, outcome]);
      expect(call(actions.at(-1))).toEqual(failure);
    }
  });

  test('a snapshot from between any two steps of a request goes on to the same end', () => {
    function* host(): Script {
      const outcome: Outcome = yield {
        op: 'smc',
        x: [BigInt(Fid.FFA_MSG_SEND_DIRECT_REQ64), 0x8001n, 0n, Service.Seal, 9n],
      };
      if (outcome.kind === 'done') yield { op: 'store', at: 0x8820_0000n, size: 8, value: outcome.x[4] ?? 0n };
    }
    const lines: string[] = [];
    const trace = (event: TraceEvent): void => void lines.push(traceLine(event));
    const options = { scripts: { host }, trace };
    const machine = Machine.boot(baseMachine, options);
    machine.install({ world: World.NonSecure, el: 2, script: 'host' });
    const ends = new Set<string>();
    const finish = (on: Machine): void => {
      const from = lines.length;
      while (on.step(on.pes[0] as Driver['pe']));
      ends.add([...lines.slice(0, story), ...lines.slice(from)].join('\n'));
      expect(on.host().read(0x8820_0000).value).not.toBe(0n);
      lines.length = story;
    };
    let story = lines.length;
    for (let steps = 0; machine.step(machine.pes[0] as Driver['pe']); steps++) {
      story = lines.length;
      const before = machine.snapshot();
      // Through JSON into another machine at each fourth step, for the time it takes.
      if (steps % 4 === 1) finish(Machine.load(JSON.parse(JSON.stringify(machine.save())), options));
      finish(machine);
      machine.restore(before);
    }
    expect(ends.size).toBe(1);
  });
});
