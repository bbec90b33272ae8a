// Scripts and stepping, seen from outside: what runs where, in which order, and what is left when something goes wrong.
import { describe, expect, test } from 'vitest';
import type { Action, Entry, Outcome, Script, ScriptArgs } from '../../src/arch/action.ts';
import { Fid } from '../../src/arch/smccc.ts';
import { World } from '../../src/arch/world.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { standardScripts } from '../../src/machine/standard-scripts.ts';
import { Machine, type MachineOptions } from '../../src/machine/machine.ts';
import type { ScriptLibrary } from '../../src/machine/scripts.ts';
import { complaintOf, small, withPes } from './support.ts';

const ENTRY = 0x8900_0000;
const NS2 = { world: World.NonSecure, el: 2 } as const;
const cpuOn = (context = 0n): Action => ({ op: 'smc', x: [BigInt(Fid.PSCI_CPU_ON64), 0x100n, BigInt(ENTRY), context] });
const cpuOff: Action = { op: 'smc', x: [BigInt(Fid.PSCI_CPU_OFF)] };

function machineWith(scripts: ScriptLibrary, options: MachineOptions = {}): Machine {
  return Machine.boot(withPes(2), { ...options, scripts });
}

/** Runs one script as the host on PE 0, and returns what it noted. */
function runHost(
  body: (note: (what: unknown) => void, entry: Entry, args: ScriptArgs) => Script,
  args?: ScriptArgs,
): unknown[] {
  const notes: unknown[] = [];
  const machine = machineWith({ host: (given, entry) => body((what) => notes.push(what), entry, given) });
  machine.install({ ...NS2, script: 'host', ...(args === undefined ? {} : { args }) });
  expect(machine.run(1000)).toBe('idle');
  return notes;
}

describe('what a script is told', () => {
  test('a load gives its value, an SMC its registers, a protected granule its fault', () => {
    const notes = runHost(function* (note) {
      note(yield { op: 'store', at: 0x8800_1000n, size: 8, value: 0x1234n });
      note(yield { op: 'load', at: 0x8800_1000n, size: 8 });
      note((yield { op: 'smc', x: [BigInt(Fid.RMI_GRANULE_DELEGATE), 0x8800_1000n] } as Action).kind);
      note(yield { op: 'load', at: 0x8800_1000n, size: 8 });
    });
    expect(notes).toMatchObject([
      { kind: 'done', value: 0n },
      { kind: 'done', value: 0x1234n },
      'done',
      { kind: 'fault', fault: { el: 2, ec: 0x25, fsc: 0x28, far: 0x8800_1000n } },
    ]);
  });

  test('it starts with its arguments, which nobody can change behind its back', () => {
    const given = { list: [1, 2], text: 'x' };
    const seen: ScriptArgs[] = [];
    const machine = machineWith({
      *host(args) {
        seen.push(args);
        yield { op: 'wfi' };
      },
    });
    machine.install({ ...NS2, script: 'host', args: given });
    given.list.push(3);
    machine.run(10);
    expect(seen).toEqual([{ list: [1, 2], text: 'x' }]);
    expect(() => ((seen[0] as { text: string }).text = 'y')).toThrow(TypeError);
  });

  test.each([
    ['a function', () => 0],
    ['a bigint', 1n],
    ['not a number', NaN],
    ['infinity, deep down', { a: [Infinity] }],
    ['an absent value', { a: undefined }],
    ['a class', new Date(0)],
  ])('arguments that JSON cannot carry are refused: %s', (_, args) => {
    const machine = machineWith({});
    const install = (): void => machine.install({ ...NS2, script: 'delegate-loop', args: args as ScriptArgs });
    expect(complaintOf(install)).toMatchObject({ code: 'SCRIPT_ARGS' });
  });
});

