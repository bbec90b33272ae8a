// Snapshots are exact: whatever ran between taking one and restoring it leaves no sign, neither in the state, nor in what happens
// next. The state compared is everything that a saved machine holds, and the trace of what follows, line by line.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fid } from '../../src/arch/smccc.ts';
import { type TraceEvent, traceLine } from '../../src/arch/trace.ts';
import { type Pas, World } from '../../src/arch/world.ts';
import { InputError } from '../../src/base/input-error.ts';
import { Prng } from '../../src/base/prng.ts';
import type { MachineDescription } from '../../src/machine/description.ts';
import { Machine, type MachineOptions } from '../../src/machine/machine.ts';
import { maxMachine } from '../../src/machine/machines/max.ts';
import type { ScriptLibrary } from '../../src/machine/scripts.ts';
import type { Snapshot, SnapshotData } from '../../src/machine/snapshot.ts';
import { inRepo } from '../../src/tools/repo.ts';
import { complaintOf, small, tiny } from './support.ts';

const NS2 = { world: World.NonSecure, el: 2 } as const;
const OTHERS = 0x8900_0000n;

type Traced = { readonly machine: Machine; readonly lines: string[] };

function traced(description: MachineDescription, scripts: ScriptLibrary = {}): Traced {
  const lines: string[] = [];
  return { machine: Machine.boot(description, { scripts, trace: (event) => lines.push(traceLine(event)) }), lines };
}

/** Three PEs of which two are started by a script, all busy for thousands of steps. */
function busy(description: MachineDescription = tiny): Traced {
  const made = traced(description);
  const { pes } = description;
  made.machine.install({ ...NS2, script: 'start-and-delegate', args: { pes, rounds: 500 } });
  made.machine.install({ ...NS2, entry: OTHERS, script: 'delegate-loop', args: { rounds: 500 } });
  return made;
}

/** What happens from here on, and where it ends: a line for each event, a hash for each part of the state. */
function goOn({ machine, lines }: Traced, act: () => void): { readonly trace: string; readonly state: object } {
  lines.length = 0;
  act();
  return { trace: lines.join('\n'), state: stateOf(machine) };
}

function stateOf(machine: Machine): Record<string, string> {
  const { frames, state } = machine.save().machine as unknown as { frames: { frame: number }[]; state: object };
  const hash = (value: unknown): string => createHash('sha1').update(JSON.stringify(value, known)).digest('hex');
  return Object.fromEntries([
    ...frames.map((frame) => [`frame 0x${frame.frame.toString(16)}`, hash(frame)] as const),
    ...Object.entries(state).map(([key, value]) => [key, hash(value)] as const),
  ]);
}

/** Where a TLB holds granules and no larger entry, the size of a larger entry says nothing. */
function known(_: string, value: unknown): unknown {
  const isGranulesOnly = typeof value === 'object' && value !== null && 'under' in value && value.under === 0;
  return isGranulesOnly ? { ...value, spanBits: 0, under: undefined } : value;
}

/** One thing that a host, a device or a PE can do, chosen by chance; nothing in it depends on the machine. */
function mischief({ machine }: Traced, prng: Prng): void {
  const pe = prng.below(machine.pes.length);
  const at = 0x8810_0000 + prng.below(6) * 0x1000 + prng.below(3) * 2040;
  const page = at - (at % 4096);
  const choice = prng.below(14);
  const [a, b] = [prng.u64(), prng.below(9)];
  if (machine.end !== undefined || machine.pes[pe]?.power !== 'on') return;
  const driver = machine.driver(pe);
  const acts: readonly (() => unknown)[] = [
    () => driver.write(at, a, { size: 16 }),
    () => driver.write(at, b, { size: 1 }),
    () => driver.read(at, { pas: (b % 4) as Pas }),
    () => driver.smc('RMI_GRANULE_DELEGATE', page),
    () => driver.smc('RMI_GRANULE_DELEGATE', page),
    () => driver.smc('RMI_GRANULE_UNDELEGATE', page),
    () => machine.smmu.write('disk', (b % 4) as Pas, BigInt(at), 8, a),
    () => driver.smc('PSCI_CPU_ON64', 0x100 * (1 + (b % (machine.pes.length - 1))), OTHERS, b),
    () => (pe === 0 ? driver.smc('PSCI_VERSION') : driver.smc('PSCI_CPU_OFF')),
    () => driver.smc('FFA_RXTX_MAP64', page, page + 4096, 1),
    () => driver.smc('FFA_MSG_SEND_DIRECT_REQ64', 0x8001, 0, b % 4, a),
    () => driver.fetch(0x8800_0000 + (b % 2) * 0x7800_0000),
    () => driver.perform({ op: 'msr', reg: 'tpidr_el2', value: a }),
    () => b === 0 && driver.smc('PSCI_SYSTEM_RESET'),
  ];
  try {
    acts[choice]?.();
  } catch (error) {
    // PEs that go off, and resets, are answers as well.
    if (!(error instanceof InputError) || error.code !== 'NO_RETURN') throw error;
  }
}

