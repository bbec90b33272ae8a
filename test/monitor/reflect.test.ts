// Machines that take protection faults to EL3 (SCR_EL3.GPF): the monitor hands them back as external abort, so that the lower
// world learns no more than that nothing answered. A broken table is the end of the machine, not a fault of anybody.

import { describe, expect, it } from 'vitest';
import { Hcr, Scr } from '../../src/arch/registers.ts';
import { Fid } from '../../src/arch/smccc.ts';
import { toPa } from '../../src/arch/address.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { PC, bench, pstateOf, taken, vbar } from '../cpu/pe-at.ts';

const toEl3 = { ...baseMachine, isGpfToEl3: true };

describe('a protection fault that goes to EL3', () => {
  it('comes back as an external abort with address, access and return address of the fault', () => {
    const { machine, put, act, pe } = bench(toEl3);
    /** World, EL, more HCR_EL2, where it ends. */
    const rows = [
      [World.NonSecure, 2, 0n, 2],
      [World.NonSecure, 1, 0n, 1],
      [World.NonSecure, 1, Hcr.TEA, 2],
      [World.NonSecure, 0, 0n, 1],
      [World.NonSecure, 0, Hcr.TGE, 2],
      [World.NonSecure, 0, Hcr.TEA, 2],
      // HCR_EL2.GPF is about protection faults, and this is none any more.
      [World.NonSecure, 1, Hcr.GPF, 1],
      [World.Secure, 1, 0n, 1],
      [World.Secure, 0, Hcr.TGE, 1],
    ] as const;
    const actions = [
      [{ op: 'load', at: 0xffc0_0010n, size: 8 }, 0x24n, 0x10n],
      [{ op: 'store', at: 0xffc0_0010n, size: 8, value: 1n }, 0x24n, 0x50n],
      [{ op: 'fetch', at: 0xffc0_0010n }, 0x20n, 0x10n],
    ] as const;
    for (const [world, el, hcr, target] of rows)
      for (const [action, lower, iss] of actions) {
        put({ world, el, hcr, scr: Scr.GPF });
        expect(act(action)).toBeUndefined();
        expect(pe.el).toBe(3);
        machine.monitor.activate(pe);
        const ec = target === el ? lower + 1n : lower;
        expect({ el: pe.el, world: pe.world, pc: pe.pc, ...taken(pe, target) }).toEqual({
          el: target,
          world,
          pc: vbar[target] + (target === el ? 0x200n : 0x400n),
          esr: (ec << 26n) | (1n << 25n) | iss,
          elr: PC,
          far: 0xffc0_0010n,
          spsr: pstateOf(el),
        });
        // Interrupts are masked and the flags kept, as for any exception.
        expect(pe.pstate).toBe((pstateOf(target) & ~0xfn) | (0b1111n << 6n) | BigInt(4 * target + 1));
      }
  });

  it('comes back to the vector of SP_EL0 when that was in use', () => {
    const { machine, put, act, pe } = bench(toEl3);
    put({ el: 2, onSpEl0: true, scr: Scr.GPF });
    act({ op: 'load', at: 0xffc0_0000n, size: 8 });
    machine.monitor.activate(pe);
    expect(pe.pc).toBe(vbar[2]);
  });

  it('is told to the host like one that never left: not carried out, and the next instruction follows', () => {
    const machine = Machine.boot(toEl3);
    const host = machine.host();
    host.smc('RMI_GRANULE_DELEGATE', 0x8800_0000);
    for (let n = 0; n < 3; n++) {
      const pc = host.pe.pc;
      expect(host.read(0x8800_0000).fault).toMatchObject({ el: 2, ec: 0x25, fsc: 0x10, far: 0x8800_0000n });
      expect(host.pe.pc).toBe(pc + 4n);
    }
    expect(host.read(0x8800_1000).value).toBe(0n);
    expect(machine.end).toBeUndefined();
  });

  it('is not told apart from an address where nothing is', () => {
    const host = Machine.boot(toEl3).host();
    const esrs = [0xffc0_0000, 0xfc00_0000, 0x40_0000_0000].map((at) => host.read(at).fault?.esr);
    expect(new Set(esrs).size).toBe(1);
  });

  it('leaves the services of the monitor as they are', () => {
    const host = Machine.boot(toEl3).host();
    expect(host.smc('RMI_GRANULE_DELEGATE', 0x8800_0000)[0]).toBe(0n);
    expect(host.smc('RMI_GRANULE_UNDELEGATE', 0x8800_0000)[0]).toBe(0n);
    expect(host.read(0x8800_0000).value).toBe(0n);
  });
});

describe('a broken table', () => {
  it('that a host walks into stops the machine, and says where', () => {
    for (const description of [baseMachine, toEl3]) {
      const machine = Machine.boot(description);
      const host = machine.host();
      host.pe.port(Pas.Root, World.Root).write64(toPa(0x0403_e000 + 16), 0x7n);
      host.pe.gpc.invalidate('paall');
      const outcome = host.perform({ op: 'load', at: 0x8800_0000n, size: 8 });
      expect(outcome).toEqual({ kind: 'moved', to: 'off' });
      expect(machine.end).toBe('panic');
      expect(machine.monitor.panic).toMatch(/^ESR_EL3 0x7a010028 ELR_EL3 0x88000000$/);
      expect(machine.run(10)).toBe('panic');
    }
  });

  it('does not survive a new start of the machine', () => {
    const machine = Machine.boot(baseMachine);
    const host = machine.host();
    host.pe.port(Pas.Root, World.Root).write64(toPa(0x0403_e000 + 16), 0x7n);
    host.pe.gpc.invalidate('paall');
    host.perform({ op: 'load', at: 0x8800_0000n, size: 8 });
    machine.powerOn();
    expect({ end: machine.end, panic: machine.monitor.panic }).toEqual({ end: undefined, panic: undefined });
    expect(machine.host().read(0x8800_0000).value).toBe(0n);
    expect(machine.host().smc(Fid.RMI_VERSION, 0x1_0000)[0]).toBe(0n);
  });
});
