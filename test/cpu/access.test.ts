// What stops an access before and behind the granule protection check: PAS, address size, alignment, fetch permission, the bus.

import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/arch/action.ts';
import { Hcr, Pstate, Scr } from '../../src/arch/registers.ts';
import { type El, Pas, World, worldName } from '../../src/arch/world.ts';
import { memoryDigest } from '../monitor/state.ts';
import { type Lower, PC, bench, taken, vbar } from './pe-at.ts';

/** A granule that each world may use through its own PAS, on the base machine. */
const own = {
  [World.NonSecure]: 0x8800_0000n,
  [World.Secure]: 0xfc00_0000n,
  [World.Realm]: 0xfdc0_0000n,
  [World.Root]: 0xffc0_0000n,
};
const lowerWorlds: readonly Lower[] = [World.NonSecure, World.Secure, World.Realm];

/** Accesses of each kind at an address. */
const accesses = (at: bigint): readonly (Action & { readonly at: bigint })[] => [
  { op: 'load', at, size: 8 },
  { op: 'store', at, size: 8, value: 0x5555n },
  { op: 'fetch', at },
];

describe('the PAS of an access', () => {
  it('is one that the world can name, or the instruction does not exist', () => {
    const { put, act, pe } = bench();
    const found: string[] = [];
    for (const world of lowerWorlds)
      for (const pas of [Pas.Secure, Pas.NonSecure, Pas.Root, Pas.Realm] as const) {
        put({ world, el: world === World.Secure ? 1 : 2 });
        act({ op: 'load', at: own[pas], size: 8, pas });
        const at = world === World.Secure ? 1 : 2;
        found.push(
          `${worldName(world)} to ${worldName(pas)}: ${taken(pe, at).esr === 1n << 25n ? 'undefined' : 'done'}`,
        );
      }
    expect(found).toEqual([
      'NS to S: undefined',
      'NS to NS: done',
      'NS to RT: undefined',
      'NS to RL: undefined',
      'S to S: done',
      'S to NS: done',
      'S to RT: undefined',
      'S to RL: undefined',
      'RL to S: undefined',
      'RL to NS: done',
      'RL to RT: undefined',
      'RL to RL: done',
    ]);
  });
});

describe('a hostile address', () => {
  const hostile = [
    [0xffff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn],
    [0xffff_ffff_ffff_fffcn, 0xffff_ffff_ffff_fffcn],
    [0xffff_0000_8800_0000n, 0xffff_0000_8800_0000n],
    [0x8000_0000_8800_0000n, 0x8000_0000_8800_0000n],
    [0x0100_0000_8800_0000n, 0x0100_0000_8800_0000n],
    [0x0001_0000_0000_0000n, 0x0001_0000_0000_0000n],
    // Only its tail is beyond the PA space: FAR names the first byte that is.
    [0x0000_ffff_ffff_fffcn, 0x0001_0000_0000_0000n],
  ] as const;

  it('is an address size fault with the whole address in FAR, at every EL, and touches nothing', () => {
    const { put, act, pe, machine } = bench();
    const before = memoryDigest(machine);
    const wrong: string[] = [];
    for (const [at, far] of hostile)
      for (const action of accesses(at))
        for (const [el, hcr, target] of [
          [0, 0n, 1],
          [0, Hcr.TGE, 2],
          [1, 0n, 1],
          [2, 0n, 2],
          [3, 0n, 3],
        ] as const) {
          put({ el, hcr });
          act(action);
          // A fetch is never partly beyond; an unaligned one is about alignment first.
          if (action.op === 'fetch' && (at % 4n !== 0n || far !== at)) continue;
          const lower = action.op === 'fetch' ? 0x20n : 0x24n;
          const ec = target === el ? lower + 1n : lower;
          const esr = (ec << 26n) | (1n << 25n) | (action.op === 'store' ? 1n << 6n : 0n);
          const { esr: found, far: foundFar } = taken(pe, target);
          if (found !== esr || foundFar !== far)
            wrong.push(`${action.op} ${at.toString(16)} EL${el}: ${found.toString(16)} ${foundFar.toString(16)}`);
        }
    expect(wrong).toEqual([]);
    expect(memoryDigest(machine)).toBe(before);
  });

  it('given as a negative number or with more than 64 bits is its low 64 bits', () => {
    const { put, act, pe } = bench();
    put({ el: 2 });
    act({ op: 'load', at: -1n, size: 1 });
    expect(taken(pe, 2).far).toBe(0xffff_ffff_ffff_ffffn);
    put({ el: 2 });
    expect(act({ op: 'load', at: (1n << 64n) + 0x8800_0000n, size: 8 })).toMatchObject({ kind: 'done' });
  });

  it('below the PA size but where nothing is answers with an external abort', () => {
    const { put, act, pe } = bench();
    for (const [el, scr, hcr, target] of [
      [2, 0n, 0n, 2],
      [1, 0n, 0n, 1],
      [0, 0n, 0n, 1],
      [0, 0n, Hcr.TGE, 2],
      [1, 0n, Hcr.TEA, 2],
      [0, 0n, Hcr.TEA, 2],
      [2, 0n, Hcr.TEA, 2],
      [1, Scr.EA, 0n, 3],
      [2, Scr.EA, 0n, 3],
    ] as const) {
      for (const [at, why] of [
        [0x40_0000_0000n, 'Non-secure, no RAM'],
        [0x100_0000_0000n, 'above PPS'],
      ] as const) {
        put({ el, scr, hcr });
        act({ op: 'store', at, size: 8, value: 1n });
        const ec = target === el ? 0x25n : 0x24n;
        expect({ why, el, ...taken(pe, target) }).toMatchObject({
          why,
          el,
          esr: (ec << 26n) | (1n << 25n) | 0x50n,
          far: at,
          elr: PC,
        });
      }
    }
  });
});

