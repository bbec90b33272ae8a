// Scripted software at EL1 and EL0 under a host at EL2: calls, traps and returns as the software itself sees them.

import { describe, expect, it } from 'vitest';
import type { Action, Outcome, Script } from '../../src/arch/action.ts';
import { Hcr } from '../../src/arch/registers.ts';
import { Fid } from '../../src/arch/smccc.ts';
import { World } from '../../src/arch/world.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';

const EL1 = 0x9000_0000n;
const EL0 = 0x9100_0000n;
const entries = { 1: EL1, 0: EL0 } as const;

/** PSTATE of EL0, and of EL1 on its own stack pointer. */
const spsr = { 0: 0n, 1: 0b0101n } as const;

/** What an EL enters a lower one with. */
function* enter(from: 1 | 2, to: 0 | 1, address: bigint = entries[to]): Generator<Action, Outcome, Outcome> {
  yield { op: 'msr', reg: `elr_el${from}`, value: address };
  yield { op: 'msr', reg: `spsr_el${from}`, value: spsr[to] };
  return yield { op: 'eret' };
}

/** A host that traps what `hcr` says, enters an EL and hands every exception to `handle`, which may return more actions. */
function* hostFor(
  hcr: bigint,
  first: 0 | 1,
  handle: (outcome: Outcome) => Generator<Action, boolean, Outcome>,
): Script {
  yield { op: 'msr', reg: 'vbar_el2', value: 0x8000_0000n };
  yield { op: 'msr', reg: 'hcr_el2', value: hcr };
  let outcome = yield* enter(2, first);
  while (yield* handle(outcome)) outcome = yield { op: 'eret' };
}

type Programs = Readonly<Record<'host' | 'el1' | 'el0', (() => Script) | undefined>>;

/** A machine that runs these programs to their end. */
function run(programs: Partial<Programs>): Machine {
  const scripts = Object.fromEntries(Object.entries(programs).filter(([, script]) => script !== undefined));
  const machine = new Machine(baseMachine, { scripts: scripts as Record<string, () => Script> });
  machine.install({ world: World.NonSecure, el: 2, script: 'host' });
  if (programs.el1 !== undefined) machine.install({ world: World.NonSecure, el: 1, entry: EL1, script: 'el1' });
  if (programs.el0 !== undefined) machine.install({ world: World.NonSecure, el: 0, entry: EL0, script: 'el0' });
  machine.powerOn();
  expect(machine.run(1000)).toBe('idle');
  return machine;
}

const view = (outcome: Outcome): unknown =>
  outcome.kind === 'exception'
    ? { from: outcome.exception.from, ec: Number(outcome.exception.esr >> 26n), elr: outcome.exception.elr }
    : outcome;