describe('a fault that goes to EL3 comes back', () => {
  const DELEGATE = BigInt(Fid.RMI_GRANULE_DELEGATE);
  test.each([
    ['its own stack pointer', 0b1001n],
    ['SP_EL0', 0b1000n],
  ])('to a script on %s, as an external abort, and the script goes on behind it', (_, mode) => {
    const told: Outcome[] = [];
    const machine = Machine.boot(
      { ...small, isGpfToEl3: true },
      {
        scripts: {
          *host() {
            yield { op: 'msr', reg: 'vbar_el2', value: 0x8c00_0000n };
            yield { op: 'msr', reg: 'spsr_el2', value: 0b1111n << 6n | mode }; // prettier-ignore
            yield { op: 'msr', reg: 'elr_el2', value: 0x8800_0100n };
            yield { op: 'eret' };
            yield { op: 'smc', x: [DELEGATE, 0x8800_1000n] };
            told.push(yield { op: 'load', at: 0x8800_1000n, size: 8 });
            told.push(yield { op: 'load', at: 0x8800_2000n, size: 8 });
          },
        },
      },
    );
    machine.install({ ...NS2, script: 'host' });
    expect(machine.run()).toBe('idle');
    expect(told).toMatchObject([
      { kind: 'fault', fault: { el: 2, ec: 0x25, fsc: 0x10, far: 0x8800_1000n } },
      { kind: 'done', value: 0n },
    ]);
    expect(machine.pes[0]?.pc).toBe(0x8800_010cn);
    expect(machine.pes[0]?.pstate).toBe((0b1111n << 6n) | mode);
  });
});

describe('starting and ending', () => {
  test('an unknown script is refused when it is installed, with the names there are', () => {
    const machine = machineWith({});
    expect(complaintOf(() => machine.install({ ...NS2, script: 'toString' }))).toMatchObject({
      code: 'SCRIPT_UNKNOWN',
      found: 'toString',
      expected: Object.keys(standardScripts).join(', '),
    });
  });

  test('a machine without software stops, and goes on when some is installed', () => {
    const stops: string[] = [];
    const machine = Machine.boot(small, { trace: (event) => event.kind === 'stop' && stops.push(event.reason) });
    expect(machine.run()).toBe('idle');
    expect(stops).toEqual(['no software in NS EL2 at 0x88000000']);
    machine.install({ ...NS2, script: 'delegate-loop' });
    const before = machine.time;
    expect(machine.run()).toBe('idle');
    expect(machine.time - before).toBe(4 * 7);
  });

  test('a driver takes over from a script that waits or has ended', () => {
    const machine = machineWith({ *host() { yield { op: 'wfi' }; } }); // prettier-ignore
    machine.install({ ...NS2, script: 'host' });
    expect(machine.run()).toBe('idle');
    expect(machine.host().smc('SMCCC_VERSION')[0]).toBe(0x1_0002n);
    expect(machine.run()).toBe('idle');
    // The partition runs on the PE that waited.
    expect(machine.host().smc('FFA_MSG_SEND_DIRECT_REQ64', 0x8001)[0]).toBe(BigInt(Fid.FFA_MSG_SEND_DIRECT_RESP64));
    expect(machine.pes[0]?.world).toBe(World.NonSecure);
  });
});

