// Bit layouts: GPCCR_EL3, TLBI operands, syndromes, function identifiers, register slots.
import { describe, expect, test } from 'vitest';
import { baseFeatures } from '../../src/arch/features.ts';
import {
  blockWord,
  contiguousWord,
  decodeGptConfig,
  decodeLevel0,
  decodeLevel1,
  gpccrField,
  gpccrFields,
  type GpccrField,
  gpccrValue,
  gpcsc,
  granuleGpi,
  granulesWord,
} from '../../src/arch/gpt.ts';
import {
  PC_SLOT,
  PSTATE_SLOT,
  SLOT_COUNT,
  el1Slots,
  isSysReg,
  readOnly,
  slotOf,
  sysRegRow,
  sysRegs,
  WORLD_AND_EL1_SLOTS,
  WORLD_SLOTS,
} from '../../src/arch/registers.ts';
import { Fid, fidOf, parseFid, signed, smcName, version } from '../../src/arch/smccc.ts';
import { Ec, Fsc, Iss, ecName, ecOf, esr, gpcscShift, hpfar, issOf, mfar } from '../../src/arch/syndrome.ts';
import { decodeTlbiRange, tlbiRangeOperand } from '../../src/arch/tlbi.ts';
import { Pas } from '../../src/arch/world.ts';

describe('GPCCR_EL3', () => {
  const layout: Readonly<Record<GpccrField, readonly [number, number]>> = {
    PPS: [0, 3], PPS3: [3, 1], RLPAD: [5, 1], NSPAD: [6, 1], SPAD: [7, 1], IRGN: [8, 2], ORGN: [10, 2], SH: [12, 2], PGS: [14, 2], GPC: [16, 1],
    GPCP: [17, 1], TBGPCD: [18, 1], NSO: [19, 1], L0GPTSZ: [20, 4], APPSAA: [24, 1], SA: [25, 1], NSP: [26, 1], NA6: [27, 1], NA7: [28, 1],
    GPCBW: [29, 1],
  }; // prettier-ignore

  test('every field has the bits of the manual, and no bit belongs to two', () => {
    expect(gpccrFields).toEqual(layout);
    let used = 0n;
    for (const name of Object.keys(layout) as GpccrField[]) {
      const [at, width] = layout[name];
      const mask = ((1n << BigInt(width)) - 1n) << BigInt(at);
      expect([name, used & mask]).toEqual([name, 0n]);
      used |= mask;
      expect(gpccrValue({ [name]: 2 ** width - 1 })).toBe(mask);
      // What does not fit stays out of the neighbours.
      expect(gpccrValue({ [name]: 0xff }) & ~mask).toBe(0n);
      expect(gpccrField(0xffff_ffff_ffff_ffffn ^ mask, name)).toBe(0);
    }
    expect(used).toBe(0x3fff_ffefn);
  });
});

describe('descriptor words', () => {
  const config = decodeGptConfig(
    { gpccr: gpccrValue({ PPS: 2, GPC: 1, SH: 3, IRGN: 1, ORGN: 1 }), gptbr: 0n, gpcbw: 0n },
    baseFeatures,
    48,
  );

  test('what is written as Block, Contiguous or Granules is read as that', () => {
    for (const gpi of [0, 8, 9, 10, 11, 15]) {
      expect(decodeLevel0(config, blockWord(gpi), 0)).toEqual({ kind: 'block', gpi });
      for (const spanBits of [21, 25, 29])
        expect(decodeLevel1(config, contiguousWord(gpi, spanBits), 0)).toEqual({ kind: 'contiguous', gpi, spanBits });
      const half = granulesWord(gpi);
      expect(decodeLevel1(config, half, half)).toEqual({ kind: 'granules' });
      for (let i = 0; i < 16; i++) expect(granuleGpi(half, half, i)).toBe(gpi);
    }
    expect([9, 11, 15].map(granulesWord)).toEqual([0x9999_9999, 0xbbbb_bbbb, 0xffff_ffff]);
    expect([blockWord(15), contiguousWord(9, 21), contiguousWord(9, 29)]).toEqual([0xf1, 0x191, 0x391]);
  });

  test('words are read alike as signed and as unsigned halves', () => {
    expect(decodeLevel1(config, 0x9999_9999 | 0, 0xbbbb_bbbb | 0)).toEqual({ kind: 'granules' });
    expect(Array.from({ length: 16 }, (_, i) => granuleGpi(0x7654_3210, 0xfedc_ba98 | 0, i))).toEqual(
      Array.from({ length: 16 }, (_, i) => i),
    );
    expect(decodeLevel0(config, 0xffff_e003 | 0, 0)).toEqual({ kind: 'invalid' });
    expect(decodeLevel0(config, 0xfffe_0003 | 0, 0x000f_ffff)).toEqual({ kind: 'table', tableFrame: 0xff_ffff_ffe0 });
  });
});