describe('software at EL0', () => {
  it('calls EL1 by SVC, and finds the answer behind the instruction', () => {
    const seen: unknown[] = [];
    run({
      host: () =>
        hostFor(Hcr.RW, 1, function* (outcome) {
          seen.push(['host', view(outcome)]);
          yield { op: 'wfi' };
          return false;
        }),
      *el1() {
        yield { op: 'msr', reg: 'vbar_el1', value: 0x9000_8000n };
        yield { op: 'store', at: 0x9200_0000n, size: 8, value: 0x1234n };
        let outcome = yield* enter(1, 0);
        seen.push(['EL1', view(outcome)]);
        // The answer goes into X0 by a load.
        yield { op: 'load', at: 0x9200_0000n, size: 8, reg: 0 };
        outcome = yield { op: 'eret' };
        seen.push(['EL1', view(outcome)]);
        yield { op: 'wfi' };
      },
      *el0() {
        const { x } = (yield { op: 'svc', imm: 7, x: [1n, 2n] }) as Extract<Outcome, { kind: 'done' }>;
        seen.push(['EL0', x.slice(0, 2)]);
        yield { op: 'svc', imm: 8 };
      },
    });
    expect(seen).toEqual([
      ['EL1', { from: 0, ec: 0x15, elr: EL0 + 4n }],
      ['EL0', [0x1234n, 2n]],
      ['EL1', { from: 0, ec: 0x15, elr: EL0 + 8n }],
    ]);
  });

  it('calls the host by SVC under TGE, where ERET to EL1 is illegal', () => {
    const seen: unknown[] = [];
    run({
      *host() {
        yield { op: 'msr', reg: 'vbar_el2', value: 0x8000_0000n };
        yield { op: 'msr', reg: 'hcr_el2', value: Hcr.TGE | Hcr.RW };
        // The illegal return comes back at once; the next instruction faults.
        seen.push(['host', (yield* enter(2, 1)).kind]);
        const outcome = yield { op: 'mrs', reg: 'hcr_el2' };
        seen.push(['host', outcome.kind === 'fault' ? outcome.fault.ec : outcome.kind]);
        seen.push(['host', view(yield* enter(2, 0))]);
        yield { op: 'wfi' };
      },
      *el0() {
        yield { op: 'svc', imm: 1 };
      },
    });
    expect(seen).toEqual([
      ['host', 'done'],
      ['host', 0x0e],
      ['host', { from: 0, ec: 0x15, elr: EL0 + 4n }],
    ]);
  });

  it('cannot call the monitor: SMC is UNDEFINED and goes to EL1', () => {
    const seen: unknown[] = [];
    run({
      host: () =>
        hostFor(Hcr.RW, 1, function* () {
          yield { op: 'wfi' };
          return false;
        }),
      *el1() {
        yield { op: 'msr', reg: 'vbar_el1', value: 0x9000_8000n };
        seen.push(view(yield* enter(1, 0)));
        yield { op: 'wfi' };
      },
      *el0() {
        yield { op: 'smc', x: [BigInt(Fid.SMCCC_VERSION)] };
      },
    });
    expect(seen).toEqual([{ from: 0, ec: 0, elr: EL0 }]);
  });

  it('that touches a delegated page is told by EL1, or by the host with HCR_EL2.GPF', () => {
    for (const [hcr, who] of [
      [Hcr.RW, 'EL1'],
      [Hcr.RW | Hcr.GPF, 'host'],
    ] as const) {
      const seen: unknown[] = [];
      run({
        *host() {
          yield { op: 'smc', x: [BigInt(Fid.RMI_GRANULE_DELEGATE), 0x9300_0000n] };
          yield* hostFor(hcr, 1, function* (outcome) {
            seen.push(['host', view(outcome)]);
            yield { op: 'wfi' };
            return false;
          });
        },
        *el1() {
          yield { op: 'msr', reg: 'vbar_el1', value: 0x9000_8000n };
          seen.push(['EL1', view(yield* enter(1, 0))]);
          yield { op: 'wfi' };
        },
        *el0() {
          yield { op: 'load', at: 0x9300_0000n, size: 8 };
        },
      });
      expect(seen).toEqual([[who, { from: 0, ec: 0x24, elr: EL0 }]]);
    }
  });
});

