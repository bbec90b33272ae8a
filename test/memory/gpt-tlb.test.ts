// What a requester holds of the tables: the ports' fast path and its caches beside a slow model, over random accesses, edits,
// maintenance and snapshots; then the rules of TLBI one by one.
import { describe, expect, test } from 'vitest';
import { toPa } from '../../src/arch/address.ts';
import { baseFeatures } from '../../src/arch/features.ts';
import { gpccrField, gpccrValue, l0gptszCode, pgsCode, ppsCode } from '../../src/arch/gpt.ts';
import { decodeTlbiRange, tlbiRangeOperand } from '../../src/arch/tlbi.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { Prng } from '../../src/base/prng.ts';
import { Gpc, type StaleUse } from '../../src/memory/gpc.ts';
import type { PhysicalMemory } from '../../src/memory/physical-memory.ts';
import { Access, MemoryPort } from '../../src/memory/port.ts';
import { memoryWith, ram, seeds } from './builders.ts';
import { pasOf, stateOf } from './gpt-bench.ts';
import { spaces } from './gpt-reference.ts';
import { TlbModel } from './tlb-model.ts';

const features = { ...baseFeatures, gpc2: true, gpc3: true, granule16k: true, granule64k: true };
const L0 = 0x1000_0000n;
const OTHER_L0 = 0x1400_0000n;
const L1 = 0x2000_0000n;

/** A machine with tables in memory, a requester, and the model of it. */
class Setup {
  readonly memory: PhysicalMemory;
  readonly words = new Map<bigint, bigint>();
  readonly model: TlbModel;
  gpc: Gpc;
  readonly t: number;
  readonly s: number;
  readonly p: number;
  #ports: readonly MemoryPort[] = [];

  constructor(t: number, s: number, p: number) {
    [this.t, this.s, this.p] = [t, s, p];
    const paBits = 48;
    this.memory = memoryWith([ram('all', 0, 2 ** 36)], { paBits, framesMax: 20_000 });
    const gpccr = gpccrValue({
      PPS: ppsCode(t),
      PGS: pgsCode(p),
      L0GPTSZ: l0gptszCode(s),
      GPC: 1,
      SH: 3,
      IRGN: 1,
      ORGN: 1,
      NSO: 1,
    });
    const registers = { gpccr, gptbr: L0 >> 12n, gpcbw: 0n };
    const { gpc2, gpc3, gdi, sel2 } = features;
    this.model = new TlbModel({ gpc2, gpc3, gdi, sel2, paBits, words: this.words, aborts: new Set() }, registers);
    this.gpc = this.another();
    this.gpc.setRegisters(registers);
  }

  /** A requester with nothing held; the next accesses go through it. */
  another(): Gpc {
    this.gpc = new Gpc(this.memory, features, 48);
    this.#ports = spaces.flatMap((pas) =>
      spaces.map((state) => new MemoryPort(this.memory, this.gpc, pasOf(pas), stateOf(state))),
    );
    return this.gpc;
  }

  port(pas: number, state: number): MemoryPort {
    return this.#ports[pas * 4 + state] as MemoryPort;
  }

  write(at: bigint, words: readonly bigint[]): void {
    for (const [i, word] of words.entries()) this.words.set(at + 8n * BigInt(i), word);
    const bytes = new Uint8Array(new BigUint64Array(words).buffer);
    for (let from = 0; from < bytes.length;) {
      const place = at + BigInt(from);
      const size = Math.min(4096 - Number(place & 0xfffn), bytes.length - from);
      this.memory.load(Number(place >> 12n), Number(place & 0xfffn), bytes.subarray(from, from + size));
      from += size;
    }
  }

  tableOf(index: number): bigint {
    return L1 + BigInt(index % 64) * 2n ** 26n;
  }

  entryAt(frame: number): bigint {
    const inside = frame % 2 ** (this.s - 12);
    return this.tableOf(Math.floor(frame / 2 ** (this.s - 12))) + 8n * BigInt(Math.floor(inside / 2 ** (this.p - 8)));
  }

  setRegisters(change: Partial<TlbModel['registers']>): void {
    this.model.registers = { ...this.model.registers, ...change };
    this.gpc.setRegisters(change);
  }

  invalidateAll(): void {
    this.model.dropAll();
    this.gpc.invalidate('paall');
  }

  invalidate(op: 'rpaos' | 'rpalos', xt: bigint): void {
    this.model.dropRange(xt, op === 'rpalos');
    this.gpc.invalidate(op, decodeTlbiRange(op, xt, gpccrField(this.gpc.registers.gpccr, 'PGS'), 48));
  }
}

