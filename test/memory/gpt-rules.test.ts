// The tables of the architecture written out: geometry, every RES0 bit, every code, hostile registers, and the known traps.
import { beforeEach, describe, expect, test } from 'vitest';
import {
  contigBits,
  decodeGptConfig,
  gpccrValue,
  gpiIndex,
  l0gptszCode,
  level0Align,
  level0Index,
  level0Size,
  level1Index,
  level1Size,
  pgsCode,
  ppsCode,
} from '../../src/arch/gpt.ts';
import { baseFeatures } from '../../src/arch/features.ts';
import { Bench, answerOf, wordsOf } from './gpt-bench.ts';
import { type GptWorld, type Space, granuleProtectionCheck, spaces } from './gpt-reference.ts';

const bench = new Bench();
/** What a test found different, in the middle of long tables. */
let wrong: unknown[] = [];
beforeEach(() => {
  wrong = [];
});

function agree(where: unknown, got: unknown, wanted: unknown): void {
  if (got !== wanted) wrong.push({ where, got, wanted });
}

const [KB, MB, GB] = [1024, 1024 ** 2, 1024 ** 3];

type Setup = Partial<Omit<GptWorld, 'words' | 'aborts' | 'gpccr'>> & {
  readonly t?: number;
  readonly s?: number;
  readonly p?: number;
  readonly fields?: Parameters<typeof gpccrValue>[0];
  readonly words?: Readonly<Record<string, bigint>>;
  readonly aborts?: readonly bigint[];
};

/** 1 TiB protected, 1 GiB a level 0 entry, 4 KiB granules, the table at 0x8000_0000; whatever is named is different. */
function worldOf(setup: Setup): GptWorld {
  const { t = 40, s = 30, p = 12, fields = {}, words = {}, aborts = [], ...rest } = setup;
  const pps = ppsCode(t);
  return {
    gpc2: false,
    gpc3: false,
    gdi: false,
    sel2: true,
    paBits: 48,
    gptbr: 0x8_0000n,
    gpcbw: 0n,
    ...rest,
    gpccr: gpccrValue({
      PPS: pps & 7,
      PPS3: pps >> 3,
      PGS: pgsCode(p),
      L0GPTSZ: l0gptszCode(s),
      GPC: 1,
      SH: 3,
      IRGN: 1,
      ORGN: 1,
      ...fields,
    }),
    words: new Map(Object.entries(words).map(([at, word]) => [BigInt(at), word])),
    aborts: new Set(aborts),
  };
}

/** The machine's answer, which the second opinion shares. */
function answer(world: GptWorld, pa: bigint, pas: Space = 'NS', state: Space = pas): string {
  const got = answerOf(bench.gpcFor(world), pa, pas, state);
  agree(`${pa.toString(16)} ${pas}`, got, wordsOf(granuleProtectionCheck(world, pa, pas, state)));
  return got;
}

const L0 = '0x80000000';
const L1 = '0x80020000';
const TABLE = 0x8002_0003n;
const all = 0xffff_ffff_ffff_ffffn;
/** A world whose first GiB is a table with one entry. */
const withEntry = (word: bigint, setup: Setup = {}): GptWorld =>
  worldOf({ ...setup, words: { [L0]: TABLE, [L1]: word } });