describe('software at EL1', () => {
  it('calls the host by HVC and goes on with its answer', () => {
    const seen: unknown[] = [];
    run({
      host: () =>
        hostFor(Hcr.RW, 1, function* (outcome) {
          seen.push(['host', view(outcome)]);
          if (outcome.kind === 'exception') seen.push(['host', outcome.exception.x.slice(0, 3)]);
          yield { op: 'store', at: 0x9200_0000n, size: 8, value: 0x77n };
          yield { op: 'load', at: 0x9200_0000n, size: 8, reg: 0 };
          return true;
        }),
      *el1() {
        const { x } = (yield { op: 'hvc', imm: 0xabc, x: [5n, 6n, 7n] }) as Extract<Outcome, { kind: 'done' }>;
        seen.push(['EL1', x.slice(0, 3)]);
        yield { op: 'wfi' };
      },
    });
    expect(seen).toEqual([
      ['host', { from: 1, ec: 0x16, elr: EL1 + 4n }],
      ['host', [5n, 6n, 7n]],
      ['EL1', [0x77n, 6n, 7n]],
    ]);
  });

  it('has its SMC trapped by TSC with the return at the SMC: it is made again until the host steps over it', () => {
    const seen: unknown[] = [];
    let traps = 0;
    const machine = run({
      host: () =>
        hostFor(Hcr.RW | Hcr.TSC, 1, function* (outcome) {
          seen.push(view(outcome));
          if (++traps === 3) yield { op: 'msr', reg: 'elr_el2', value: EL1 + 4n };
          return true;
        }),
      *el1() {
        const outcome = yield { op: 'smc', x: [BigInt(Fid.PSCI_SYSTEM_OFF)] };
        seen.push(outcome.kind);
        yield { op: 'wfi' };
      },
    });
    const trap = { from: 1, ec: 0x17, elr: EL1 };
    expect(seen).toEqual([trap, trap, trap, 'done']);
    // The call itself was never made.
    expect(machine.end).toBeUndefined();
  });

  it('reaches the monitor directly when nothing traps', () => {
    const seen: unknown[] = [];
    run({
      host: () =>
        hostFor(Hcr.RW, 1, function* () {
          yield { op: 'wfi' };
          return false;
        }),
      *el1() {
        for (const fid of [Fid.SMCCC_VERSION, Fid.PSCI_VERSION]) {
          const outcome = yield { op: 'smc', x: [BigInt(fid)] };
          seen.push(outcome.kind === 'done' ? outcome.x[0] : outcome);
        }
        yield { op: 'wfi' };
      },
    });
    expect(seen).toEqual([0x1_0002n, 0x1_0001n]);
  });

  it('has a fault of its own told at the instruction, and goes on behind it', () => {
    const seen: unknown[] = [];
    run({
      host: () =>
        hostFor(Hcr.RW, 1, function* () {
          yield { op: 'wfi' };
          return false;
        }),
      *el1() {
        const outcome = yield { op: 'load', at: 0xffc0_0000n, size: 8 };
        seen.push(
          outcome.kind === 'fault' ? { el: outcome.fault.el, ec: outcome.fault.ec, far: outcome.fault.far } : outcome,
        );
        const elr = yield { op: 'mrs', reg: 'elr_el1' };
        seen.push(elr.kind === 'done' ? elr.value : elr);
        yield { op: 'wfi' };
      },
    });
    expect(seen).toEqual([{ el: 1, ec: 0x25, far: 0xffc0_0000n }, EL1]);
  });
});

describe('nested calls', () => {
  it('return level by level, each behind its own instruction', () => {
    const seen: string[] = [];
    run({
      host: () =>
        hostFor(Hcr.RW, 1, function* (outcome) {
          seen.push(
            outcome.kind === 'exception'
              ? `host: EC ${outcome.exception.esr >> 26n} from EL${outcome.exception.from}`
              : '',
          );
          // The host itself calls the monitor in between.
          yield { op: 'smc', x: [BigInt(Fid.RMI_VERSION), 0x1_0000n] };
          return true;
        }),
      *el1() {
        yield { op: 'msr', reg: 'vbar_el1', value: 0x9000_8000n };
        yield* enter(1, 0);
        for (let n = 0; n < 3; n++) {
          seen.push('EL1: HVC');
          // HVC overwrites nothing of EL1: its own return address is where EL0 goes on.
          yield { op: 'hvc' };
          seen.push('EL1: ERET');
          yield { op: 'eret' };
        }
        yield { op: 'wfi' };
      },
      *el0() {
        for (let n = 0; n < 4; n++) {
          seen.push('EL0: SVC');
          yield { op: 'svc' };
        }
      },
    });
    const round = ['EL0: SVC', 'EL1: HVC', 'host: EC 22 from EL1', 'EL1: ERET'];
    expect(seen).toEqual([...round, ...round, ...round, 'EL0: SVC']);
  });
});
