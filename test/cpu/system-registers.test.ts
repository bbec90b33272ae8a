// Which EL reaches which register, what cannot be written, and what a write brings about.

import { describe, expect, it } from 'vitest';
import { gpccrField } from '../../src/arch/gpt.ts';
import { Hcr } from '../../src/arch/registers.ts';
import { type SysReg, sysRegRow, sysRegs } from '../../src/arch/registers.ts';
import { World } from '../../src/arch/world.ts';
import { maxMachine } from '../../src/machine/machines/max.ts';
import { PC, bench, taken } from './pe-at.ts';

/** What only one direction has: identity, counters, what is pending; and orders to the GIC. */
const isMrsOnly = (reg: SysReg): boolean =>
  /^(mpidr|id_|isr_|cnt[pv]ct_|icc_(iar|hppir)[01]|icc_rpr|ich_misr)/.test(reg);
const isMsrOnly = (reg: SysReg): boolean => /^icc_(eoir[01]|dir|a?sgi[01]r)_/.test(reg);

/** The lowest EL of a register, from its name: the suffix, but for those that an EL only has for the one below it. */
function lowestEl(reg: SysReg): number {
  if (isMsrOnly(reg)) return 4;
  if (reg === 'sp_el0') return 1;
  if (reg === 'sp_el1') return 2;
  if (reg === 'sp_el2') return 3;
  if (reg === 'sp_el3') return 3;
  return Number(reg.slice(-1));
}

describe('a system register', () => {
  it('is readable from the EL in its name up, and UNDEFINED below', () => {
    const { pe, put, act } = bench(maxMachine);
    const wrong: string[] = [];
    for (const reg of sysRegs)
      for (const el of [0, 1, 2, 3] as const) {
        put({ el });
        const outcome = act({ op: 'mrs', reg });
        const isThere = el >= lowestEl(reg);
        const target = el === 0 ? 1 : el;
        const isUndefined = taken(pe, target).esr === 1n << 25n && taken(pe, target).elr === PC;
        if (isThere !== (outcome?.kind === 'done') || isThere === isUndefined) wrong.push(`mrs ${reg} at EL${el}`);
      }
    expect(wrong).toEqual([]);
  });

  it('is writable from the same EL, unless it says what the PE is', () => {
    const { put, act, pe } = bench(maxMachine);
    const wrong: string[] = [];
    for (const reg of sysRegs)
      for (const el of [0, 1, 2, 3] as const) {
        put({ el });
        const before = pe.get(reg);
        const outcome = act({ op: 'msr', reg, value: before });
        const isThere = el >= (isMsrOnly(reg) ? 1 : lowestEl(reg)) && !isMrsOnly(reg);
        if (isThere !== (outcome?.kind === 'done')) wrong.push(`msr ${reg} at EL${el}`);
      }
    expect(wrong).toEqual([]);
  });

  it('has an encoding whose op1 agrees with its lowest EL, and no two have the same', () => {
    const encodings = sysRegs.flatMap((reg) => {
      const { encoding, el } = sysRegRow(reg);
      return encoding === undefined ? [] : [{ reg, el, encoding }];
    });
    expect(new Set(encodings.map(({ encoding }) => encoding.join())).size).toBe(encodings.length);
    const byOp1: Readonly<Record<number, readonly number[]>> = { 0: [1], 3: [0], 4: [2], 6: [3] };
    expect(encodings.filter(({ el, encoding }) => byOp1[encoding[1]]?.includes(el) !== true)).toEqual([]);
  });

  it('that only FEAT_RME_GPC3 has is UNDEFINED without it', () => {
    const { put, act } = bench();
    for (const action of [
      { op: 'mrs', reg: 'gpcbw_el3' },
      { op: 'msr', reg: 'gpcbw_el3', value: 1n },
    ] as const) {
      put({ el: 3 });
      expect(act(action)).toMatchObject({ kind: 'fault', fault: { ec: 0 } });
    }
  });
});

