// Accesses to Unprotected memory that the Host emulates: every size, signed and not, into W and X registers and XZR.
// RMM 1.0 sections 7.4 and 7.6.

import { describe, expect, it } from 'vitest';
import { Flag, Lab, SHARED, STOPPED, fields, hpfarOf, load, record, store } from './realm-lab.ts';

const AT = SHARED + 0x5678;
const PATTERN = 0x8182_8384_85f6_f7f8n;
const ISV = 1n << 24n;
const translation = (level: number): bigint => (0x24n << 26n) | BigInt(0b000100 + level);
const sizes = [
  [1, 0],
  [2, 1],
  [4, 2],
  [8, 3],
] as const;

describe('a load from a device of the Host', () => {
  const cases = sizes.flatMap(([size, sas]) =>
    [false, true].flatMap((signed) =>
      (signed ? [false, true] : [size !== 8]).flatMap((isW) =>
        [3, 30, 31].map((reg) => ({ size, sas, signed, isW, reg })),
      ),
    ),
  );

  it.each(cases)(
    'of $size bytes, signed $signed, into a W register $isW, number $reg, gets what the Host gives',
    (c) => {
      const { size, sas, signed, isW, reg } = c;
      if (size === 8 && signed) return;
      const lab = new Lab({ guests: [[load(AT, size, { reg, ...(signed ? { signed: true, isW } : {}) })]] });
      const first = lab.enter();
      const sf = size === 8 || (signed && !isW) ? 1n << 15n : 0n;
      const esr = translation(1) | ISV | (BigInt(sas) << 22n) | sf;
      expect(fields(first.exit)).toEqual(fields(record({ esr, hpfar: hpfarOf(AT), far: BigInt(AT % 4096) })));
      const { pc } = lab.rec();
      const before = lab.rec().regs.slice();
      const second = lab.enter({ flags: Flag.emulMmio, gprs: [PATTERN] });
      expect(second.exit).toEqual(STOPPED);
      expect(lab.rec().pc).toBe(pc + 8n);
      const bits = size * 8;
      const sized = signed ? BigInt.asIntN(bits, PATTERN) : BigInt.asUintN(bits, PATTERN);
      const expected = BigInt.asUintN(sf === 0n ? 32 : 64, sized);
      // The guest's next call loads X0 to X17 itself.
      const changed = [...lab.rec().regs].flatMap((value, n) => (n > 17 && value !== before[n] ? [[n, value]] : []));
      expect(changed).toEqual(reg === 30 ? [[30, expected]] : []);
      const told = lab.seen[0]?.[0];
      expect(told).toMatchObject({ kind: 'done', value: reg === 31 ? 0n : expected });
    },
  );
});

describe('a store to a device of the Host', () => {
  it.each(sizes.flatMap(([size, sas]) => [3, 30, 31].map((reg) => ({ size, sas, reg }))))(
    'of $size bytes from register $reg shows the Host that many bytes of it',
    ({ size, sas, reg }) => {
      const lab = new Lab({ guests: [[store(AT, PATTERN, size, { reg })]] });
      const { exit } = lab.enter();
      const esr = translation(1) | ISV | (BigInt(sas) << 22n) | (size === 8 ? 1n << 15n : 0n) | (1n << 6n);
      const shown = reg === 31 ? 0n : BigInt.asUintN(size * 8, PATTERN);
      expect(fields(exit)).toEqual(fields(record({ esr, hpfar: hpfarOf(AT), far: BigInt(AT % 4096), gprs: [shown] })));
      const before = lab.rec().regs.slice(18, 31);
      expect(lab.enter({ flags: Flag.emulMmio, gprs: [77n] }).exit).toEqual(STOPPED);
      expect(lab.rec().regs.slice(18, 31)).toEqual(before);
    },
  );
});

describe('an access that cannot be emulated', () => {
  it.each([
    ['without a syndrome', load(AT, 4)],
    ['of two registers', load(AT - 8, 16, { reg: 3 })],
  ] as const)('%s shows the page and the level, and nothing else', (_, action) => {
    const lab = new Lab({ guests: [[action]] });
    expect(fields(lab.enter().exit)).toEqual(fields(record({ esr: translation(1), hpfar: hpfarOf(AT) })));
    expect(lab.enter({ flags: Flag.emulMmio })).toMatchObject({ status: 'RMI_ERROR_REC', index: 0 });
  });

  it('leaves the level at which the walk ended in the status code', () => {
    const lab = new Lab({ guests: [[load(AT, 4)]] });
    lab.do(lab.host.mapTables(lab.realm, SHARED, 3));
    expect(fields(lab.enter().exit)).toEqual(fields(record({ esr: translation(3), hpfar: hpfarOf(AT) })));
  });
});

describe('emul_mmio', () => {
  const mmio = [load(AT, 4, { reg: 5 })];

  it('without it the access is made again', () => {
    const lab = new Lab({ guests: [mmio] });
    const first = lab.enter();
    const { pc } = lab.rec();
    expect(lab.enter()).toEqual(first);
    expect(lab.rec().pc).toBe(pc);
    const page = lab.host.pool.take();
    lab.do(lab.host.share(lab.realm, SHARED + 0x5000, page));
    lab.driver.write(page + 0x678, 0x1_0000_0007n);
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(lab.seen[0]?.[0]).toMatchObject({ kind: 'done', value: 7n });
  });

  it('is an error after a failed entry that changed nothing, until the mark is used', () => {
    const lab = new Lab({ guests: [mmio] });
    lab.enter();
    expect(lab.enter({ hcr: 1n << 8n }).status).toBe('RMI_ERROR_REC');
    expect(lab.enter({ flags: Flag.emulMmio, gprs: [9n] }).exit).toEqual(STOPPED);
    expect(lab.enter({ flags: Flag.emulMmio, gprs: [9n] }).status).toBe('RMI_ERROR_REC');
  });

  it('is an error at the first entry', () => {
    expect(new Lab({ guests: [mmio] }).enter({ flags: Flag.emulMmio }).status).toBe('RMI_ERROR_REC');
  });
});