describe('geometry', () => {
  test.each([
    [32, [[4, 32, 4 * KB], [1, 8, 4 * KB], [1, 8, 4 * KB], [1, 8, 4 * KB]]],
    [36, [[64, 512, 4 * KB], [4, 32, 4 * KB], [1, 8, 4 * KB], [1, 8, 4 * KB]]],
    [40, [[1024, 8 * KB, 8 * KB], [64, 512, 4 * KB], [16, 128, 4 * KB], [2, 16, 4 * KB]]],
    [42, [[4096, 32 * KB, 32 * KB], [256, 2 * KB, 4 * KB], [64, 512, 4 * KB], [8, 64, 4 * KB]]],
    [44, [[16384, 128 * KB, 128 * KB], [1024, 8 * KB, 8 * KB], [256, 2 * KB, 4 * KB], [32, 256, 4 * KB]]],
    [46, [[65536, 512 * KB, 512 * KB], [4096, 32 * KB, 32 * KB], [1024, 8 * KB, 8 * KB], [128, KB, 4 * KB]]],
    [47, [[131072, MB, MB], [8192, 64 * KB, 64 * KB], [2048, 16 * KB, 16 * KB], [256, 2 * KB, 4 * KB]]],
    [48, [[262144, 2 * MB, 2 * MB], [16384, 128 * KB, 128 * KB], [4096, 32 * KB, 32 * KB], [512, 4 * KB, 4 * KB]]],
    [52, [[4194304, 32 * MB, 32 * MB], [262144, 2 * MB, 2 * MB], [65536, 512 * KB, 512 * KB], [8192, 64 * KB, 64 * KB]]],
    [56, [[67108864, 512 * MB, 512 * MB], [4194304, 32 * MB, 32 * MB], [1048576, 8 * MB, 8 * MB], [131072, MB, MB]]],
  ])('level 0 tables of a protected space of %i bits: entries, bytes, alignment', (t, rows) => {
    expect([30, 34, 36, 39].map((s) => [level0Size(t, s) / 8, level0Size(t, s), level0Align(t, s)])).toEqual(rows);
    expect(wrong).toEqual([]);
  }); // prettier-ignore

  test.each([
    [30, [128 * KB, 32 * KB, 8 * KB]],
    [34, [2 * MB, 512 * KB, 128 * KB]],
    [36, [8 * MB, 2 * MB, 512 * KB]],
    [39, [64 * MB, 16 * MB, 4 * MB]],
  ])('level 1 tables under entries of %i bits: bytes for 4, 16 and 64 KiB granules', (s, sizes) => {
    expect([12, 14, 16].map((p) => level1Size(s, p))).toEqual(sizes);
    expect(wrong).toEqual([]);
  });

  test.each([
    [0x8_8123_4567n, 40, 30, 12, 34, 0x123, 4],
    [0x8_8123_4567n, 36, 34, 14, 2, 0x2048, 13],
    [0x12_3456_789an, 48, 36, 16, 1, 0x2345, 6],
    [0xffff_f000n, 32, 39, 12, 0, 0xffff, 15],
    [0xfdc0_0000n, 40, 30, 12, 3, 0x3dc0, 0],
    [0xf_ffff_ffff_ffffn, 52, 39, 12, 8191, 0x7f_ffff, 15],
  ])('worked indices of 0x%x', (pa, t, s, p, index0, index1, index) => {
    const frame = Number(pa >> 12n);
    expect([level0Index(frame, t, s), level1Index(frame, s, p), gpiIndex(frame, p)]).toEqual([index0, index1, index]);
    // And the whole walk fetches there: a table under entry 0 of its own, whose sixteen GPIs differ from their neighbours.
    const table = 1n << 31n;
    const entry1 = 0x9a9a_9a9a_9a9a_9a9an;
    const world = worldOf({
      t,
      s,
      p,
      paBits: 52,
      gptbr: 0n,
      words: { [String(8n * BigInt(index0))]: table | 3n, [String(table + 8n * BigInt(index1))]: entry1 },
    });
    expect(answer(world, pa, index % 2 === 0 ? 'RT' : 'NS')).toBe('none');
    expect(answer(world, pa, index % 2 === 0 ? 'NS' : 'RT')).toBe('gpf 1 13');
    expect(wrong).toEqual([]);
  });
});