const answerOf = (gpc: Gpc, isAllowed: boolean): string =>
  isAllowed ? 'none' : `${gpc.fault.kind} ${gpc.fault.level} ${gpc.fault.code}`;

const gpis = [9n, 9n, 11n, 10n, 8n, 15n, 0n, 13n];
const granulesOf = (gpi: bigint): bigint => gpi * 0x1111_1111_1111_1111n;

describe('random streams of accesses, edits and maintenance', () => {
  const shapes = [[40, 30, 12], [48, 34, 16], [42, 39, 14], [32, 36, 12]] as const; // prettier-ignore
  test.each(seeds(shapes.length))('the ports answer what the slow model holds: seed %i', (seed) => {
    const random = new Prng(seed);
    const pick = <T>(from: readonly T[]): T => from[random.below(from.length)] as T;
    const [t, s, p] = shapes[(seed - 1) % shapes.length] as (typeof shapes)[number];
    const setup = new Setup(t, s, p);
    const { model, memory } = setup;
    const span = 2 ** (s - 12);
    const end = 2 ** (t - 12);
    const indices = [0, 1, Math.floor(end / span) - 1].filter((index) => index >= 0 && index * span < end);
    const frameIn = (): number => {
      const inside = pick([
        0,
        1,
        3,
        15,
        16,
        17,
        255,
        511,
        512,
        513,
        1024,
        8191,
        8192,
        131_071,
        131_072,
        random.below(2048),
        random.below(2 ** 18),
      ]);
      return Math.min(pick(indices) * span + (inside % Math.min(span, end)), end - 1);
    };
    const reports: StaleUse[] = [];
    let isStrict = false;
    const wrong: unknown[] = [];
    let firm = 0;
    let contested = 0;
    let stale = 0;

    for (const index of indices) setup.write(L0 + 8n * BigInt(index), [setup.tableOf(index) | 3n]);
    for (let step = 0; step < 2500 && wrong.length === 0; step++) {
      const what = random.below(100);
      if (what < 62) {
        const frame = random.below(40) === 0 ? end + random.below(1000) : frameIn();
        const pas = pick(spaces);
        const state = pick(spaces);
        const pa = BigInt(frame) << 12n;
        if (model.isContested(pa)) {
          contested++;
          setup.invalidateAll();
          continue;
        }
        const fresh = model.fresh(pa, pas, state);
        const held = model.held(pa, pas, state);
        reports.length = 0;
        const wanted = model.check(pa, pas, state);
        const port = setup.port(spaces.indexOf(pas), spaces.indexOf(state));
        const isAllowed = pick([
          (): boolean => port.check(frame),
          (): boolean => port.checkPa(toPa(frame * 4096 + 9)),
          (): boolean => port.load(toPa(frame * 4096 + 9), 2) !== Access.Gpt,
        ])();
        const got = answerOf(setup.gpc, isAllowed);
        firm++;
        const isStale = held.by !== fresh.by;
        if (isStale) stale++;
        if (got !== wanted) wrong.push({ step, frame, pas, state, got, wanted });
        // The held answer has to be reported when, and only when, a check with nothing held is decided by something else.
        const [report] = reports;
        if (reports.length !== (isStrict && isStale ? 1 : 0)) wrong.push({ step, held, fresh, reports });
        if (report !== undefined && report.granted !== (held.allows && !fresh.allows))
          wrong.push({ step, held, fresh, report });
      } else if (what < 74) {
        // One entry of a table, or its level 0 entry.
        const frame = frameIn();
        if (random.below(5) === 0) {
          const index = Math.floor(frame / span);
          const word = pick([
            setup.tableOf(index) | 3n,
            setup.tableOf(index) | 3n,
            setup.tableOf(index + 1) | 3n,
            1n | (pick(gpis) << 4n),
            0x17n,
            (1n << 44n) | 3n,
          ]);
          setup.write(pick([L0, L0, OTHER_L0]) + 8n * BigInt(index), [word]);
        } else {
          setup.write(setup.entryAt(frame), [
            pick([granulesOf(pick(gpis)), granulesOf(pick(gpis)), 0x9b9b_9b9b_9b9b_9b9bn, 0x2n]),
          ]);
        }
      } else if (what < 80) {
        // A whole region, contiguous or granules, as the monitor would program it.
        const bits = pick(p === 16 ? [21, 25, 29] : [21, 25]);
        const frame = frameIn();
        const first = frame - (frame % 2 ** (bits - 12));
        const gpi = pick(gpis);
        const word =
          random.below(3) === 0 ? granulesOf(gpi) : 1n | (gpi << 4n) | (BigInt([21, 25, 29].indexOf(bits) + 1) << 8n);
        setup.write(
          setup.entryAt(first),
          Array.from({ length: 2 ** (bits - p - 4) }, () => word),
        );
      } else if (what < 92) {
        const bits = pick([12, 14, 16, 21, 21, 25, 25, 29, 30, 34, 36, 39]);
        let frame = frameIn();
        if (random.below(6) !== 0) frame -= frame % 2 ** (bits - 12);
        setup.invalidate(
          pick(['rpaos', 'rpalos']),
          random.below(30) === 0 ? random.u64() : tlbiRangeOperand(frame, bits),
        );
      } else if (what < 95) {
        setup.invalidateAll();
      } else if (what < 97) {
        const { gpccr } = model.registers;
        const flip = pick([5n, 6n, 7n, 24n, 19n, 29n, 16n]);
        setup.setRegisters(
          pick([
            { gpccr: gpccr ^ (1n << flip) },
            { gptbr: pick([L0, L0, L0 + 0x1000n, OTHER_L0, 1n << 50n]) >> 12n },
            { gpcbw: pick([0n, 1n, 3n << 37n]) },
          ]),
        );
        if (random.below(2) === 0) setup.invalidateAll();
      } else if (what < 99 && (s < 39 || random.below(8) === 0)) {
        // Into another requester, or back into the same one after it has done something else.
        const data = setup.gpc.data();
        if (random.below(2) === 0) {
          setup.another();
        } else {
          setup.gpc.invalidate('paall');
          for (let i = 0; i < 5; i++) setup.gpc.check(frameIn(), Pas.NonSecure, World.NonSecure);
        }
        setup.gpc.setData(data);
        // A held block of 512 GiB is a long list: comparing shorter ones is enough.
        if (data.tlb.chunks.length < 5000 && JSON.stringify(setup.gpc.data().tlb) !== JSON.stringify(data.tlb))
          wrong.push({ step, what: 'setData' });
        setup.gpc.watchStale(isStrict ? (use) => reports.push(use) : undefined);
      } else {
        isStrict = !isStrict;
        setup.gpc.watchStale(isStrict ? (use) => reports.push(use) : undefined);
      }
    }
    expect(wrong).toEqual([]);
    expect(memory.framesUsed).toBeGreaterThan(0);
    // The run has met what it is about.
    expect(firm).toBeGreaterThan(20 * contested);
    expect(stale).toBeGreaterThan(0);
  });
});