describe('TLBI by PA', () => {
  const sizes = [12, 14, 16, 21, 25, 29, 30, 34, 36, 39];
  const granules = [12, 16, 14];

  test('every SIZE with every PGS, aligned and not', () => {
    for (let size = 0; size < 16; size++) {
      for (let pgs = 0; pgs < 4; pgs++) {
        const granule = granules[pgs];
        const named = sizes[size];
        const base = 0x18_0000_0000 / 4096;
        const xt = (BigInt(size) << 44n) | BigInt(base * 4096);
        const lastFrame = base * 4096 + 2 ** (Math.max(named ?? 0, granule ?? 0) - 12) - 1;
        const found = { required: true, firstFrame: base * 4096, lastFrame, lastLevelOnly: false };
        const why = granule === undefined ? 'pgs' : named === undefined ? 'size' : undefined;
        const wanted = why === undefined ? found : { required: false, why };
        expect([size, pgs, decodeTlbiRange('rpaos', xt, pgs, 52)]).toEqual([size, pgs, wanted]);
      }
    }
  });

  test('operands come back as what they were made of, up to the last bit of 52 and of 56', () => {
    for (const bits of sizes) {
      for (const paBits of [52, 56]) {
        const frame = 2 ** (paBits - 12) - 2 ** (bits - 12);
        expect(decodeTlbiRange('rpalos', tlbiRangeOperand(frame, bits), 0, paBits)).toEqual({
          required: true,
          firstFrame: frame,
          lastFrame: 2 ** (paBits - 12) - 1,
          lastLevelOnly: true,
        });
      }
    }
  });

  test('address bits below the granule are ignored, above the machine nothing is required, [63:48] say nothing', () => {
    expect(decodeTlbiRange('rpaos', 0xfn, 1, 52)).toEqual({
      required: true,
      firstFrame: 0,
      lastFrame: 15,
      lastLevelOnly: false,
    });
    expect(decodeTlbiRange('rpaos', 0x3n, 2, 52)).toEqual({
      required: true,
      firstFrame: 0,
      lastFrame: 3,
      lastLevelOnly: false,
    });
    expect(decodeTlbiRange('rpaos', 0x4n, 1, 52)).toMatchObject({ required: true, firstFrame: 0 });
    expect(decodeTlbiRange('rpaos', 0x10n | (3n << 44n), 0, 52)).toEqual({ required: false, why: 'align' });
    expect(decodeTlbiRange('rpaos', 1n << 36n, 0, 48)).toEqual({ required: false, why: 'pa' });
    expect(decodeTlbiRange('rpaos', (1n << 40n) | 5n, 0, 52)).toMatchObject({ firstFrame: 5 });
    expect(decodeTlbiRange('rpaos', (1n << 40n) | 5n, 0, 56)).toMatchObject({ firstFrame: 2 ** 40 + 5 });
    expect(decodeTlbiRange('rpaos', 0xffff_0000_0000_0007n, 0, 52)).toMatchObject({ firstFrame: 7, lastFrame: 7 });
  });
});

describe('syndromes', () => {
  test.each([
    ['NS EL1 store to a Realm granule, level 1', 0x003_4068, (gpcsc('gpf', 1) << gpcscShift) | Iss.WnR | Fsc.gpf],
    ['NS EL1 load, level 0 block forbids', 0x003_0028, (gpcsc('gpf', 0) << gpcscShift) | Fsc.gpf],
    ['fetch, level 1 entry invalid', 0x011_4028, Iss.InD | (gpcsc('walk', 1) << gpcscShift) | Fsc.gpf],
    [
      'load at EL0, stage 2 level 3 descriptor in a forbidden granule',
      0x023_4027,
      Iss.S2PTW | (gpcsc('gpf', 1) << gpcscShift) | Fsc.gpfOnWalk(3),
    ],
  ])('%s', (_, wanted, iss) => {
    expect(iss).toBe(wanted);
    const value = esr(Ec.Gpc, iss);
    expect(value).toBe(0x7a00_0000n | BigInt(wanted));
    expect([ecOf(value), issOf(value), ecName(ecOf(value))]).toEqual([0x1e, wanted, 'Gpc']);
  });

  test('codes of table fetches and of GPT faults are those of the manual', () => {
    expect([-1, 0, 1, 2, 3].map(Fsc.gpfOnWalk)).toEqual([0x23, 0x24, 0x25, 0x26, 0x27]);
    expect((['size', 'walk', 'gpf', 'eabt'] as const).map((kind) => [gpcsc(kind, 0), gpcsc(kind, 1)])).toEqual([
      [0, 1],
      [4, 5],
      [12, 13],
      [20, 21],
    ]);
    expect(ecName(0x3f)).toBe('EC_3f');
  });

  test('MFAR_EL3 and HPFAR_EL2 hold 44 bits of frame, and the space in the two top bits as NS, NSE', () => {
    const frame = 2 ** 44 - 1;
    expect([Pas.Secure, Pas.Root, Pas.NonSecure, Pas.Realm].map((pas) => mfar(0, pas) >> 62n)).toEqual([
      0n,
      1n,
      2n,
      3n,
    ]);
    expect(mfar(frame, Pas.Secure)).toBe(0x00ff_ffff_ffff_f000n);
    expect(hpfar(frame)).toBe(0xffff_ffff_fff0n);
  });
});