describe('a fetch', () => {
  it('from an unaligned PC is a PC alignment fault, whatever else is wrong with the address', () => {
    const { put, act, pe } = bench();
    for (const at of [0x8800_0002n, 0xfdc0_0001n, 0xffff_ffff_ffff_fffdn, 0x40_0000_0003n]) {
      for (const [el, hcr, target] of [
        [0, 0n, 1],
        [0, Hcr.TGE, 2],
        [1, 0n, 1],
        [2, 0n, 2],
        [3, 0n, 3],
      ] as const) {
        put({ el, hcr });
        act({ op: 'fetch', at });
        expect(taken(pe, target)).toMatchObject({ esr: (0x22n << 26n) | (1n << 25n), far: at, elr: PC });
      }
    }
  });

  it('is a permission fault for EL3 outside Root and for Realm outside Realm, before any granule protection', () => {
    const { put, act, pe } = bench();
    const found: string[] = [];
    const states: readonly (readonly [Lower, El])[] = [
      [World.NonSecure, 3],
      [World.Realm, 2],
      [World.Realm, 1],
      [World.Realm, 0],
      [World.Secure, 1],
    ];
    for (const [world, el] of states)
      for (const pas of [Pas.Secure, Pas.NonSecure, Pas.Root, Pas.Realm] as const) {
        put({ world, el });
        // The granule is Root: where a fetch gets as far as the check, only a Root fetch passes.
        act({ op: 'fetch', at: own[World.Root], pas });
        const target = ([1, 2, 3] as const).find((at) => taken(pe, at).esr !== 0n);
        const esr = target === undefined ? 0n : taken(pe, target).esr;
        const text =
          target === undefined ? 'done' : `EL${target} ${(esr >> 26n).toString(16)} ${(esr & 0x3fn).toString(16)}`;
        found.push(`${worldName(pe.lowerWorld)} EL${el} ${worldName(pas)}: ${text}`);
      }
    expect(found).toEqual([
      'NS EL3 S: EL3 21 f',
      'NS EL3 NS: EL3 21 f',
      'NS EL3 RT: done',
      'NS EL3 RL: EL3 21 f',
      'RL EL2 S: EL2 0 0',
      'RL EL2 NS: EL2 21 f',
      'RL EL2 RT: EL2 0 0',
      'RL EL2 RL: EL2 21 28',
      // In the EL1&0 regime stage 2 has chosen Non-secure: a stage 2 fault, taken to EL2.
      'RL EL1 S: EL1 0 0',
      'RL EL1 NS: EL2 20 f',
      'RL EL1 RT: EL1 0 0',
      'RL EL1 RL: EL1 21 28',
      'RL EL0 S: EL1 0 0',
      'RL EL0 NS: EL2 20 f',
      'RL EL0 RT: EL1 0 0',
      'RL EL0 RL: EL1 20 28',
      'S EL1 S: EL1 21 28',
      'S EL1 NS: EL1 21 28',
      'S EL1 RT: EL1 0 0',
      'S EL1 RL: EL1 0 0',
    ]);
  });
});

