// Stage 2 walks over generated tables, beside a small walker written from DDI 0487 D8 and a64-platform's table of what fits.

import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/arch/action.ts';
import { toPa } from '../../src/arch/address.ts';
import { Scr } from '../../src/arch/registers.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { Prng } from '../../src/base/prng.ts';
import { createVm, enterVm } from '../../src/host/vm.ts';
import { runStep } from '../../src/host/abi.ts';
import { GranulePool } from '../../src/host/realm.ts';
import { scriptImage } from '../../src/guest/image.ts';
import { Access } from '../../src/memory/port.ts';
import { Machine } from '../../src/machine/machine.ts';
import { maxMachine } from '../../src/machine/machines/max.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { bench, taken } from './pe-at.ts';

type Result = { readonly pa: bigint; readonly ns: boolean } | { readonly fault: string; readonly level: number };
type Setup = {
  readonly t0sz: number;
  readonly sl0: number;
  readonly sl2: number;
  readonly ds: number;
  readonly ps: number;
  readonly tg0: number;
  readonly base: bigint;
  readonly isRealm: boolean;
  readonly paBits: number;
};

/** The walk as the manual has it, with 64-bit integers, on a map from addresses to descriptors. */
function walk(
  setup: Setup,
  ipa: bigint,
  what: 'load' | 'store' | 'fetch',
  el: 0 | 1,
  read: (pa: bigint) => bigint | 'gpt' | 'external-abort',
): Result {
  const { t0sz, sl0, sl2, ds, ps, tg0, base, isRealm, paBits } = setup;
  const width = BigInt(64 - t0sz);
  const start = ds === 1 && sl2 === 1 ? (sl0 === 0 ? -1 : undefined) : [2, 1, 0, undefined][sl0];
  // Smallest and largest T0SZ for each start level, concatenation included.
  const fits = { '-1': [12, 15], 0: [ds === 1 ? 12 : 16, 24], 1: [21, 33], 2: [30, 39] }[String(start) as '0'];
  if (
    tg0 !== 0 ||
    start === undefined ||
    fits === undefined ||
    t0sz < (fits[0] as number) ||
    t0sz > (fits[1] as number)
  )
    return { fault: 'translation', level: 0 };
  if (ipa >> width !== 0n) return { fault: 'translation', level: 0 };
  const sizes = [32n, 36n, 40n, 42n, 44n, 48n, ds === 1 ? 52n : 48n, ds === 1 ? 52n : 48n];
  const most = ((size) => (size < BigInt(paBits) ? size : BigInt(paBits)))(sizes[ps] as bigint);
  if (base >> most !== 0n) return { fault: 'address-size', level: 0 };
  let table = base;
  for (let level = start; ; level++) {
    const shift = 12n + 9n * BigInt(3 - level);
    const index = level === start ? ipa >> shift : (ipa >> shift) & 511n;
    const descriptor = read(table + 8n * index);
    if (typeof descriptor === 'string') return { fault: descriptor, level };
    const kind = descriptor & 3n;
    if ((kind & 1n) === 0n || (kind === 1n && (level < 1 || level === 3))) return { fault: 'translation', level };
    let output = descriptor & 0xffff_ffff_f000n;
    if (ds === 1) output |= (descriptor & (3n << 48n)) | (((descriptor >> 8n) & 3n) << 50n);
    if (output >> most !== 0n) return { fault: 'address-size', level };
    if (kind === 3n && level < 3) {
      table = output;
      continue;
    }
    if (((descriptor >> 10n) & 1n) === 0n) return { fault: 'access-flag', level };
    const ns = !isRealm || ((descriptor >> 55n) & 1n) === 1n;
    const xn = Number((descriptor >> 53n) & 3n);
    const executes = [true, el === 0, false, el === 1][xn] === true && !(isRealm && ns);
    const readable = ((descriptor >> 6n) & 1n) === 1n;
    const writable = ((descriptor >> 7n) & 1n) === 1n;
    if (!{ load: readable, store: writable, fetch: executes }[what]) return { fault: 'permission', level };
    const page = (1n << shift) - 1n;
    return { pa: (output & ~page) | (ipa & page & ~0xfffn), ns };
  }
}

const TABLES = 0x8900_0000n;
const fsc = (fault: string, level: number): number =>
  ({
    'address-size': level < 0 ? 0x29 : level,
    translation: level < 0 ? 0x2b : 4 + level,
    'access-flag': 8 + level,
    permission: 12 + level,
    'external-abort': 0x14 + level,
    gpt: 0x24 + level,
  })[fault] ?? -1;