describe('what a TLBI reaches', () => {
  const NS = granulesOf(9n);
  const RL = granulesOf(11n);
  /** A GiB of Non-secure granules, of which one access to `frame` is held; `size` programs it as one Contiguous entry. */
  const held = (frame: number, size?: 21 | 25 | 29): Setup => {
    const setup = new Setup(40, 30, 12);
    setup.write(L0, [setup.tableOf(0) | 3n]);
    const word = size === undefined ? NS : 0x91n | (BigInt([21, 25, 29].indexOf(size) + 1) << 8n);
    setup.write(
      setup.entryAt(0),
      Array.from({ length: 16_384 }, () => word),
    );
    expect(reads(setup, frame)).toBe(true);
    setup.write(
      setup.entryAt(0),
      Array.from({ length: 16_384 }, () => RL),
    );
    return setup;
  };
  const reads = (setup: Setup, frame: number): boolean => setup.port(1, 1).check(frame);

  test.each([
    ['a granule', undefined, 12],
    ['2 MiB', 21, 21],
    ['32 MiB', 25, 25],
    ['512 MiB', 29, 29],
  ] as const)('an entry of %s stays until a range covers it as a whole', (_, size, bits) => {
    const frame = 2 ** 17 + 5;
    for (const smaller of [12, 14, 16, 21, 25].filter((b) => b < bits)) {
      const setup = held(frame, size);
      setup.invalidate('rpalos', tlbiRangeOperand(frame - (frame % 2 ** (smaller - 12)), smaller));
      expect([smaller, reads(setup, frame)]).toEqual([smaller, true]);
    }
    for (const op of ['rpaos', 'rpalos'] as const) {
      const setup = held(frame, size);
      setup.invalidate(op, tlbiRangeOperand(frame - (frame % 2 ** (bits - 12)), bits));
      expect(reads(setup, frame)).toBe(false);
    }
    const beside = held(frame, size);
    beside.invalidate('rpaos', tlbiRangeOperand(2 ** 19, Math.max(bits, 21)));
    expect(reads(beside, frame)).toBe(true);
    beside.invalidateAll();
    expect(reads(beside, frame)).toBe(false);
  });

  test.each(['paall', 'paallos'] as const)('TLBI %s drops everything, configuration included', (op) => {
    const setup = held(0);
    setup.gpc.setRegisters({ gpccr: 0n });
    expect(setup.port(3, 3).check(0)).toBe(false);
    setup.gpc.invalidate(op);
    expect(setup.port(3, 3).check(0)).toBe(true);
  });

  test('a Block stays under smaller ranges, and a held level 0 Table entry until RPAOS over all that it covers', () => {
    const setup = new Setup(40, 30, 12);
    setup.write(L0, [0x91n, setup.tableOf(1) | 3n]);
    setup.write(setup.entryAt(2 ** 18), [NS]);
    expect([reads(setup, 0), reads(setup, 2 ** 18)]).toEqual([true, true]);
    setup.write(L0, [0xb1n, 0xb1n]);
    setup.invalidate('rpaos', tlbiRangeOperand(0, 29));
    expect(reads(setup, 2 ** 17)).toBe(true);
    setup.invalidate('rpalos', tlbiRangeOperand(0, 30));
    expect(reads(setup, 2 ** 17)).toBe(false);
    // The granule goes, the Table entry above it does not: the old level 1 table is still walked.
    setup.invalidate('rpalos', tlbiRangeOperand(2 ** 18, 30));
    expect(reads(setup, 2 ** 18)).toBe(true);
    setup.invalidate('rpaos', tlbiRangeOperand(2 ** 18, 29));
    expect(reads(setup, 2 ** 18)).toBe(true);
    setup.invalidate('rpaos', tlbiRangeOperand(2 ** 18, 30));
    expect(reads(setup, 2 ** 18)).toBe(false);
  });

  test('a failed walk is never held, a refusal is', () => {
    const setup = new Setup(40, 30, 12);
    setup.write(L0, [setup.tableOf(0) | 3n]);
    setup.write(setup.entryAt(0), [0x2n, RL]);
    expect([reads(setup, 0), reads(setup, 16)]).toEqual([false, false]);
    setup.write(setup.entryAt(0), [NS, NS]);
    expect([reads(setup, 0), reads(setup, 16)]).toEqual([true, false]);
  });

  test('a stale granule outlives a larger entry that is read later beside it', () => {
    const setup = held(5);
    const reports: StaleUse[] = [];
    setup.write(
      setup.entryAt(0),
      Array.from({ length: 32 }, () => 0x1b1n),
    );
    expect([reads(setup, 6), reads(setup, 7)]).toEqual([false, false]);
    expect(reads(setup, 5)).toBe(true);
    setup.gpc.watchStale((use) => reports.push(use));
    expect(reads(setup, 5)).toBe(true);
    expect(reports).toEqual([{ frame: 5, pas: Pas.NonSecure, held: 'NON_SECURE', now: 'REALM', granted: true }]);
    setup.invalidate('rpalos', tlbiRangeOperand(5, 12));
    expect(reads(setup, 5)).toBe(false);
  });
});