describe('function identifiers', () => {
  test('names and numbers belong together, both ways', () => {
    const fids = Object.values(Fid);
    expect(new Set(fids).size).toBe(fids.length);
    for (const [name, fid] of Object.entries(Fid)) {
      expect(parseFid(name)).toBe(fid);
      expect(smcName(BigInt(fid))).toBe(name);
    }
    for (const name of ['', 'RMI_NOTHING', 'constructor', '__proto__', 'rmi_version'])
      expect(parseFid(name)).toBeUndefined();
  });

  test('only W0 counts, and the SVE hint only in fast calls', () => {
    const rmi = BigInt(Fid.RMI_VERSION);
    expect(fidOf(rmi | 0xffff_ffff_0000_0000n)).toBe(Fid.RMI_VERSION);
    expect(fidOf(rmi | 0x1_0000n)).toBe(Fid.RMI_VERSION);
    expect(smcName(rmi | 0x1_0000n)).toBe('RMI_VERSION');
    expect(fidOf(0x0001_0001n)).toBe(0x1_0001);
    expect(smcName(0n)).toBe('0x00000000');
    expect(smcName(0xffff_ffff_ffff_ffffn)).toBe('0xfffeffff');
  });

  test('results are 64-bit values', () => {
    expect([signed(-1), signed(-22), signed(5)]).toEqual([2n ** 64n - 1n, 2n ** 64n - 22n, 5n]);
    expect(version(1, 5)).toBe(0x1_0005n);
  });
});

describe('registers', () => {
  test('every register has a slot of its own inside the file, and no encoding names two', () => {
    const slots = sysRegs.map(slotOf);
    expect(new Set(slots).size).toBe(sysRegs.length);
    expect([Math.min(...slots), Math.max(...slots)]).toEqual([31, PC_SLOT - 1]);
    expect([PC_SLOT, PSTATE_SLOT, SLOT_COUNT]).toEqual([31 + slots.length, 32 + slots.length, 33 + slots.length]);
    expect(SLOT_COUNT).toBeLessThanOrEqual(512);
    const encodings = sysRegs.flatMap((name) =>
      sysRegRow(name).encoding === undefined ? [] : [String(sysRegRow(name).encoding)],
    );
    expect(new Set(encodings).size).toBe(encodings.length);
  });

  test('what EL3 switches between worlds comes first, then what goes with it to and from Secure', () => {
    const between = (from: number, to: number): string[] =>
      sysRegs.filter((name) => slotOf(name) >= from && slotOf(name) < to);
    expect(between(31, WORLD_SLOTS)).toEqual(sysRegs.filter((name) => sysRegRow(name).perWorld));
    expect(between(WORLD_SLOTS, WORLD_AND_EL1_SLOTS).map(slotOf as (name: string) => number)).toEqual(el1Slots);
  });

  test('op1 of an encoding says from which EL a register is reached', () => {
    const lowest: Readonly<Record<number, number>> = { 0: 1, 3: 0, 4: 2, 6: 3 };
    const different = sysRegs.filter((name) => {
      const row = sysRegRow(name);
      return row.encoding !== undefined && lowest[row.encoding[1]] !== row.el;
    });
    // SP_EL1 is written with op1 = 4: EL1 uses it as SP. SP_EL2 likewise.
    expect(different).toEqual([]);
  });

  test('the registers of granule protection have the encodings of the manual and are of EL3', () => {
    const row = (name: 'gpccr_el3' | 'gptbr_el3' | 'gpcbw_el3' | 'mfar_el3'): unknown => [
      sysRegRow(name).el,
      sysRegRow(name).encoding,
    ];
    expect([row('gpccr_el3'), row('gptbr_el3'), row('gpcbw_el3'), row('mfar_el3')]).toEqual([
      [3, [3, 6, 2, 1, 6]],
      [3, [3, 6, 2, 1, 4]],
      [3, [3, 6, 2, 1, 5]],
      [3, [3, 6, 6, 0, 5]],
    ]);
    expect([...readOnly].every(isSysReg)).toBe(true);
    expect(['toString', 'x0', 'SP_EL1', ''].some(isSysReg)).toBe(false);
  });
});