/** A machine in which tables can be written, in Non-secure or in Realm memory, and one access made below. */
function site(description: typeof baseMachine) {
  const { machine, pe, put, act } = bench({ ...description, pes: 1, secure: undefined });
  const driver = machine.host();
  const realmTables = description.rmm.base + 0x40_0000;
  const tables = { [World.NonSecure]: TABLES, [World.Realm]: BigInt(realmTables) };
  const port = (isRealm: boolean) =>
    pe.port(isRealm ? Pas.Realm : Pas.NonSecure, isRealm ? World.Realm : World.NonSecure);
  return { machine, pe, put, act, driver, tables, port };
}

describe.each([
  ['48-bit', baseMachine],
  ['largest', maxMachine],
] as const)('random tables on the %s machine', (_, description) => {
  it.each([
    ['plain VM', false],
    ['Realm', true],
  ] as const)('are walked as the manual says, for a %s', (__, isRealm) => {
    const { machine, pe, put, act, tables, port } = site(description);
    const { paBits } = machine.description;
    const base = tables[isRealm ? World.Realm : World.NonSecure];
    const memory = port(isRealm);
    const prng = new Prng(isRealm ? 0x5117 : 0x5118);
    const pick = <T>(items: readonly T[]): T => items[prng.below(items.length)] as T;
    const wrong: unknown[] = [];
    const seen = new Map<string, number>();
    const at = (n: number): bigint => base + BigInt(n) * 0x1000n;
    for (let round = 0; round < 3000; round++) {
      const ds = prng.below(3) === 0 ? 1 : 0;
      const sl2 = ds === 1 ? prng.below(2) : prng.below(8) === 0 ? 1 : 0;
      const sl0 = sl2 === 1 && prng.below(8) > 0 ? 0 : pick([0, 1, 2, 0, 1, 2, 3]);
      const t0sz =
        prng.below(10) === 0
          ? prng.below(64)
          : sl2 === 1 && ds === 1
            ? 12 + prng.below(4)
            : pick(
                [
                  [30, 39],
                  [21, 33],
                  [16, 24],
                  [16, 24],
                ][sl0]!.concat([24, 25]),
              );
      const setup: Setup = {
        t0sz,
        sl0,
        sl2,
        ds,
        ps: pick([5, 6, 6, 7, 2, 0, prng.below(8)]),
        tg0: prng.below(20) === 0 ? 1 : 0,
        base,
        isRealm,
        paBits,
      };
      const width = BigInt(64 - t0sz);
      let ipa = (BigInt(prng.below(2 ** 26)) << 26n) | BigInt(prng.below(2 ** 26));
      ipa &= ~7n;
      if (prng.below(10) > 0) ipa &= (1n << (width < 48n ? width : 48n)) - 1n;
      const start = ds === 1 && sl2 === 1 ? -1 : 2 - (sl0 === 3 ? 2 : sl0);
      const descriptors = new Map<bigint, bigint>();
      let table = base;
      for (let level = start, n = 16; level <= 3; level++, n++) {
        const shift = 12n + 9n * BigInt(3 - level);
        const index = level === start ? ipa >> shift : (ipa >> shift) & 511n;
        const where = table + 8n * index;
        if (index >= 8192n) break;
        const isLast = level === 3 || (level >= 1 && prng.below(4) === 0);
        let output = isLast ? 0x8800_0000n + (level === 3 ? BigInt(prng.below(64)) << 12n : 0n) : at(n);
        if (prng.below(12) === 0) output |= 1n << BigInt(32 + prng.below(20));
        let word = (output & 0x3_ffff_ffff_f000n) | (ds === 1 ? ((output >> 50n) & 3n) << 8n : 3n << 8n);
        word |= isLast && level < 3 ? 1n : 3n;
        if (isLast)
          word |=
            BigInt(prng.below(8) === 0 ? 0 : 1 << 10) |
            (BigInt(pick([3, 3, 3, 1, 2, 0])) << 6n) |
            (BigInt(pick([0, 0, 0, 1, 2, 3])) << 53n) |
            (BigInt(prng.below(3) === 0 ? 1 : 0) << 55n);
        if (prng.below(25) === 0) word &= ~BigInt(1 + prng.below(3));
        descriptors.set(where, word);
        memory.words[0] = Number(word & 0xffff_ffffn);
        memory.words[1] = Number(word >> 32n);
        memory.store(toPa(Number(where)), 8);
        if (isLast) break;
        table = at(n);
      }
      const what = pick(['load', 'store', 'fetch'] as const);
      const el = pick([0, 1] as const);
      put({ world: isRealm ? World.Realm : World.NonSecure, el, hcr: 1n });
      pe.set('vttbr_el2', (7n << 48n) | (base & 0xffff_ffff_f000n));
      pe.set(
        'vtcr_el2',
        BigInt(t0sz) |
          (BigInt(sl0) << 6n) |
          (BigInt(setup.tg0) << 14n) |
          (BigInt(setup.ps) << 16n) |
          (BigInt(ds) << 32n) |
          (BigInt(sl2) << 33n),
      );
      const expected = walk(setup, ipa, what, el, (pa) => descriptors.get(pa) ?? readWord(memory, pa));
      const isTranslated = pe.stage2.translate(pe, Number(ipa), what);
      const found: Result = isTranslated
        ? { pa: BigInt(pe.stage2.frame) << 12n, ns: pe.stage2.pas === Pas.NonSecure }
        : { fault: pe.stage2.fault, level: pe.stage2.level };
      const key = 'fault' in expected ? `${expected.fault} ${expected.level}` : 'works';
      seen.set(key, (seen.get(key) ?? 0) + 1);
      if (JSON.stringify(found, text) !== JSON.stringify(expected, text))
        wrong.push([round, setup, ipa, what, el, found, expected]);
      if ('fault' in expected && ipa < 2n ** BigInt(Math.min(paBits, 52)) - 16n) {
        const outcome = act({ op: what, at: what === 'fetch' ? ipa & ~3n : ipa, size: 4, value: 0n } as never);
        const { esr, far } = taken(pe, 2);
        const hpfar = pe.get('hpfar_el2');
        const report = [outcome, Number(esr & 0x3fn), esr >> 26n, far, hpfar];
        const wanted = [
          undefined,
          fsc(expected.fault, expected.level),
          what === 'fetch' ? 0x20n : 0x24n,
          ipa & (what === 'fetch' ? ~3n : ~0n),
          (ipa >> 12n) << 4n,
        ];
        if (JSON.stringify(report, text) !== JSON.stringify(wanted, text))
          wrong.push([round, 'report', report, wanted]);
      }
    }
    expect(wrong.slice(0, 3)).toEqual([]);
    const often = [
      'works',
      'translation 0',
      'translation 3',
      'access-flag 3',
      'permission 3',
      'permission 2',
      'permission 1',
      'address-size 1',
      'address-size 3',
    ];
    expect(often.filter((key) => (seen.get(key) ?? 0) < 5)).toEqual([]);
    expect(seen.size).toBeGreaterThan(12);
  });
});

