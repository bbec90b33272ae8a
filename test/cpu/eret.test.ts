// Security state selection and exception return. An illegal return stays where it is and leaves the next instruction to fault.

import { describe, expect, it } from 'vitest';
import { Hcr, Pstate, Scr } from '../../src/arch/registers.ts';
import { type El, World, worldName } from '../../src/arch/world.ts';
import { PC, bench, pstateOf, taken, vbar } from './pe-at.ts';

describe('Security state', () => {
  it('of EL2 and below is {NSE,NS} of SCR_EL3, and EL3 is Root whatever it says', () => {
    const { pe, put } = bench();
    const found: string[] = [];
    for (const nse of [0n, 1n])
      for (const ns of [0n, 1n])
        for (const el of [0, 1, 2, 3] as const) {
          put({ el });
          pe.set('scr_el3', (nse << 62n) | ns);
          found.push(`${nse}${ns} EL${el} ${worldName(pe.world)}`);
        }
    expect(found).toEqual(
      ['00 S', '01 NS', '10 RT', '11 RL'].flatMap((row) =>
        [0, 1, 2, 3].map((el) => `${row.slice(0, 2)} EL${el} ${el === 3 ? 'RT' : row.slice(3)}`),
      ),
    );
  });

  it('has an EL2 everywhere but in Secure state without EEL2', () => {
    const { pe, put } = bench();
    const found = [World.NonSecure, World.Secure, World.Realm].map((world) =>
      [0n, Scr.EEL2].map((scr) => {
        put({ world, el: 1, scr });
        return pe.el2Enabled;
      }),
    );
    expect(found).toEqual([
      [true, true],
      [false, true],
      [true, true],
    ]);
  });
});

/** SPSR_ELx.M of the modes that exist; every other of the 32 codes is an illegal return. */
const modes: Readonly<Record<number, { readonly el: El; readonly sp: boolean }>> = {
  0b00000: { el: 0, sp: false },
  0b00100: { el: 1, sp: false },
  0b00101: { el: 1, sp: true },
  0b01000: { el: 2, sp: false },
  0b01001: { el: 2, sp: true },
  0b01100: { el: 3, sp: false },
  0b01101: { el: 3, sp: true },
};

type Case = {
  readonly from: 1 | 2 | 3;
  readonly state: 'S' | 'NS' | 'RL' | 'reserved';
  readonly tge: boolean;
  readonly eel2: boolean;
  readonly mode: number;
};
const nseNs = { S: 0n, NS: Scr.NS, RL: Scr.NSE | Scr.NS, reserved: Scr.NSE };

function isLegal({ from, state, tge, eel2, mode }: Case): boolean {
  const to = modes[mode];
  if (to === undefined || to.el > from) return false;
  if (to.el === 3) return true;
  if (state === 'reserved') return false;
  const hasEl2 = state !== 'S' || eel2;
  if (to.el === 2) return hasEl2;
  return !(to.el === 1 && hasEl2 && tge);
}