describe('a script that fails', () => {
  const failing = (failures: number[]): ScriptLibrary => ({
    *host() {
      yield { op: 'store', at: 0x8800_1000n, size: 8, value: 7n };
      const outcome = yield { op: 'load', at: 0x8800_1000n, size: 8 };
      failures.push(1);
      throw new Error(`gave up at ${outcome.kind === 'done' ? outcome.value : '?'}`);
    },
  });

  test('stops the run with its own error, and the machine is between two steps', () => {
    const failures: number[] = [];
    const machine = machineWith(failing(failures));
    machine.install({ ...NS2, script: 'host' });
    expect(() => machine.run()).toThrow('gave up at 7');
    const { time } = machine;
    const chance = machine.prng.state;
    // Nothing is lost: the same step fails again in the same way, and the machine does not move.
    const snapshot = machine.snapshot();
    expect(() => machine.run()).toThrow('gave up at 7');
    machine.restore(snapshot);
    expect(() => machine.run()).toThrow('gave up at 7');
    expect(machine.time).toBe(time);
    expect(machine.prng.state).toEqual(chance);
    expect(failures).toHaveLength(3);
    expect(machine.host().read(0x8800_1000).value).toBe(7n);
  });

  test('can fail before its first action', () => {
    const machine = machineWith({
      host: () => {
        throw new Error('not today');
      },
    });
    machine.install({ ...NS2, script: 'host' });
    expect(() => machine.run()).toThrow('not today');
    const again = Machine.load(machine.save(), { scripts: { *host() { yield { op: 'wfi' }; } } }); // prettier-ignore
    expect(again.run()).toBe('idle');
  });

  test.each([
    [undefined, 'action'],
    [{ op: 'jump' }, 'op'],
    [{ op: 'toString' }, 'op'],
    [{ op: 'load', at: 0x8800_0000, size: 8 }, 'at'],
    [{ op: 'load', at: 0x8800_0000n, size: 3 }, 'size'],
    [{ op: 'load', at: 0x8800_0000n, size: 8, reg: 33 }, 'reg'],
    [{ op: 'load', at: 0x8800_0000n, size: 8, pas: 4 }, 'pas'],
    [{ op: 'store', at: 0x8800_0000n, size: 8 }, 'value'],
    [{ op: 'smc', x: Array.from({ length: 32 }, () => 0n) }, 'x'],
    [{ op: 'smc', imm: 0x1_0000 }, 'imm'],
    [{ op: 'mrs', reg: 'x0' }, 'reg'],
    [{ op: 'msr', reg: 'tpidr_el2' }, 'value'],
    [{ op: 'tlbi', what: 'all' }, 'what'],
    [{ op: 'tlbi', what: 'rpaos', xt: 1 }, 'xt'],
    [{ op: 'cipapa' }, 'xt'],
  ])('an action that no PE knows is refused before it does anything: %o', (action, part) => {
    const machine = machineWith({ *host() { yield action as Action; } }); // prettier-ignore
    machine.install({ ...NS2, script: 'host' });
    const before = machine.save();
    expect(complaintOf(() => machine.run())).toMatchObject({ code: 'ACTION', where: `script host ${part}` });
    expect(machine.time).toBe((before.machine as { state: { time: number } }).state.time);
    expect(complaintOf(() => machine.host().perform(action as Action))).toMatchObject({ code: 'ACTION' });
  });
});