const text = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value);

function readWord(memory: ReturnType<ReturnType<typeof site>['port']>, pa: bigint): bigint | 'gpt' | 'external-abort' {
  const result = memory.load(toPa(Number(pa)), 8);
  if (result !== Access.Ok) return result === Access.Gpt ? 'gpt' : 'external-abort';
  return memory.doublewords[0] as bigint;
}

describe('the starting table', () => {
  it('stands at BADDR[51:48] in bits [5:2] with DS and 52 bits, and only then', () => {
    const { pe, put } = site(maxMachine);
    put({ world: World.NonSecure, el: 1, hcr: 1n });
    pe.set('vttbr_el2', (TABLES & 0xffff_ffff_f000n) | (1n << 2n));
    pe.set('vtcr_el2', 25n | (1n << 6n) | (6n << 16n));
    expect(pe.stage2.translate(pe, 0x1000, 'load')).toBe(false);
    expect([pe.stage2.fault, pe.stage2.level]).toEqual(['translation', 1]);
    pe.set('vtcr_el2', 25n | (1n << 6n) | (6n << 16n) | (1n << 32n));
    expect(pe.stage2.translate(pe, 0x1000, 'load')).toBe(false);
    // 2^48 and more: within the PA range of this machine or not, nothing is there.
    expect(['address-size', 'external-abort', 'gpt']).toContain(pe.stage2.fault);
  });
});