describe('GPCCR_EL3', () => {
  it('keeps L0GPTSZ whatever is written', () => {
    const { put, act, pe } = bench();
    put({ el: 3 });
    for (const value of [0n, (1n << 64n) - 1n, 0x4n << 20n, 0x9n << 20n]) {
      act({ op: 'msr', reg: 'gpccr_el3', value });
      expect(gpccrField(pe.get('gpccr_el3'), 'L0GPTSZ')).toBe(0);
    }
  });

  it('is zero after a reset, and so is nothing that identifies the PE', () => {
    const { pe } = bench();
    const identity = () => (['mpidr_el1', 'id_aa64pfr0_el1', 'id_aa64mmfr0_el1'] as const).map((reg) => pe.get(reg));
    const before = identity();
    pe.reset();
    expect({ gpccr: pe.get('gpccr_el3'), el: pe.el, world: pe.world }).toEqual({ gpccr: 0n, el: 3, world: World.Root });
    expect(identity()).toEqual(before);
    expect(before.every((value) => value !== 0n)).toBe(true);
  });
});

describe('identification', () => {
  it('says RME, GIC and no floating point, and the PA size', () => {
    const { machine } = bench();
    expect(machine.pes.map((pe) => pe.get('id_aa64pfr0_el1'))).toEqual(machine.pes.map(() => 0x0010_0000_01ff_1111n));
    expect(machine.pes[0]?.get('id_aa64mmfr0_el1')).toBe(0x0f00_0025n);
    const max = bench(maxMachine).machine;
    expect(max.pes[0]?.get('id_aa64pfr0_el1')).toBe(0x0030_0000_01ff_1111n);
    expect(max.pes[0]?.get('id_aa64mmfr0_el1')).toBe(0x0010_0025n);
  });

  it('numbers PEs four to a cluster with the MT bit', () => {
    const { machine } = bench();
    expect(machine.pes.map((pe) => pe.get('mpidr_el1').toString(16))).toEqual([
      '81000000',
      '81000100',
      '81000200',
      '81000300',
      '81010000',
      '81010100',
      '81010200',
      '81010300',
    ]);
    expect(machine.pes.map((pe) => pe.affinity.toString(16))).toEqual([
      '0',
      '100',
      '200',
      '300',
      '10000',
      '10100',
      '10200',
      '10300',
    ]);
  });

  it('gives EL1 the MPIDR that EL2 chose, and Secure EL1 without EL2 the real one', () => {
    const { put, act, pe } = bench();
    put({ el: 1 });
    pe.set('vmpidr_el2', 0x8000_0005n);
    expect(act({ op: 'mrs', reg: 'mpidr_el1' })).toMatchObject({ value: 0x8000_0005n });
    put({ el: 2 });
    expect(act({ op: 'mrs', reg: 'mpidr_el1' })).toMatchObject({ value: 0x8100_0000n });
    put({ world: World.Secure, el: 1 });
    expect(act({ op: 'mrs', reg: 'mpidr_el1' })).toMatchObject({ value: 0x8100_0000n });
  });
});

describe('maintenance by physical address', () => {
  it('is for EL3 alone', () => {
    const { put, act, pe } = bench();
    const actions = [
      { op: 'tlbi', what: 'paall' },
      { op: 'tlbi', what: 'paallos' },
      { op: 'tlbi', what: 'rpaos', xt: 0n },
      { op: 'tlbi', what: 'rpalos', xt: 0n },
      { op: 'cipapa', xt: 0n },
    ] as const;
    for (const action of actions)
      for (const [el, hcr, target] of [
        [0, 0n, 1],
        [0, Hcr.TGE, 2],
        [1, 0n, 1],
        [2, 0n, 2],
      ] as const) {
        put({ el, hcr });
        act(action);
        expect(taken(pe, target)).toMatchObject({ esr: 1n << 25n, elr: PC });
      }
    put({ el: 3 });
    expect(actions.map((action) => act(action)?.kind)).toEqual(actions.map(() => 'done'));
  });

  it('of hostile operands does nothing: no granule below the PA size is named', () => {
    const { put, act, pe, machine } = bench();
    put({ el: 2 });
    act({ op: 'store', at: 0x8800_0000n, size: 8, value: 1n });
    put({ el: 3 });
    const nonSecure = 1n << 63n;
    for (const xt of [nonSecure | (1n << 48n) | 0x8800_0000n, nonSecure | (0xffn << 48n), (1n << 64n) - 1n])
      expect(act({ op: 'cipapa', xt })?.kind).toBe('done');
    expect(machine.memory.dirtyIn(0x88000)).toBe(1);
    act({ op: 'cipapa', xt: nonSecure | 0x8800_0fc0n });
    expect(machine.memory.dirtyIn(0x88000)).toBeUndefined();
    expect(pe.el).toBe(3);
  });
});