describe('every bit of every entry', () => {
  test('a Block with any RES0 bit set is a walk fault of level 0', () => {
    for (let bit = 0; bit < 64; bit++) {
      const wanted = bit >= 4 && bit < 8 ? undefined : 'walk 0 4';
      const got = answer(worldOf({ words: { [L0]: 0xf1n ^ (1n << BigInt(bit)) } }), 0n);
      agree(bit, wanted === undefined || got === wanted, true);
    }
    expect(wrong).toEqual([]);
  });

  test.each([30, 34, 36, 39].flatMap((s) => [12, 14, 16].map((p) => [s, p] as const)))(
    'a Table under entries of %i bits for granules of %i bits: each RES0 and alignment bit is a walk fault, address bits above PPS an address size fault',
    (s, p) => {
      const low = s - p - 2;
      const table = 1n << 35n;
      for (let bit = 0; bit < 64; bit++) {
        const entry = (table | 3n) ^ (1n << BigInt(bit));
        const world = worldOf({ s, p, t: 40, words: { [L0]: entry, [String(entry & 0xf_ffff_ffff_f000n)]: all } });
        const wanted =
          bit < 4 || bit > 51 ? 'walk 0 4' : bit <= Math.max(low, 11) ? 'walk 0 4' : bit >= 40 ? 'size 0 0' : 'none';
        // Bit 1 turns it into a Block with an address in it: invalid as well.
        agree([bit, s, p], answer(world, 0n), wanted);
      }
      expect(wrong).toEqual([]);
    },
  );

  test('a Contiguous entry with any RES0 bit, or size 0, is a walk fault of level 1', () => {
    for (let bit = 10; bit < 64; bit++) agree(bit, answer(withEntry(0x1f1n | (1n << BigInt(bit))), 0n), 'walk 1 5');
    for (const size of [0n, 1n, 2n, 3n])
      expect(answer(withEntry(0xf1n | (size << 8n)), 0n)).toBe(size === 0n ? 'walk 1 5' : 'none');
    expect([...contigBits]).toEqual([undefined, 21, 25, 29]);
    expect(wrong).toEqual([]);
  });

  test('a Granules entry is judged by all sixteen GPIs, whichever is selected', () => {
    for (let place = 0n; place < 16n; place++) {
      for (let code = 0n; code < 16n; code++) {
        const entry = (0xbbbb_bbbb_bbbb_bbbbn & ~(0xfn << (4n * place))) | (code << (4n * place));
        for (const granule of [0n, place, 15n]) answer(withEntry(entry), granule << 12n, 'RL');
      }
    }
    expect(answer(withEntry(0x1bbb_bbbb_bbbb_bbbbn), 0n, 'RL')).toBe('walk 1 5');
    expect(wrong).toEqual([]);
  });

  test.each(spaces)('every GPI code in a Block, a Contiguous and a Granules entry, for every state: PAS %s', (pas) => {
    const setups: Setup[] = [];
    for (const gpc2 of [false, true])
      for (const gdi of gpc2 ? [false, true] : [false])
        for (const sel2 of [false, true])
          for (const on of [0, 1])
            setups.push({ gpc2, gdi, sel2, fields: { NSO: on, SA: on, NSP: on, NA6: on, NA7: on } });
    for (const setup of setups) {
      for (let code = 0n; code < 16n; code++) {
        for (const state of spaces) {
          answer(worldOf({ ...setup, words: { [L0]: 1n | (code << 4n) } }), 0n, pas, state);
          const words = { [L0]: TABLE, '0x80020008': all };
          answer(worldOf({ ...setup, words: { ...words, [L1]: 0x101n | (code << 4n) } }), 0n, pas, state);
          answer(worldOf({ ...setup, words: { ...words, [L1]: code * 0x1111_1111_1111_1111n } }), 0n, pas, state);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('with FEAT_RME_GDI an invalid partner is a walk fault, from both sides of the pair; without it nobody looks', () => {
    const words = { [L0]: TABLE, [L1]: all, '0x80020008': 0x3n, '0x80020010': all };
    for (const gdi of [false, true]) {
      const world = worldOf({ gpc2: true, gdi, words });
      expect([0n, 0x1_0000n, 0x2_0000n].map((pa) => answer(world, pa))).toEqual(
        gdi ? ['walk 1 5', 'walk 1 5', 'none'] : ['none', 'walk 1 5', 'none'],
      );
    }
    const paired = worldOf({ gpc2: true, gdi: true, words: { ...words, '0x80020008': all, '0x80020018': all } });
    expect([0n, 0x1_0000n, 0x2_0000n].map((pa) => answer(paired, pa))).toEqual(['none', 'none', 'none']);
    expect(wrong).toEqual([]);
  });
});

describe('registers', () => {
  const block = { [L0]: 0xf1n };

  test('every value of the low 16 bits of GPCCR_EL3 is valid or not as the second opinion says, with and without GPC3', () => {
    for (const gpc3 of [false, true]) {
      const world = worldOf({ gpc2: gpc3, gpc3, paBits: 52, words: block });
      const gpc = bench.gpcFor(world);
      for (let low = 0; low < 0x1_0000; low += 1) {
        // The PAS bits in the middle have tests of their own.
        if ((low & 0xf0) !== 0) continue;
        const gpccr = (world.gpccr & ~0xffffn) | BigInt(low);
        gpc.reset();
        gpc.setRegisters({ gpccr, gptbr: world.gptbr, gpcbw: 0n });
        const wanted = granuleProtectionCheck({ ...world, gpccr }, 0n, 'RL', 'RL');
        agree([gpc3, low], answerOf(gpc, 0n, 'RL', 'RL'), wordsOf(wanted));
      }
    }
    expect(wrong).toEqual([]);
  });

  test('bits of absent extensions have no effect, whatever is written', () => {
    const base = worldOf({ words: block });
    for (let bit = 0; bit < 64; bit++) {
      const field = bit < 3 || (bit >= 8 && bit < 17) || (bit >= 20 && bit < 24);
      const gpccr = base.gpccr | (1n << BigInt(bit));
      const got = field ? 'none' : answer({ ...base, gpccr, gpcbw: all }, 0n, 'RL');
      agree(bit, got, 'none');
    }
    expect(wrong).toEqual([]);
  });

  test('all ones in every register is an invalid configuration, not a crash', () => {
    for (const [gpc2, gpc3] of [[false, false], [true, false], [true, true]] as const) {
      const world = { ...worldOf({ gpc2, gpc3, gdi: gpc2 }), gpccr: all, gptbr: all, gpcbw: all };
      for (const pa of [0n, (1n << 48n) - 1n, (1n << 56n) - 1n]) expect(answerOf(bench.gpcFor(world), pa, 'NS', 'NS')).toBe('walk 0 4');
      const off = { ...world, gpccr: all & ~(1n << 16n) };
      expect(answerOf(bench.gpcFor(off), (1n << 56n) - 1n, 'RT', 'RT')).toBe('none');
    }
    expect(wrong).toEqual([]);
  }); // prettier-ignore

  test('reserved L0GPTSZ values, which no machine has, are an invalid configuration', () => {
    for (let code = 0; code < 16; code++) {
      const wanted = [0, 4, 6, 9].includes(code) ? 'none' : 'walk 0 4';
      agree(code, answerOf(bench.gpcFor(worldOf({ fields: { L0GPTSZ: code }, words: block })), 0n, 'RL', 'RL'), wanted);
    }
    expect(wrong).toEqual([]);
  });

  test('a granule that neither stage of translation has is an invalid configuration', () => {
    const problems = [12, 14, 16].map((p) => {
      const { gpccr, gptbr, gpcbw } = worldOf({ p });
      return decodeGptConfig({ gpccr, gptbr, gpcbw }, baseFeatures, 48).problem;
    });
    expect(problems).toEqual([undefined, 'pgs-unsupported', 'pgs-unsupported']);
    expect(wrong).toEqual([]);
  });

  test('a protected space larger than the machine is refused; one that is as large is not', () => {
    for (const t of [32, 36, 40, 42, 44, 48, 52]) {
      for (const paBits of [32, 36, 40, 42, 44, 48, 52]) {
        agree(
          [t, paBits],
          answer(worldOf({ t, paBits, gptbr: 0n, words: { '0x0': 0xf1n } }), 0n, 'RL'),
          t > paBits ? 'walk 0 4' : 'none',
        );
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('known traps, by their numbers', () => {
  test('1: PGS 0b01 is 64 KiB and 0b10 is 16 KiB', () => {
    const mixed = 0xbbbb_bbbb_bbbb_bb9bn;
    const ask = (PGS: number, pa: bigint): string => answer(withEntry(mixed, { fields: { PGS } }), pa, 'NS');
    expect([ask(1, 0xffffn), ask(1, 0x1_0000n), ask(1, 0x1_ffffn)]).toEqual(['gpf 1 13', 'none', 'none']);
    expect([ask(2, 0x3fffn), ask(2, 0x4000n), ask(2, 0x7fffn)]).toEqual(['gpf 1 13', 'none', 'none']);
    expect(ask(2, 0x8000n)).toBe('gpf 1 13');
    expect(wrong).toEqual([]);
  });

  test('2 and 3: a space no larger than a level 0 entry has one entry, at any address', () => {
    for (const s of [34, 36, 39]) {
      const world = worldOf({ t: 32, s, words: { [L0]: 0x91n } });
      for (const pa of [0n, 0x7fff_ffffn, 0xffff_ffffn]) agree([s, pa], answer(world, pa), 'none');
      agree(s, answer(world, 0n, 'RL'), 'gpf 0 12');
    }
    expect(level0Align(32, 39)).toBe(4096);
    expect(wrong).toEqual([]);
  });

  test('4: alignment bits of GPTBR are masked; those of an entry are faults', () => {
    const world = worldOf({ gptbr: 0x8_0001n, words: { [L0]: 0xf1n } });
    expect(answer(world, 0n)).toBe('none');
    expect(answer(worldOf({ words: { [L0]: TABLE | 0x1000n } }), 0n)).toBe('walk 0 4');
    expect(wrong).toEqual([]);
  });

  test('5: one reserved GPI among sixteen spoils the entry', () => {
    expect(answer(withEntry(0x9999_9999_9999_9929n), 0xf000n)).toBe('walk 1 5');
    expect(wrong).toEqual([]);
  });

  test('6: a table above PPS is an address size fault, a misaligned one a walk fault, and one that is both a walk fault', () => {
    const entries = [(1n << 40n) | 3n, TABLE | 0x1000n, (1n << 40n) | 0x1003n];
    expect(entries.map((word) => answer(worldOf({ words: { [L0]: word } }), 0n))).toEqual([
      'size 0 0',
      'walk 0 4',
      'walk 0 4',
    ]);
    expect(wrong).toEqual([]);
  });

  test('7: above PPS is open to Non-secure and a GPF of level 0 to the others, even with garbage in GPTBR', () => {
    const world = worldOf({ gptbr: all });
    expect(spaces.map((pas) => answer(world, 1n << 40n, pas))).toEqual(['gpf 0 12', 'none', 'gpf 0 12', 'gpf 0 12']);
    expect(spaces.map((pas) => answer(worldOf({ gpc2: true, fields: { APPSAA: 1 } }), 1n << 47n, pas))).toEqual([
      'none',
      'none',
      'none',
      'none',
    ]);
    expect(answer(worldOf({ gptbr: 1n << 28n }), 0n)).toBe('size 0 0');
    expect(wrong).toEqual([]);
  });

  test('8: a reserved GPI is a walk fault of the level at which it stands', () => {
    expect(answer(worldOf({ words: { [L0]: 0x31n } }), 0n)).toBe('walk 0 4');
    expect(answer(withEntry(0x131n), 0n)).toBe('walk 1 5');
    expect(answer(withEntry(0x3n), 0n)).toBe('walk 1 5');
    expect(wrong).toEqual([]);
  });

  test('9: the match is on the PAS; only NSO looks at the state', () => {
    const realm = worldOf({ words: { [L0]: 0xb1n } });
    expect([answer(realm, 0n, 'RT', 'RT'), answer(realm, 0n, 'RL', 'RT')]).toEqual(['gpf 0 12', 'none']);
    const nso = worldOf({ gpc2: true, fields: { NSO: 1 }, words: { [L0]: 0xd1n } });
    expect(spaces.map((state) => answer(nso, 0n, 'NS', state))).toEqual(['gpf 0 12', 'none', 'none', 'gpf 0 12']);
    expect(wrong).toEqual([]);
  });

  test('10: fetches of tables are not checked, but they can meet nothing', () => {
    // The tables say No access of themselves and are read all the same.
    expect(answer(worldOf({ words: { [L0]: 0xf1n, '0x80000010': 0x01n } }), 0n)).toBe('none');
    expect(answer(worldOf({ words: { [L0]: 0xf1n }, aborts: [0x8000_0000n] }), 0n)).toBe('eabt 0 20');
    expect(answer(worldOf({ words: { [L0]: TABLE }, aborts: [0x8002_0000n] }), 0n)).toBe('eabt 1 21');
    expect(wrong).toEqual([]);
  });

  test('13: a Contiguous entry is found at the index that the address selects, and nowhere else', () => {
    const world = worldOf({ words: { [L0]: TABLE, [L1]: 0x1f1n } });
    expect(answer(world, 0xffffn)).toBe('none');
    // The next entry is zero: sixteen granules without access, although the first one claims 2 MiB. Nothing is held here.
    expect(answerOf(bench.gpcFor(world), 0x1_0000n, 'NS', 'NS')).toBe('gpf 1 13');
    expect(wrong).toEqual([]);
  });

  test('14: enabling with an older configuration held needs TLBI PAALL', () => {
    const world = worldOf({ words: { [L0]: 0xb1n } });
    const gpc = bench.gpcFor({ ...world, gpccr: world.gpccr & ~(1n << 16n) });
    expect(answerOf(gpc, 0n, 'NS', 'NS')).toBe('none');
    gpc.setRegisters({ gpccr: world.gpccr });
    expect(answerOf(gpc, 0n, 'NS', 'NS')).toBe('none');
    gpc.invalidate('paall');
    expect(answerOf(gpc, 0n, 'NS', 'NS')).toBe('gpf 0 12');
    expect(wrong).toEqual([]);
  });

  test('15 and 16: addresses and entries of 52 bits and more do not fit shifts of 32', () => {
    const top = (1n << 52n) - 1n;
    const table = 0xf_ffff_fffe_0000n;
    const words = {
      [String(0x10_0000_0000n + 8n * (top >> 30n))]: table | 3n,
      [String(table + 0x1_fff8n)]: 0x9bbb_bbbb_bbbb_bbbbn,
    };
    const world = worldOf({ t: 52, paBits: 52, gptbr: 0x100_0000n, words });
    expect([answer(world, top, 'NS'), answer(world, top, 'RL'), answer(world, top - 0x1000n, 'RL')]).toEqual([
      'none',
      'gpf 1 13',
      'none',
    ]);
    const wide = worldOf({
      gpc2: true,
      gpc3: true,
      t: 56,
      s: 39,
      paBits: 56,
      gptbr: 0xfff_0000_0000n,
      words: { [String((0xfff_0000_0000n << 12n) + 8n * (((1n << 56n) - 1n) >> 39n))]: 0x91n },
    });
    expect([
      answer(wide, (1n << 56n) - 1n),
      answer(wide, (1n << 56n) - 1n, 'RL'),
      answer(wide, (1n << 56n) - (1n << 39n) - 1n),
    ]).toEqual(['none', 'gpf 0 12', 'walk 0 4']);
    expect(wrong).toEqual([]);
  });
});

describe('bypass windows', () => {
  test('every stride and size code is valid or not as the second opinion says, for aligned, odd and too large bases', () => {
    for (let stride = 0n; stride < 32n; stride++) {
      for (let size = 0n; size < 8n; size++) {
        for (const base of [0n, 1n, 1n << size, 1n << (10n + stride), (1n << (10n + stride)) - (1n << size)]) {
          const gpcbw = (base & 0x3ff_ffffn) | (stride << 32n) | (size << 37n);
          const world = worldOf({
            gpc2: true,
            gpc3: true,
            t: 56,
            s: 39,
            paBits: 56,
            gptbr: 0n,
            gpcbw,
            fields: { GPCBW: 1 },
          });
          const start = (gpcbw & 0x3ff_ffffn) << 30n;
          for (const pa of [
            0n,
            start - 1n,
            start,
            start + (1n << (30n + size)) - 1n,
            start + (1n << (30n + size)),
            start + (1n << (40n + stride)),
          ])
            if (pa >= 0n && pa >> 56n === 0n) answer(world, pa, 'RL');
        }
      }
    }
    const world = worldOf({ gpc2: true, gpc3: true, gpcbw: 2n | (1n << 37n), fields: { GPCBW: 1 } });
    expect([0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n].map((pa) => answer(world, pa, 'RL'))).toEqual([
      'walk 0 4',
      'none',
      'none',
      'walk 0 4',
    ]);
    expect(GB).toBe(0x4000_0000);
    expect(wrong).toEqual([]);
  });
});