describe('a descriptor fetch that the granule protection check refuses', () => {
  it.each([
    ['SCR_EL3.GPF routes to EL3', Scr.GPF, 3],
    ['without it EL2 takes it', 0n, 2],
  ] as const)('says S2PTW, HPFAR and where the descriptor is; %s', (_, scr, target) => {
    const { pe, put, act, driver } = site(baseMachine);
    const table = Number(TABLES);
    const second = table + 0x1000;
    driver.write(table, BigInt(second) | 3n);
    driver.smc('RMI_GRANULE_DELEGATE', second);
    put({ world: World.NonSecure, el: 1, scr, hcr: 1n });
    pe.set('vttbr_el2', TABLES);
    pe.set('vtcr_el2', 25n | (1n << 6n) | (5n << 16n));
    expect(act({ op: 'store', at: 0x20_3008n, size: 8, value: 1n })).toBeUndefined();
    const { esr, far } = taken(pe, target);
    expect([pe.el, far, pe.get('hpfar_el2')]).toEqual([target, 0x20_3008n, 0x203n << 4n]);
    // GPF of a level 2 descriptor.
    expect(Number(esr & 0x3fn)).toBe(0x26);
    const report =
      target === 3 ? [esr >> 26n, (esr >> 21n) & 1n, (esr >> 14n) & 0x3fn, pe.get('mfar_el3')] : [esr >> 26n];
    expect(report).toEqual(target === 3 ? [0x1en, 1n, 0x0dn, (1n << 63n) | BigInt(second)] : [0x24n]);
  });

  it('of the second page of an access names that page', () => {
    const { pe, put, act, driver } = site(baseMachine);
    const [t1, t2, t3] = [0, 1, 2].map((n) => Number(TABLES) + n * 0x1000) as [number, number, number];
    driver.write(t1, BigInt(t2) | 3n);
    driver.write(t2, BigInt(t3) | 3n);
    driver.write(t3 + 8, 0x8800_0000n | 0x7dfn);
    put({ world: World.NonSecure, el: 1, hcr: 1n });
    pe.set('vttbr_el2', TABLES);
    pe.set('vtcr_el2', 25n | (1n << 6n) | (5n << 16n));
    expect(act({ op: 'store', at: 0x1ffcn, size: 8, value: -1n })).toBeUndefined();
    expect([taken(pe, 2).far, pe.get('hpfar_el2'), taken(pe, 2).esr & 0x3fn]).toEqual([0x2000n, 0x20n, 7n]);
    expect(pe.port(Pas.NonSecure, World.NonSecure).load(toPa(0x8800_0ffc), 4)).toBe(0);
    expect(pe.port(Pas.NonSecure, World.NonSecure).words[0]).not.toBe(0xffff_ffff);
  });
});

describe('an access over two pages of which the granule protection check refuses the second', () => {
  it.each(['store', 'load'] as const)('as a %s names the second and moves no byte', (op) => {
    const { pe, put, act, driver } = site(baseMachine);
    const [t1, t2, t3] = [0, 1, 2].map((n) => Number(TABLES) + n * 0x1000) as [number, number, number];
    driver.write(t1, BigInt(t2) | 3n);
    driver.write(t2, BigInt(t3) | 3n);
    driver.write(t3 + 8, 0x8800_0000n | 0x7dfn);
    driver.write(t3 + 16, 0x8801_0000n | 0x7dfn);
    driver.write(0x8800_0ff8, 0x1122_3344_5566_7788n);
    driver.smc('RMI_GRANULE_DELEGATE', 0x8801_0000);
    put({ world: World.NonSecure, el: 1, hcr: 1n });
    pe.set('vttbr_el2', TABLES);
    pe.set('vtcr_el2', 25n | (1n << 6n) | (5n << 16n));
    const outcome = act({ op, at: 0x1ffcn, size: 8, value: -1n } as Action);
    expect(outcome).toMatchObject({ kind: 'fault', fault: { el: 1, far: 0x2000n, fsc: 0x28 } });
    const port = pe.port(Pas.NonSecure, World.NonSecure);
    port.load(toPa(0x8800_0ff8), 8);
    expect(port.doublewords[0]).toBe(0x1122_3344_5566_7788n);
  });
});

describe('a plain VM', () => {
  it('runs under tables that its host keeps, and an interrupt brings it back', () => {
    const seen: string[] = [];
    const machine = Machine.boot(
      { ...baseMachine, pes: 1, secure: undefined },
      {
        scripts: {
          *guest() {
            for (;;) seen.push((yield { op: 'load', at: 0x1800n, size: 8 }).kind);
          },
        },
      },
    );
    const host = machine.host();
    const perform = host.perform.bind(host);
    const pool = new GranulePool(0x8900_0000, 2 ** 22);
    const vm = runStep(
      createVm(pool, { vmid: 3, images: [{ ipa: 0x1000, bytes: scriptImage('guest') }], entry: 0x1000 }),
      perform,
    );
    const pe = machine.pes[0]!;
    const steps = enterVm(vm);
    let action = steps.next();
    while (action.done !== true && action.value.op !== 'eret') action = steps.next(host.perform(action.value));
    pe.raise('irq');
    const outcome = host.perform({ op: 'eret' });
    expect(outcome).toMatchObject({ kind: 'exception', exception: { interrupt: 'irq', from: 1, elr: 0x1000n } });
    expect([seen, host.mrs('icc_iar1_el1')]).toEqual([[], 32n]);
  });
});