describe('ERET', () => {
  it('is legal exactly for modes that exist at or below the EL, in a state there is', () => {
    const { pe, put, act } = bench();
    const wrong: string[] = [];
    let count = 0;
    for (const from of [1, 2, 3] as const)
      for (const state of ['S', 'NS', 'RL', 'reserved'] as const)
        for (const tge of [false, true])
          for (const eel2 of [false, true])
            for (let mode = 0; mode < 32; mode++) {
              const c = { from, state, tge, eel2, mode };
              // Nothing below EL3 runs in the reserved state, at EL2 where there is none, or at EL1 under TGE.
              if (from < 3 && state === 'reserved') continue;
              if (from === 2 && state === 'S' && !eel2) continue;
              if (from === 1 && tge && (state !== 'S' || eel2)) continue;
              count++;
              put({ el: from });
              pe.set('scr_el3', nseNs[state] | (eel2 ? Scr.EEL2 : 0n));
              pe.set('hcr_el2', tge ? Hcr.TGE : 0n);
              pe.set(`spsr_el${from}`, Pstate.Z | Pstate.V | (0b1010n << 6n) | BigInt(mode));
              pe.set(`elr_el${from}`, 0x9000_0000n);
              act({ op: 'eret' });
              const to = modes[mode];
              const expected =
                Pstate.Z |
                Pstate.V |
                (0b1010n << 6n) |
                (isLegal(c) ? BigInt(mode) : Pstate.IL | (pstateOf(from) & 0xfn));
              // PC comes from ELR either way.
              if (pe.pstate !== expected || pe.pc !== 0x9000_0000n || (isLegal(c) && pe.el !== to?.el))
                wrong.push(`${JSON.stringify(c)}: PSTATE 0x${pe.pstate.toString(16)}, not 0x${expected.toString(16)}`);
            }
    expect(count).toBe(32 * (16 + 10 + 7));
    expect(wrong).toEqual([]);
  });

  it('that is illegal keeps the stack pointer that was selected', () => {
    const { pe, put, act } = bench();
    put({ el: 2, onSpEl0: true });
    pe.set('spsr_el2', 0b01101n);
    act({ op: 'eret' });
    expect(pe.pstate & 0xfn).toBe(0b1000n);
  });

  it('that is illegal makes the next instruction an Illegal Execution state exception, once', () => {
    const { pe, put, act } = bench();
    put({ el: 2 });
    pe.set('spsr_el2', 0b01101n);
    pe.set('elr_el2', 0x9000_0000n);
    act({ op: 'eret' });
    // The store is not carried out; the syndrome says EC 0x0E and SPSR has IL, PSTATE has not.
    const outcome = act({ op: 'store', at: 0x8800_0000n, size: 8, value: 0x55n });
    expect(outcome).toMatchObject({ kind: 'fault', fault: { ec: 0x0e, el: 2 } });
    expect(taken(pe, 2)).toMatchObject({ esr: (0x0en << 26n) | (1n << 25n), elr: 0x9000_0000n });
    expect(taken(pe, 2).spsr & Pstate.IL).toBe(Pstate.IL);
    expect(pe.pstate & Pstate.IL).toBe(0n);
    expect(act({ op: 'load', at: 0x8800_0000n, size: 8 })).toMatchObject({ kind: 'done', value: 0n });
  });

  it('hands PSTATE.IL on to a lower EL when SPSR has it, where the exception goes as any from there', () => {
    const { pe, put, act } = bench();
    for (const [hcr, target] of [
      [0n, 1],
      [Hcr.TGE, 2],
    ] as const) {
      put({ el: 2, hcr });
      pe.set('spsr_el2', Pstate.IL);
      pe.set('elr_el2', PC);
      act({ op: 'eret' });
      expect(pe.el).toBe(0);
      expect(act({ op: 'svc' })).toBeUndefined();
      expect({ el: pe.el, ec: taken(pe, target).esr >> 26n, pc: pe.pc }).toEqual({
        el: target,
        ec: 0x0en,
        pc: vbar[target] + 0x400n,
      });
    }
  });

  it('is UNDEFINED at EL0', () => {
    const { pe, put, act } = bench();
    put({ el: 0 });
    expect(act({ op: 'eret' })).toBeUndefined();
    expect({ el: pe.el, ...taken(pe, 1) }).toMatchObject({ el: 1, esr: 1n << 25n, elr: PC });
  });
});

describe('exception entry', () => {
  it('uses the vector of the EL and stack pointer it came from', () => {
    const { pe, put } = bench();
    const found = (
      [
        [{ el: 2, onSpEl0: true }, 2],
        [{ el: 2 }, 2],
        [{ el: 1 }, 2],
        [{ el: 1, onSpEl0: true }, 2],
        [{ el: 0 }, 2],
        [{ el: 3 }, 3],
        [{ el: 3, onSpEl0: true }, 3],
      ] as const
    ).map(([state, target]) => {
      put(state);
      pe.take({ target, ec: 0, iss: 0, elr: PC });
      return pe.pc - vbar[target];
    });
    expect(found).toEqual([0n, 0x200n, 0x400n, 0x400n, 0x400n, 0x200n, 0n]);
  });

  it('adds 0x180 for an SError, keeps the flags, masks interrupts and leaves other registers alone', () => {
    const { pe, put } = bench();
    put({ el: 1 });
    pe.set('far_el2', 0x1111n);
    pe.set('hpfar_el2', 0x2222n);
    pe.take({ target: 2, ec: 0x2f, iss: 0, elr: PC, serrorVector: true });
    expect(pe.pc).toBe(vbar[2] + 0x580n);
    expect(pe.pstate).toBe(Pstate.N | Pstate.C | Pstate.DAIF | 0b1001n);
    expect([pe.get('far_el2'), pe.get('hpfar_el2')]).toEqual([0x1111n, 0x2222n]);
    expect(taken(pe, 1)).toEqual({ esr: 0n, elr: 0n, far: 0n, spsr: 0n });
  });

  it('never goes to a lower EL: asking for it is our bug', () => {
    const { pe, put } = bench();
    put({ el: 2 });
    expect(() => pe.take({ target: 1, ec: 0, iss: 0, elr: PC })).toThrow('never taken to a lower EL');
  });

  it('takes the vector from VBAR without its low eleven bits', () => {
    const { pe, put, act } = bench();
    put({ el: 2 });
    act({ op: 'msr', reg: 'vbar_el2', value: 0xffff_8000_0000_0fffn });
    expect(act({ op: 'mrs', reg: 'vbar_el2' })).toMatchObject({ value: 0xffff_8000_0000_0800n });
    pe.pstate = pstateOf(1);
    pe.take({ target: 2, ec: 0, iss: 0, elr: PC });
    expect(pe.pc).toBe(0xffff_8000_0000_0c00n);
  });
});