const descriptions: readonly MachineDescription[] = [
  tiny,
  { ...tiny, name: 'strict', pes: 2, isStrict: true },
  { ...tiny, name: 'encrypted', pes: 2, content: 'encrypted', isGpfToEl3: true },
  { ...tiny, name: 'extended', pes: 2, features: maxMachine.features, paBits: 52, secure: undefined },
];

describe('restore', () => {
  test.each([1, 2, 3])('scripts on three PEs go on alike, seed %i', (seed) => {
    const made = busy({ ...tiny, seed });
    const { machine } = made;
    machine.run(100 + 37 * seed);
    const state = JSON.stringify(machine.save());
    const snapshot = machine.snapshot();
    const first = goOn(made, () => machine.run(400));
    machine.restore(snapshot);
    expect(JSON.stringify(machine.save())).toBe(state);
    expect(goOn(made, () => machine.run(400))).toEqual(first);
  });

  test.each(
    descriptions.flatMap((description) => [1, 2, 3].map((seed) => [description.name, seed, description] as const)),
  )('whatever is done by chance is undone: %s machine, seed %i', (_, seed, description) => {
    const made = traced(description);
    const prng = new Prng(seed);
    const some = (): void => {
      for (let i = 0; i < 40; i++) mischief(made, prng);
    };
    some();
    // Snapshots at four moments; then they are restored in an order in which old and new come after each other.
    const moments = Array.from({ length: 4 }, () => {
      const snapshot = made.machine.snapshot();
      const chance = prng.state;
      return { snapshot, chance, next: goOn(made, some) };
    });
    for (const index of [0, 3, 1, 1, 2, 0, 3, 2, 3, 3]) {
      const { snapshot, chance, next } = moments[index] as (typeof moments)[number];
      made.machine.restore(snapshot);
      prng.state = chance;
      expect(goOn(made, some), `moment ${index}`).toEqual(next);
    }
  });

  test('a snapshot inside the life of another, and restored after it', () => {
    const made = busy();
    const { machine } = made;
    machine.run(50);
    const outer = machine.snapshot();
    machine.run(50);
    const inner = machine.snapshot();
    const after = goOn(made, () => machine.run(50));
    machine.restore(outer);
    machine.run(20);
    const other = machine.snapshot();
    const afterOther = goOn(made, () => machine.run(50));
    for (const [snapshot, expected] of [
      [inner, after],
      [other, afterOther],
      [inner, after],
    ] as const) {
      // prettier-ignore
      machine.restore(outer);
      machine.restore(snapshot);
      expect(goOn(made, () => machine.run(50))).toEqual(expected);
    }
  });

  test('before the first step, and at every step after it', () => {
    const made = busy({ ...tiny, pes: 2 });
    const { machine } = made;
    const snapshots: Snapshot[] = [machine.snapshot()];
    const whole = goOn(made, () => {
      for (let i = 0; i < 30; i++) {
        machine.run(1);
        snapshots.push(machine.snapshot());
      }
    });
    for (const [i, snapshot] of snapshots.entries()) {
      machine.restore(snapshot);
      const rest = goOn(made, () => machine.run(30 - i));
      expect(rest.state, `step ${i}`).toEqual(whole.state);
      expect(whole.trace.endsWith(rest.trace)).toBe(true);
    }
  });

  test('at every step of calls into other worlds and other exception levels, in this process and from a file', () => {
    const scripts: ScriptLibrary = {
      *host() {
        yield { op: 'smc', x: [BigInt(Fid.FFA_MSG_SEND_DIRECT_REQ64), 0x8001n, 0n, 1n, 2n, 3n] };
        yield { op: 'msr', reg: 'spsr_el2', value: 0b0101n };
        yield { op: 'msr', reg: 'elr_el2', value: 0x8a00_0000n };
        for (let calls = 0; calls < 2; calls++) yield { op: 'eret' };
        yield { op: 'smc', x: [BigInt(Fid.FFA_MSG_SEND_DIRECT_REQ64), 0x8001n, 0n, 1n, 5n, 6n] };
      },
      *guest() {
        for (;;) yield { op: 'hvc', imm: 1 };
      },
    };
    const made = traced(tiny, scripts);
    const { machine, lines } = made;
    machine.install({ ...NS2, script: 'host' });
    machine.install({ world: World.NonSecure, el: 1, entry: 0x8a00_0000n, script: 'guest' });
    const moments: { snapshot: Snapshot; saved: string; els: string }[] = [];
    const whole = goOn(made, () => {
      do {
        const [pe] = machine.pes;
        const els = `${pe?.world} ${pe?.el}`;
        moments.push({ snapshot: machine.snapshot(), saved: JSON.stringify(machine.save()), els });
      } while (machine.run(1) === 'steps');
    });
    expect(new Set(moments.map(({ els }) => els))).toEqual(new Set(['1 2', '1 1', '0 1']));
    for (const [i, { snapshot, saved }] of moments.entries()) {
      machine.restore(snapshot);
      const rest = goOn(made, () => machine.run());
      expect(rest.state, `step ${i}`).toEqual(whole.state);
      expect(whole.trace.endsWith(rest.trace)).toBe(true);
      const options = { scripts, trace: (event: TraceEvent): unknown => lines.push(traceLine(event)) };
      const loaded = Machine.load(JSON.parse(saved) as SnapshotData, options as MachineOptions);
      expect(
        goOn({ machine: loaded, lines }, () => loaded.run()),
        `step ${i} from a file`,
      ).toEqual(rest);
    }
  });

  test('a PE whose warm boot is still due has it due again', () => {
    const made = traced({ ...tiny, pes: 2 });
    const { machine } = made;
    machine.install({ ...NS2, script: 'start-and-delegate', args: { pes: 2 } });
    machine.run(1);
    expect(machine.pes[1]?.power).toBe('pending');
    const snapshot = machine.snapshot();
    const ask = (): unknown => machine.host().smc('PSCI_AFFINITY_INFO64', 0x100, 0)[0];
    const first = goOn(made, ask);
    machine.restore(snapshot);
    expect(goOn(made, ask)).toEqual(first);
    expect(machine.pes[1]?.power).toBe('on');
  });

  test('a script that was replaced comes back with its own arguments', () => {
    const made = traced(small);
    const { machine } = made;
    machine.install({ ...NS2, script: 'delegate-loop', args: { first: 0x8810_0000, count: 1 } });
    machine.run(1);
    const snapshot = machine.snapshot();
    const first = goOn(made, () => machine.run(5));
    expect(complaintOf(() => machine.host().smc('PSCI_SYSTEM_RESET'))).toMatchObject({ code: 'NO_RETURN' });
    // The same name, at the same place and the same point, and yet another script.
    machine.install({ ...NS2, script: 'delegate-loop', args: { first: 0x8820_0000, count: 1 } });
    machine.run(1);
    machine.restore(snapshot);
    expect(goOn(made, () => machine.run(5))).toEqual(first);
  });

  test('a script that has not moved keeps its generator, however long it has run', () => {
    let made = 0;
    const machine = Machine.boot(small, {
      scripts: {
        *host() {
          made++;
          for (;;) yield { op: 'load', at: 0x8800_0000n, size: 8 };
        },
      },
    });
    machine.install({ ...NS2, script: 'host' });
    machine.run(20_000);
    const snapshot = machine.snapshot();
    for (let i = 0; i < 1000; i++) machine.restore(snapshot);
    expect(made).toBe(1);
    machine.run(1);
    for (let i = 0; i < 1000; i++) machine.restore(snapshot);
    expect(made).toBe(2);
  });

  test('a script that is no function of what it is told is found out, and the machine stays as it was', () => {
    let calls = 0;
    const machine = Machine.boot(small, {
      scripts: {
        *host() {
          yield { op: 'load', at: 0x8800_0000n + 8n * BigInt(calls++), size: 8 };
          yield { op: 'load', at: 0x8800_0000n, size: 8 };
        },
      },
    });
    machine.install({ ...NS2, script: 'host' });
    machine.run(1);
    const snapshot = machine.snapshot();
    machine.run(1);
    const state = JSON.stringify(machine.save());
    expect(complaintOf(() => machine.restore(snapshot))).toMatchObject({
      code: 'SCRIPT_DIVERGED',
      where: '0 NS 2 host',
    });
    expect(JSON.stringify(machine.save())).toBe(state);
  });

  test('a script that has ended has ended, one that had not goes on', () => {
    const machine = Machine.boot(small);
    machine.install({ ...NS2, script: 'delegate-loop', args: { count: 1 } });
    machine.run(3);
    const early = machine.snapshot();
    expect(machine.run()).toBe('idle');
    const { time } = machine;
    const late = machine.snapshot();
    machine.restore(early);
    machine.run();
    expect(machine.time).toBe(time);
    machine.restore(late);
    expect(machine.run()).toBe('idle');
    expect(machine.time).toBe(time);
  });

  test('findings of strict mode belong to the history that is left behind', () => {
    const machine = Machine.boot({ ...small, isStrict: true });
    const host = machine.host();
    host.read(0x8800_1000);
    const clean = machine.snapshot();
    // A GPT entry that changes behind the TLB: bytes of the table, by no monitor.
    const entry = 0xffee_0000 + 0x4_0000 + (0x800_0000 / 0x1_0000) * 8;
    machine.memory.load(entry / 4096 - (entry % 4096) / 4096, entry % 4096, new Uint8Array(8).fill(0xbb));
    host.read(0x8800_1000);
    expect(machine.findings).toHaveLength(1);
    const dirty = machine.snapshot();
    machine.restore(clean);
    expect(machine.findings).toEqual([]);
    machine.restore(dirty);
    expect(machine.findings).toMatchObject([{ invariant: 'STALE_GPT_TLB', frame: 0x8_8001 }]);
    expect(Machine.load(machine.save()).findings).toEqual(machine.findings);
  });

  test('a snapshot of another machine is refused', () => {
    const { machine } = busy();
    expect(complaintOf(() => machine.restore(busy().machine.snapshot()))).toMatchObject({ code: 'SNAPSHOT_FOREIGN' });
  });

  test('saving does not disturb a snapshot', () => {
    const made = busy();
    const { machine } = made;
    machine.run(30);
    const snapshot = machine.snapshot();
    const first = goOn(made, () => machine.run(30));
    machine.save();
    machine.restore(snapshot);
    machine.save();
    expect(goOn(made, () => machine.run(30))).toEqual(first);
  });
});