describe('strict mode', () => {
  test('a missing TLBI is seen without it, and reported with it, also where the fast path would have answered', () => {
    const setup = new Setup(40, 30, 12);
    setup.write(L0, [0x91n]);
    const port = setup.port(1, 1);
    expect([port.check(0), port.check(1000)]).toEqual([true, true]);
    setup.write(L0, [0xb1n]);
    expect(port.checkPa(toPa(0x12_3000))).toBe(true);
    const reports: StaleUse[] = [];
    setup.gpc.watchStale((use) => reports.push(use));
    expect(port.load(toPa(0x12_3000), 8)).toBe(Access.Ok);
    expect(reports).toEqual([{ frame: 0x123, pas: Pas.NonSecure, held: 'NON_SECURE', now: 'REALM', granted: true }]);
    // Off again: nobody is told, and the answer is the same.
    setup.gpc.watchStale(undefined);
    expect(port.check(0)).toBe(true);
    expect(reports).toHaveLength(1);
    setup.invalidateAll();
    expect(port.check(0)).toBe(false);
  });

  test('cached register fields that decide are reported as well: enabling without TLBI PAALL', () => {
    const setup = new Setup(40, 30, 12);
    setup.write(L0, [0xb1n]);
    const { gpccr } = setup.gpc.registers;
    setup.gpc.setRegisters({ gpccr: gpccr & ~(1n << 16n) });
    const reports: StaleUse[] = [];
    setup.gpc.watchStale((use) => reports.push(use));
    expect(setup.port(1, 1).check(0)).toBe(true);
    expect(reports).toEqual([]);
    setup.gpc.setRegisters({ gpccr });
    expect(setup.port(1, 1).check(0)).toBe(true);
    expect(reports).toEqual([{ frame: 0, pas: Pas.NonSecure, held: 'OPEN', now: 'REALM', granted: true }]);
  });

  test('GPTBR_EL3 counts from the next walk, by the geometry that is in use', () => {
    const setup = new Setup(40, 30, 12);
    setup.write(L0, [0x91n, 0x91n]);
    setup.write(OTHER_L0 + 0x1000n, [0xb1n, 0xb1n]);
    const port = setup.port(1, 1);
    expect(port.check(0)).toBe(true);
    // PPS is cached, so a table is still aligned to 8 KiB although 32 bits would need only 4.
    setup.setRegisters({ gpccr: setup.gpc.registers.gpccr & ~7n, gptbr: (OTHER_L0 + 0x1000n) >> 12n });
    setup.write(OTHER_L0, [0x91n, 0x81n]);
    expect([port.check(0), port.check(2 ** 18)]).toEqual([true, false]);
    setup.invalidateAll();
    expect([port.check(0), setup.port(3, 3).check(0)]).toEqual([false, true]);
  });

  test('a TLBI by range with nothing held adopts no configuration', () => {
    const setup = new Setup(40, 30, 12);
    setup.write(L0, [0xb1n]);
    setup.gpc.setRegisters({ gpccr: 0n });
    setup.gpc.invalidate('rpaos', decodeTlbiRange('rpaos', tlbiRangeOperand(0, 30), 0, 48));
    setup.gpc.setRegisters(setup.model.registers);
    expect(setup.port(1, 1).check(0)).toBe(false);
  });
});