describe('several PEs', () => {
  test('a script starts others through PSCI, and all do their share', () => {
    const machine = Machine.boot(withPes(5));
    machine.install({ ...NS2, script: 'start-and-delegate', args: { pes: 5, rounds: 3 } });
    machine.install({ ...NS2, entry: BigInt(ENTRY), script: 'delegate-loop', args: { rounds: 3 } });
    expect(machine.run()).toBe('idle');
    expect(machine.pes.map(({ power }) => power)).toEqual(['on', 'on', 'on', 'on', 'on']);
    expect(machine.rmm.granules.data().used).toEqual([]);
  });

  test.each([
    ['its first action', 0],
    ['a later one', 1],
  ])('a PE that goes off with %s starts its script anew when it comes on, with the new context', (_, stores) => {
    const started: bigint[] = [];
    const machine = machineWith({
      *host() {
        for (const context of [5n, 6n, 7n]) {
          yield cpuOn(context);
          for (let state = 0n; state !== 1n;) {
            const outcome: Outcome = yield { op: 'smc', x: [BigInt(Fid.PSCI_AFFINITY_INFO64), 0x100n, 0n] };
            state = outcome.kind === 'done' ? (outcome.x[0] as bigint) : 1n;
          }
        }
      },
      *other(_, entry) {
        started.push(entry.x[0] as bigint);
        for (let i = 0; i < stores; i++) yield { op: 'store', at: 0x8800_3000n, size: 8, value: 1n };
        yield cpuOff;
        throw new Error('a PE that was turned off does not return');
      },
    });
    machine.install({ ...NS2, script: 'host' });
    machine.install({ ...NS2, entry: BigInt(ENTRY), script: 'other' });
    expect(machine.run(10_000)).toBe('idle');
    expect(started).toEqual([5n, 6n, 7n]);
    expect(machine.pes[1]?.power).toBe('off');
  });

  test('a PE keeps its ID registers when PSCI turns it on', () => {
    const machine = Machine.boot(withPes(2));
    const [first, second] = machine.pes;
    machine.host().smc('PSCI_CPU_ON64', 0x100, ENTRY, 0);
    machine.host().smc('SMCCC_VERSION');
    expect(second?.power).toBe('on');
    for (const reg of ['id_aa64pfr0_el1', 'id_aa64mmfr0_el1'] as const) expect(second?.get(reg)).toBe(first?.get(reg));
  });

  test('a PE that is off, or that the machine does not have, cannot be driven', () => {
    const machine = Machine.boot(withPes(2));
    expect(complaintOf(() => machine.driver(1).read(0x0403_e000))).toMatchObject({ code: 'PE_OFF', found: 'off' });
    expect(complaintOf(() => machine.driver(2))).toMatchObject({ code: 'PE_UNKNOWN', expected: '0 to 1' });
    expect(complaintOf(() => machine.driver(0.5))).toMatchObject({ code: 'PE_UNKNOWN' });
  });

  test('entering a program again starts it again, though the old one never ended', () => {
    const starts: number[] = [];
    const machine = machineWith({
      *host() {
        yield { op: 'msr', reg: 'spsr_el2', value: 0b0101n };
        for (let i = 0; i < 3; i++) {
          yield { op: 'msr', reg: 'elr_el2', value: 0x8a00_0000n };
          const outcome = yield { op: 'eret' };
          expect(outcome).toMatchObject({ kind: 'exception', exception: { from: 1 } });
        }
      },
      *guest() {
        starts.push(1);
        yield { op: 'load', at: 0x8800_0000n, size: 8 };
        yield { op: 'hvc', imm: 1 };
        throw new Error('the host never returns here');
      },
    });
    machine.install({ ...NS2, script: 'host' });
    machine.install({ world: World.NonSecure, el: 1, entry: 0x8a00_0000n, script: 'guest' });
    expect(machine.run(100)).toBe('idle');
    expect(starts).toHaveLength(3);
  });
});

describe('reset and off', () => {
  test('SYSTEM_RESET boots again: scripts start anew, and only what is kept is still there', () => {
    const found: unknown[] = [];
    const machine = machineWith({
      *host() {
        const kept = yield { op: 'load', at: 0x8280_0000n, size: 1 };
        const other = yield { op: 'load', at: 0x8800_1000n, size: 1 };
        found.push([kept, other]);
        if (found.length === 2) return;
        yield { op: 'store', at: 0x8280_0000n, size: 1, value: 0x42n };
        yield { op: 'store', at: 0x8800_1000n, size: 1, value: 0x42n };
        yield { op: 'smc', x: [BigInt(Fid.PSCI_SYSTEM_RESET)] };
        throw new Error('SYSTEM_RESET does not return');
      },
    });
    machine.install({ ...NS2, script: 'host' });
    expect(machine.run(1000)).toBe('idle');
    expect(found).toMatchObject([
      [{ value: 0xffn }, { value: 0n }],
      [{ value: 0x42n }, { value: 0n }],
    ]);
  });

  test('a driver learns that a reset or an end is no answer', () => {
    const machine = Machine.boot(small);
    expect(complaintOf(() => machine.host().smc('PSCI_SYSTEM_RESET'))).toMatchObject({ code: 'NO_RETURN' });
    expect(machine.host().smc('SMCCC_VERSION')[0]).toBe(0x1_0002n);
    expect(complaintOf(() => machine.host().smc('PSCI_SYSTEM_OFF'))).toMatchObject({ code: 'NO_RETURN' });
    expect(machine.run()).toBe('system-off');
    expect(complaintOf(() => machine.host().read(0x8800_0000))).toMatchObject({ code: 'PE_OFF', found: 'system-off' });
    machine.powerOn();
    expect(machine.host().read(0x8800_0000).value).toBe(0n);
  });
});