describe('saved machines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fourworlds-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let saved: string;
  let rest: ReturnType<typeof goOn>;
  let end: string;

  beforeAll(() => {
    const made = busy();
    made.machine.run(777);
    saved = JSON.stringify(made.machine.save());
    rest = goOn(made, () => made.machine.run(1500));
    end = JSON.stringify(made.machine.save());
  });

  test('are loaded in this process and go on identically', () => {
    const lines: string[] = [];
    const machine = Machine.load(JSON.parse(saved) as SnapshotData, { trace: (event) => lines.push(traceLine(event)) });
    expect(JSON.stringify(machine.save())).toBe(saved);
    expect(goOn({ machine, lines }, () => machine.run(1500))).toEqual(rest);
  });

  test('are loaded in a new process and go on identically', () => {
    writeFileSync(join(folder, 'machine.json'), saved);
    const program = `
      import { readFileSync, writeFileSync } from 'node:fs';
      import { Machine, traceLine } from ${JSON.stringify(`file://${inRepo('dist/index.js')}`)};
      const lines = [];
      const data = JSON.parse(readFileSync('machine.json', 'utf8'));
      const machine = Machine.load(data, { trace: (event) => lines.push(traceLine(event)) });
      machine.run(1500);
      writeFileSync('trace.txt', lines.join('\\n'));
      process.stdout.write(JSON.stringify({ trace: lines.join('\\n'), state: JSON.stringify(machine.save()) }));`;
    writeFileSync(join(folder, 'go-on.mjs'), program);
    const output = execFileSync(process.execPath, ['go-on.mjs'], { cwd: folder, maxBuffer: 2 ** 28 });
    expect(rest.trace.split('\n').length).toBeGreaterThan(5000);
    const there = JSON.parse(output.toString()) as { trace: string; state: string };
    expect(there.trace).toBe(rest.trace);
    expect(there.state === end).toBe(true);
  });

  test.each(descriptions.map((description) => [description.name, description] as const))(
    'are exact after whatever was done by chance: %s machine',
    (_, description) => {
      const made = traced(description);
      for (let i = 0, prng = new Prng(9); i < 150; i++) mischief(made, prng);
      const lines: string[] = [];
      const text = JSON.stringify(made.machine.save());
      const machine = Machine.load(JSON.parse(text) as SnapshotData, {
        trace: (event) => lines.push(traceLine(event)),
      });
      const act = (on: Traced) => (): void => {
        for (let i = 0, prng = new Prng(10); i < 150; i++) mischief(on, prng);
      };
      const there = { machine, lines };
      expect(goOn(there, act(there))).toEqual(goOn(made, act(made)));
    },
  );

  test('need the scripts that are installed, even those that have not started', () => {
    const machine = Machine.boot(tiny, { scripts: { *mine() { yield { op: 'wfi' }; } } }); // prettier-ignore
    machine.install({ ...NS2, script: 'mine' });
    const data = machine.save();
    expect(complaintOf(() => Machine.load(data))).toMatchObject({ code: 'SCRIPT_UNKNOWN', found: 'mine' });
  });

  test('keep script arguments whatever their keys are', () => {
    const machine = Machine.boot(small);
    const args = { $: 'bigint', value: ['zz', { $: 'undefined' }, null, -0.5], __proto__: null };
    machine.install({ ...NS2, script: 'delegate-loop', args });
    const text = JSON.stringify(machine.save());
    expect(JSON.stringify(Machine.load(JSON.parse(text) as SnapshotData).save())).toBe(text);
  });
});

describe('saved data that is no machine', () => {
  let text: string;
  beforeAll(() => {
    const { machine } = busy({ ...tiny, pes: 1 });
    machine.run(60);
    text = JSON.stringify(machine.save());
  });
  const load = (data: unknown): Machine => Machine.load(data as SnapshotData);

  test.each([
    [null, 'SNAPSHOT_SCHEMA'],
    ['fourworlds/snapshot/1', 'SNAPSHOT_SCHEMA'],
    [{}, 'SNAPSHOT_SCHEMA'],
    [{ schema: 'fourworlds/snapshot/2', machine: {} }, 'SNAPSHOT_SCHEMA'],
    [{ schema: 'fourworlds/snapshot/1' }, 'SNAPSHOT_DATA'],
    [{ schema: 'fourworlds/snapshot/1', machine: [] }, 'SNAPSHOT_DATA'],
    [{ schema: 'fourworlds/snapshot/1', machine: { $: 'bigint', value: 'x' } }, 'SNAPSHOT_DATA'],
    [{ schema: 'fourworlds/snapshot/1', machine: { $: 'date', value: '1' } }, 'SNAPSHOT_DATA'],
    [{ schema: 'fourworlds/snapshot/1', machine: { $: 'bytes', value: '=A==' } }, 'SNAPSHOT_DATA'],
    [{ schema: 'fourworlds/snapshot/1', machine: { $: 'words', value: 'g' } }, 'SNAPSHOT_DATA'],
    [{ schema: 'fourworlds/snapshot/1', machine: {} }, 'MACHINE_DATA'],
  ])('is refused: %j', (data, code) => {
    expect(complaintOf(() => load(data))).toMatchObject({ code });
  });

  test('is refused when it is nested without end', () => {
    const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) as unknown;
    expect(complaintOf(() => load({ schema: 'fourworlds/snapshot/1', machine: deep })).code).toBe('SNAPSHOT_DATA');
  });

  // Every value of a file, one after the other, is replaced by one of another kind: refused, or a machine is made. Long lists are
  // tried at their start.
  test('is refused wherever it is broken, and never crashes', () => {
    const whole = JSON.parse(text) as Record<string, unknown>;
    const places: (readonly (string | number)[])[] = [];
    const visit = (value: unknown, path: readonly (string | number)[]): void => {
      if (path.length > 0) places.push(path);
      if (Array.isArray(value)) value.slice(0, 2).forEach((item, i) => visit(item, [...path, i]));
      else if (typeof value === 'object' && value !== null)
        for (const [key, item] of Object.entries(value)) visit(item, [...path, key]);
    };
    visit(whole, []);
    expect(places.length).toBeGreaterThan(200);
    // Frames are most of the text and change nothing about shapes: two of them are enough.
    (whole['machine'] as { frames: unknown[] }).frames.length = 2;
    const small = JSON.stringify(whole);
    const outcomes = new Map<string, number>();
    for (const [i, path] of places.entries()) {
      const broken = JSON.parse(small) as Record<string, unknown>;
      let holder = broken as Record<string | number, unknown>;
      for (const key of path.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>;
      const key = path.at(-1) as string | number;
      holder[key] = [null, { a: 1 }, 'zz', -1, undefined][i % 5];
      let outcome = 'loaded';
      try {
        load(JSON.parse(JSON.stringify(broken)));
      } catch (error) {
        outcome = (error as { code?: string }).code ?? `${path.join('.')}: ${String(error)}`;
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    const crashes = [...outcomes.keys()].filter((outcome) => outcome.includes(':'));
    expect(crashes.slice(0, 20)).toEqual([]);
    expect(outcomes.get('loaded') ?? 0).toBeLessThan(places.length / 4);
  }, 60_000);
});