describe('an access that crosses a granule', () => {
  /** The last Non-secure granule of host DRAM and the first Secure one behind it. */
  const boundary = 0xfc00_0000n;

  it('into a forbidden one leaves the permitted one as it was, and FAR names the byte that faulted', () => {
    const { put, act, pe, machine } = bench();
    put({ el: 2 });
    act({ op: 'store', at: boundary - 8n, size: 8, value: 0x1122_3344_5566_7788n });
    for (const size of [2, 4, 8, 16] as const)
      for (let head = 1; head < size; head++) {
        put({ el: 2 });
        const at = boundary - BigInt(head);
        act({ op: 'store', at, size, value: (1n << 128n) - 1n });
        expect(taken(pe, 2)).toMatchObject({ esr: 0x9600_0068n, far: boundary });
        put({ el: 2 });
        act({ op: 'load', at, size });
        expect(taken(pe, 2)).toMatchObject({ esr: 0x9600_0028n, far: boundary });
      }
    put({ el: 2 });
    expect(act({ op: 'load', at: boundary - 8n, size: 8 })).toMatchObject({ value: 0x1122_3344_5566_7788n });
    expect(machine.memory.isTouched(Number(boundary >> 12n))).toBe(false);
  });

  it('out of a forbidden one leaves the permitted one as it was', () => {
    const { put, act, pe } = bench();
    put({ world: World.Secure, el: 1 });
    act({ op: 'store', at: boundary, size: 8, value: 0x99n });
    put({ world: World.Secure, el: 1 });
    act({ op: 'store', at: boundary - 3n, size: 8, value: (1n << 64n) - 1n });
    // The first byte is the one that faults.
    expect(taken(pe, 1)).toMatchObject({ esr: 0x9600_0068n, far: boundary - 3n });
    put({ world: World.Secure, el: 1 });
    expect(act({ op: 'load', at: boundary, size: 8 })).toMatchObject({ value: 0x99n });
  });

  it('within one world is one access', () => {
    const { put, act } = bench();
    put({ el: 2 });
    act({ op: 'store', at: 0x8800_0ffbn, size: 16, value: 0x1122_3344_5566_7788_99aa_bbcc_ddee_ff00n });
    expect(act({ op: 'load', at: 0x8800_0ffbn, size: 16 })).toMatchObject({
      value: 0x1122_3344_5566_7788_99aa_bbcc_ddee_ff00n,
    });
    // Five bytes lie before the boundary.
    expect(act({ op: 'load', at: 0x8800_1000n, size: 8 })).toMatchObject({ value: 0x4455_6677_8899_aabbn });
  });
});

describe('a load', () => {
  it('extends its sign when asked to, and writes the register whole', () => {
    const { put, act, pe } = bench();
    put({ el: 2 });
    act({ op: 'store', at: 0x8800_0000n, size: 8, value: 0x8091_a2b3_c4d5_e6f7n });
    const found = ([1, 2, 4, 8] as const).map((size) => {
      pe.x[5] = 0x7777_7777_7777_7777n;
      act({ op: 'load', at: 0x8800_0000n, size, reg: 5 });
      const plain = pe.x[5];
      act({ op: 'load', at: 0x8800_0000n, size, reg: 5, signed: true });
      return [plain.toString(16), pe.x[5].toString(16)];
    });
    expect(found).toEqual([
      ['f7', 'fffffffffffffff7'],
      ['e6f7', 'ffffffffffffe6f7'],
      ['c4d5e6f7', 'ffffffffc4d5e6f7'],
      ['8091a2b3c4d5e6f7', '8091a2b3c4d5e6f7'],
    ]);
  });
});

describe('WFI', () => {
  it('waits, or is trapped to EL2 from below by HCR_EL2.TWI with the return at the instruction', () => {
    const { put, act, pe } = bench();
    put({ el: 1 });
    expect(act({ op: 'wfi' })).toMatchObject({ kind: 'done' });
    expect(pe.isWaiting).toBe(true);
    pe.isWaiting = false;
    put({ el: 1, hcr: Hcr.TWI });
    expect(act({ op: 'wfi' })).toBeUndefined();
    expect(taken(pe, 2)).toMatchObject({ esr: (1n << 26n) | (1n << 25n) | 0x1e0_0000n, elr: PC });
    expect({ waits: pe.isWaiting, pc: pe.pc }).toEqual({ waits: false, pc: vbar[2] + 0x400n });
    put({ el: 2, hcr: Hcr.TWI });
    act({ op: 'wfi' });
    expect(pe.isWaiting).toBe(true);
    expect(pe.pstate & Pstate.IL).toBe(0n);
  });
});