describe('what never comes back', () => {
  test('a call into software that runs on and on is given up', () => {
    const machine = machineWith({
      *guest() {
        for (;;) yield { op: 'load', at: 0x8800_0000n, size: 8 };
      },
    });
    machine.install({ world: World.NonSecure, el: 1, entry: 0x8a00_0000n, script: 'guest' });
    const host = machine.host();
    host.perform({ op: 'msr', reg: 'spsr_el2', value: 0b0101n });
    host.perform({ op: 'msr', reg: 'elr_el2', value: 0x8a00_0000n });
    expect(complaintOf(() => host.perform({ op: 'eret' }))).toMatchObject({ code: 'NO_RETURN', found: '0 NS 1' });
  });

  test.each([
    ['ends', function* () {}],
    [
      'waits',
      function* (): Script {
        yield { op: 'wfi' };
      },
    ],
    [
      'runs on',
      function* (): Script {
        for (;;) yield { op: 'mrs', reg: 'tpidr_el0' };
      },
    ],
  ])('a machine whose Secure partition %s without a word does not boot', (_, partition) => {
    const boot = (): unknown =>
      Machine.boot(withPes(1), { scripts: { 'secure-partition': partition as () => Script } });
    expect(complaintOf(boot)).toMatchObject({ code: 'NO_RETURN', found: '0 S 1' });
  });
});

test('firmware that was stopped half-way leaves a machine that does not go on, until a snapshot is restored', () => {
  const machine = Machine.boot({ ...small, framesMax: 400 });
  const host = machine.host();
  const snapshot = machine.snapshot();
  const take = (): void => {
    for (let at = 0x9000_0000; ; at += 0x1000) host.write(at, 1);
  };
  expect(complaintOf(take)).toMatchObject({ code: 'MEMORY_FRAMES_EXHAUSTED' });
  // The host itself meets the limit in the middle of nothing, and may go on.
  expect(host.read(0x9000_0000).value).toBe(1n);
  // Breaking a Contiguous entry is the firmware's work, and it touches no new frame; wiping a page that was read does.
  machine.rmm.wipe = () => {
    throw new Error('stopped half-way');
  };
  expect(() => host.smc('RMI_GRANULE_DELEGATE', 0x9000_0000)).toThrow('stopped half-way');
  expect(complaintOf(() => host.read(0x9000_0000))).toMatchObject({ code: 'PE_OFF', found: 'panic' });
  expect(machine.run()).toBe('panic');
  const stopped = machine.snapshot();
  machine.restore(snapshot);
  expect(machine.monitor.panic).toBeUndefined();
  machine.restore(stopped);
  expect(machine.monitor.panic).toBe('Error: stopped half-way');
  expect(machine.run()).toBe('panic');
  machine.restore(snapshot);
  expect(host.read(0x9000_0000).value).toBe(0n);
});

test('the base machine boots its eight PEs from a script', () => {
  const machine = Machine.boot(baseMachine);
  machine.install({ ...NS2, script: 'start-and-delegate', args: { pes: 8 } });
  machine.install({ ...NS2, entry: BigInt(ENTRY), script: 'delegate-loop' });
  expect(machine.run()).toBe('idle');
  expect(machine.pes.every(({ power }) => power === 'on')).toBe(true);
});
