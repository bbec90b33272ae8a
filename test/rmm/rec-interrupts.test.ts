// List Registers, virtual interrupts, physical interrupts and the timers of a REC. RMM 1.0 sections 7.3 and 7.9.

import { describe, expect, it } from 'vitest';
import type { Action, Outcome, Script } from '../../src/arch/action.ts';
import { slotOf } from '../../src/arch/registers.ts';
import { scriptImage } from '../../src/guest/image.ts';
import { isGicValid } from '../../src/rmm/enter-record.ts';
import { ENTRY, Flag, Lab, RAM, STOPPED, fields, load, record, smc } from './realm-lab.ts';

const State = { pending: 1n << 62n, active: 2n << 62n, both: 3n << 62n } as const;
const HW = 1n << 61n;
const GROUP1 = 1n << 60n;
const EOI = 1n << 41n;
const priority = (value: bigint): bigint => value << 48n;
const states = Object.entries(State);

describe('the values that a Host gives its virtual GIC', () => {
  const check = (lrs: readonly bigint[], gicHcr = 0n, count = 16): boolean =>
    isGicValid({ gicHcr, lrs: BigUint64Array.from({ length: 16 }, (_, n) => lrs[n] ?? 0n) }, count);

  const hcrBits = Array.from({ length: 64 }, (_, bit) => [bit, [1, 2, 3, 4, 5, 6, 7, 14].includes(bit)] as const);
  it.each(hcrBits)('bit %i of ICH_HCR_EL2 may be set: %s', (bit, isFine) => {
    expect(check([], 1n << BigInt(bit))).toBe(isFine);
  });

  it.each(states)('HW is refused in state %s, and in none', (_, state) => {
    expect([check([state | HW]), check([HW]), check([0n, 0n, HW | 5n])]).toEqual([false, false, false]);
  });

  it.each(states)('of pINTID only the EOI bit may be set in state %s', (_, state) => {
    for (let bit = 32n; bit <= 44n; bit++) expect([bit, check([state | (1n << bit)])]).toEqual([bit, bit === 41n]);
    for (const bit of [45n, 46n, 47n, 56n, 59n, 60n]) expect(check([state | (1n << bit)])).toBe(true);
    expect(check([0x1fffn << 32n])).toBe(true);
  });

  it.each(states)('the three low bits of a priority are not there in state %s', (_, state) => {
    for (let value = 0n; value < 256n; value++) expect(check([state | priority(value)])).toBe(value % 8n === 0n);
    expect(check([priority(7n)])).toBe(true);
  });

  it.each(states)('vINTID is 0 to 1019 or 8192 to 65535 in state %s', (_, state) => {
    const valid = [0n, 15n, 31n, 32n, 1019n, 8192n, 8193n, 65_535n];
    const invalid = [1020n, 1023n, 1024n, 1056n, 1119n, 4096n, 5119n, 8191n, 65_536n, 0xff_ffffn, 0xffff_ffffn];
    expect(valid.filter((id) => !check([state | id]))).toEqual([]);
    expect(invalid.filter((id) => check([state | id]))).toEqual([]);
    expect(invalid.filter((id) => !check([id]))).toEqual([]);
  });

  it('an interrupt is only in one List Register, unless the others are free', () => {
    for (const [, a] of states) for (const [, b] of states) expect(check([a | 40n, 0n, b | 40n])).toBe(false);
    expect(check([State.pending | 40n, 40n, State.active | 41n])).toBe(true);
    expect(check([...Array.from({ length: 15 }, () => 0n), State.pending | HW])).toBe(false);
  });

  it('List Registers that the feature register does not name are not looked at', () => {
    expect(check([0n, 0n, HW], 0n, 2)).toBe(true);
    expect(check([0n, HW, HW], 0n, 2)).toBe(false);
  });

  it.each([
    ...states.map(([name, state]) => [`HW in state ${name}`, { lrs: [state | HW | 32n] }] as const),
    ['bit 8 of hcr', { hcr: 1n << 8n }],
    ['bit 11 of hcr', { hcr: 1n << 11n }],
    ['a bad last List Register', { lrs: [...Array.from({ length: 15 }, () => 0n), State.pending | 1020n] }],
  ] as const)('%s: RMI_ERROR_REC, and the REC stays as it was', (_, how) => {
    const lab = new Lab({ guests: [[]] });
    const before = JSON.stringify(lab.rec().state(), (__, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(lab.enter(how)).toMatchObject({ status: 'RMI_ERROR_REC', index: 0 });
    const after = JSON.stringify(lab.rec().state(), (__, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(after).toBe(before);
    expect(lab.enter().exit).toEqual(STOPPED);
  });

  it('what is valid is given back where nothing acknowledges it', () => {
    const lab = new Lab({ guests: [[]] });
    const lrs = [State.pending | GROUP1 | priority(0xa0n) | 27n, State.active | 40n, State.both | EOI | 8192n, 0x1234n];
    // No interrupt may be delivered: the Realm has not enabled its interface. VGrp1D, VGrp0D and NP could hold; U does not.
    const { exit } = lab.enter({ lrs, hcr: 0x40fen });
    expect(fields(exit)).toEqual(fields(record({ reason: 3, gprs: [0xc400_0001n], lrs, hcr: 0x40fen, misr: 0xa0n })));
    const { rec } = lab.vcpu();
    expect(lab.machine.rmm.recs.get(rec)?.lrs.slice(0, 4)).toEqual(lrs);
  });
});

const msr = (reg: string, value: bigint): Action => ({ op: 'msr', reg, value }) as Action;
const mrs = (reg: string): Action => ({ op: 'mrs', reg }) as Action;
const VBAR = 0x8000n;
const unmask: readonly Action[] = [msr('spsr_el1', 0x5n), msr('elr_el1', 0x6000n), { op: 'eret' }];
const enable: readonly Action[] = [msr('vbar_el1', VBAR), msr('icc_pmr_el1', 0xffn), msr('icc_igrpen1_el1', 1n)];
const LR = State.pending | GROUP1 | priority(0xa0n) | 27n;
const VMCR = (0xf8n << 24n) | 2n;
const value = (outcome: Outcome | undefined): bigint | undefined =>
  outcome?.kind === 'done' ? outcome.value : undefined;
const stopped = (named: object = {}) => record({ reason: 3, gprs: [0xc400_0001n], ...named });

describe('a virtual interrupt', () => {
  it('is taken when PSTATE.I is clear, acknowledged and ended; the List Register follows', () => {
    const handler = [
      mrs('icc_rpr_el1'),
      mrs('icc_iar1_el1'),
      mrs('icc_rpr_el1'),
      { op: 'wfe' },
      msr('icc_eoir1_el1', 27n),
      mrs('icc_iar1_el1'),
      { op: 'eret' },
    ] as const;
    const lab = new Lab({ guests: [[...enable, ...unmask, load(RAM, 8), ...handler, load(RAM, 8)]] });
    const first = lab.enter({ lrs: [LR], flags: Flag.trapWfe });
    // Active while the handler runs.
    const active = (LR & ~State.pending) | State.active;
    expect(fields(first.exit)).toEqual(fields(record({ esr: (1n << 26n) | 1n, lrs: [active], vmcr: VMCR })));
    expect(lab.seen[0]?.[6]).toMatchObject({
      kind: 'exception',
      exception: { interrupt: 'irq', from: 1, elr: 0x6000n },
    });
    expect(lab.seen[0]?.slice(7, 10).map(value)).toEqual([0xffn, 27n, 0xa0n]);
    const second = lab.enter({ lrs: [active] });
    expect(fields(second.exit)).toEqual(fields(stopped({ lrs: [LR & ~State.pending], vmcr: VMCR })));
    expect(lab.seen[0]?.slice(11, 15).map(value)).toEqual([0n, 1023n, 0n, 0n]);
    expect(lab.rec().pc).toBe(0x6000n + 8n);
  });

  it('goes to the IRQ vector of the same EL, masks, and ERET unmasks', () => {
    const lab = new Lab({ guests: [[...enable, ...unmask, load(RAM, 8), { op: 'wfi' }]] });
    lab.enter({ lrs: [LR], flags: Flag.trapWfi });
    // WFI does not wait while something is pending, masked or not: here the interrupt was taken, and nothing acknowledges it.
    expect([lab.rec().pc, lab.rec().pstate]).toEqual([VBAR + 0x280n + 8n, 0x3c5n]);
  });

  it('of group 0 is a virtual FIQ', () => {
    const lab = new Lab({
      guests: [
        [
          ...enable,
          msr('icc_igrpen0_el1', 1n),
          ...unmask,
          load(RAM, 8),
          mrs('icc_iar1_el1'),
          mrs('icc_hppir0_el1'),
          mrs('icc_iar0_el1'),
          msr('icc_eoir0_el1', 27n),
        ],
      ],
    });
    const lr = LR & ~GROUP1;
    const { exit } = lab.enter({ lrs: [lr] });
    expect(lab.seen[0]?.[7]).toMatchObject({ kind: 'exception', exception: { interrupt: 'fiq' } });
    expect(lab.seen[0]?.slice(8, 11).map(value)).toEqual([1023n, 27n, 27n]);
    expect(fields(exit)).toEqual(fields(stopped({ lrs: [lr & ~State.pending], vmcr: VMCR | 1n })));
    expect(lab.rec().pc).toBe(VBAR + 0x300n + 0x14n);
  });

  it('in EL0 is taken to EL1, whose script hears of it', () => {
    const told: Outcome[] = [];
    const lab = new Lab({
      guests: [
        function* el1(): Script {
          for (const action of enable) yield action;
          yield msr('spsr_el1', 0n);
          yield msr('elr_el1', 0x5000n);
          yield mrs('icc_hppir1_el1');
          told.push(yield { op: 'eret' });
          for (;;) yield smc(0xc400_0001);
        },
      ],
      scripts: {
        *el0(): Script {
          yield load(RAM, 8);
        },
      },
      layout: { images: [{ ipa: 0x5000, bytes: scriptImage('el0') }] },
    });
    lab.enter({ lrs: [LR] });
    expect(told).toMatchObject([{ kind: 'exception', exception: { interrupt: 'irq', from: 0, elr: 0x5000n } }]);
    expect(lab.rec().pc).toBe(VBAR + 0x480n + 4n);
  });

  it.each([
    ['PSTATE.I is set', [...enable]],
    ['its group is off', [msr('icc_pmr_el1', 0xffn), ...unmask]],
    ['the mask is not above it', [...enable, msr('icc_pmr_el1', 0xa0n), ...unmask]],
    ['nothing is enabled', [...unmask]],
  ] as const)('waits while %s', (_, actions) => {
    const lab = new Lab({ guests: [[...actions, load(RAM, 8), load(RAM, 8)]] });
    const { exit } = lab.enter({ lrs: [LR] });
    expect(lab.seen[0]?.every(({ kind }) => kind === 'done')).toBe(true);
    expect(new DataView(exit.buffer).getBigUint64(0x308, true)).toBe(LR);
  });

  it('of the lowest priority number comes first, and a less urgent one waits for the end of it', () => {
    const lrs = [
      State.pending | GROUP1 | priority(0xa0n) | 40n,
      State.pending | GROUP1 | priority(0x20n) | 41n,
      State.pending | GROUP1 | priority(0x80n) | 42n,
    ];
    const reads = [
      mrs('icc_iar1_el1'),
      mrs('icc_iar1_el1'),
      msr('icc_eoir1_el1', 41n),
      mrs('icc_iar1_el1'),
      msr('icc_eoir1_el1', 42n),
      mrs('icc_iar1_el1'),
      msr('icc_eoir1_el1', 40n),
      mrs('icc_iar1_el1'),
    ];
    const lab = new Lab({ guests: [[...enable, ...reads]] });
    const { exit } = lab.enter({ lrs });
    expect(lab.seen[0]?.slice(3, 11).map(value)).toEqual([41n, 1023n, 0n, 42n, 0n, 40n, 0n, 1023n]);
    expect(fields(exit)).toEqual(fields(stopped({ lrs: lrs.map((lr) => lr & ~State.pending), vmcr: VMCR })));
  });

  it('that is pending and active only loses its active state', () => {
    const lab = new Lab({
      guests: [[...enable, mrs('icc_iar1_el1'), { op: 'wfe' }, msr('icc_eoir1_el1', 27n), mrs('icc_iar1_el1')]],
    });
    lab.enter({ lrs: [LR], flags: Flag.trapWfe });
    const { exit } = lab.enter({ lrs: [LR | State.both] });
    expect(lab.seen[0]?.slice(5, 7).map(value)).toEqual([0n, 27n]);
    expect(fields(exit)).toEqual(fields(stopped({ lrs: [(LR & ~State.pending) | State.active], vmcr: VMCR })));
  });

  it('that no List Register has any more is counted, and the maintenance status says so', () => {
    const lab = new Lab({ guests: [[...enable, mrs('icc_iar1_el1'), { op: 'wfe' }, msr('icc_eoir1_el1', 27n)]] });
    lab.enter({ lrs: [LR], flags: Flag.trapWfe });
    const { exit } = lab.enter({ hcr: 0b1110n });
    expect(fields(exit)).toEqual(fields(stopped({ hcr: (1n << 27n) | 0b1110n, misr: 0b1110n, vmcr: VMCR })));
    expect(fields(lab.enter().exit)).toEqual(fields(stopped({ vmcr: VMCR })));
    const lpi = new Lab({ guests: [[...enable, mrs('icc_iar1_el1'), { op: 'wfe' }, msr('icc_eoir1_el1', 8192n)]] });
    lpi.enter({ lrs: [LR], flags: Flag.trapWfe });
    expect(fields(lpi.enter().exit)).toEqual(fields(stopped({ vmcr: VMCR })));
  });

  it('with EOImode 1 is ended in two steps, and the Host can have the second one', () => {
    const vmcr = VMCR | (1n << 9n);
    const steps = [
      msr('icc_ctlr_el1', 2n),
      mrs('icc_iar1_el1'),
      msr('icc_eoir1_el1', 27n),
      { op: 'wfe' } as const,
      msr('icc_dir_el1', 27n),
    ];
    const lab = new Lab({ guests: [[...enable, ...steps]] });
    const active = (LR & ~State.pending) | State.active;
    expect(fields(lab.enter({ lrs: [LR], flags: Flag.trapWfe }).exit)).toEqual(
      fields(record({ esr: (1n << 26n) | 1n, lrs: [active], vmcr })),
    );
    const esr = (0x18n << 26n) | (1n << 25n) | 0x32_3016n;
    const trapped = lab.enter({ lrs: [active], hcr: 1n << 14n });
    expect(fields(trapped.exit)).toEqual(fields(record({ esr, gprs: [27n], lrs: [active], hcr: 1n << 14n, vmcr })));
    expect(lab.enter({ lrs: [active] }).exit).toEqual(stopped({ lrs: [active], vmcr }));
    const other = new Lab({ guests: [[...enable, ...steps]] });
    other.enter({ lrs: [LR], flags: Flag.trapWfe });
    expect(other.enter({ lrs: [active] }).exit).toEqual(stopped({ lrs: [LR & ~State.pending], vmcr }));
  });

  it('of the Host, in a List Register that it wrote itself, never reaches a Realm', () => {
    const lab = new Lab({ guests: [[...enable, mrs('icc_hppir1_el1'), mrs('icc_iar1_el1')]] });
    for (const reg of ['ich_lr0_el2', 'ich_lr15_el2'] as const) lab.driver.perform({ op: 'msr', reg, value: LR });
    lab.driver.perform(msr('ich_hcr_el2', 1n));
    const { exit } = lab.enter();
    expect(lab.seen[0]?.slice(3, 5).map(value)).toEqual([1023n, 1023n]);
    expect(fields(exit)).toEqual(fields(stopped({ vmcr: VMCR })));
    expect([lab.driver.mrs('ich_lr0_el2'), lab.driver.mrs('ich_lr15_el2')]).toEqual([0n, 0n]);
    lab.enter({ lrs: [LR | 1n] });
    expect(lab.driver.mrs('ich_lr0_el2')).toBe(0n);
  });

  it('asks for maintenance where the Host wants to know of its end', () => {
    const lr = LR | EOI;
    const lab = new Lab({ guests: [[...enable, mrs('icc_iar1_el1'), msr('icc_eoir1_el1', 27n)]] });
    const { exit } = lab.enter({ lrs: [lr] });
    expect(fields(exit)).toEqual(fields(stopped({ lrs: [lr & ~State.pending], misr: 1n, vmcr: VMCR })));
  });

  it('reaches the registers of the interface as they are written', () => {
    const regs = ['icc_pmr_el1', 'icc_bpr0_el1', 'icc_bpr1_el1', 'icc_igrpen0_el1', 'icc_igrpen1_el1', 'icc_ctlr_el1'];
    const writes = regs.map((reg) => msr(reg, 0xffn));
    const lab = new Lab({
      guests: [
        [
          ...regs.map(mrs),
          msr('icc_bpr0_el1', 0n),
          msr('icc_bpr1_el1', 0n),
          mrs('icc_bpr0_el1'),
          mrs('icc_bpr1_el1'),
          ...writes,
          ...regs.map(mrs),
        ],
      ],
    });
    lab.enter();
    expect(lab.seen[0]?.slice(0, 6).map(value)).toEqual([0n, 2n, 3n, 0n, 0n, 0x400n]);
    expect(lab.seen[0]?.slice(8, 10).map(value)).toEqual([2n, 3n]);
    expect(lab.seen[0]?.slice(16, 22).map(value)).toEqual([0xf8n, 7n, 7n, 1n, 1n, 0x403n]);
  });
});

describe('a physical interrupt', () => {
  it('ends a run that makes no calls, whatever PSTATE.I says, and before the next instruction', () => {
    const lab = new Lab({
      guests: [
        function* busy(): Script {
          for (;;) yield load(RAM, 8);
        },
      ],
    });
    const { rec, run } = lab.vcpu();
    const pe = lab.machine.pes[0]!;
    lab.driver.write(run, 0);
    expect(() => lab.driver.perform(smc(0xc400_015c, rec, run))).toThrow('NO_RETURN');
    expect([pe.el, lab.rec().isRunning]).toEqual([1, true]);
    const { pc } = pe;
    pe.raise('irq');
    lab.machine.step(pe);
    expect([pe.el, lab.rec().isRunning]).toEqual([2, false]);
    expect(lab.rec().pc).toBe(pc);
    expect(lab.bytes(run + 0x800, 0x800)).toEqual(record({ reason: 1 }));
    expect([lab.driver.mrs('icc_iar1_el1'), lab.driver.mrs('icc_iar1_el1')]).toEqual([32n, 1023n]);
  });

  it('that is pending at the entry ends it before any instruction, until the Host has taken it', () => {
    const lab = new Lab({ guests: [[load(RAM, 8)]] });
    const pe = lab.machine.pes[0]!;
    pe.raise('irq');
    for (let n = 0; n < 3; n++) expect(lab.enter().exit).toEqual(record({ reason: 1 }));
    expect([lab.seen[0]?.length, lab.rec().pc]).toEqual([0, BigInt(ENTRY)]);
    pe.lower('irq');
    expect(lab.enter().exit).toEqual(STOPPED);
  });

  it('keeps the virtual ones that wait, and what the Realm has set', () => {
    const lab = new Lab({ guests: [[...enable, { op: 'wfe' }]] });
    lab.enter({ flags: Flag.trapWfe });
    lab.machine.pes[0]?.raise('fiq');
    expect(fields(lab.enter({ lrs: [LR], hcr: 8n }).exit)).toEqual(
      fields(record({ reason: 2, lrs: [LR], hcr: 8n, vmcr: VMCR })),
    );
  });
});

describe('a timer of the Realm', () => {
  const far = 0xffff_ffff_ffffn;

  it.each([
    ['virtual', 'cntv', 0x410],
    ['physical', 'cntp', 0x400],
  ] as const)('the %s one: every exit reports it, and a change of its output ends the run', (_, name, at) => {
    const ctl = `${name}_ctl_el0`;
    const cval = `${name}_cval_el0`;
    const body = [
      msr(cval, far),
      msr(ctl, 1n),
      mrs(ctl),
      { op: 'wfe' } as const,
      msr(cval, 1n),
      load(RAM, 8),
      load(RAM, 8),
      mrs(ctl),
      msr(ctl, 3n),
      mrs(ctl),
      smc(0xc400_0190, 0x1_0000n),
      load(RAM, 8),
    ];
    const lab = new Lab({ guests: [body] });
    const timer = (exit: Uint8Array): readonly bigint[] => [
      new DataView(exit.buffer).getBigUint64(at, true),
      new DataView(exit.buffer).getBigUint64(at + 8, true),
    ];
    const first = lab.enter({ flags: Flag.trapWfe });
    expect([first.exit[0], timer(first.exit), value(lab.seen[0]?.[2])]).toEqual([0, [1n, far], 1n]);
    // CVAL in the past: the output rises, and the Realm does not get to the next instruction.
    const second = lab.enter();
    expect([second.exit[0], timer(second.exit), lab.seen[0]?.length]).toEqual([1, [5n, 1n], 5]);
    // It stays masked, so that the Realm gets on; its IMASK lowers the output, and the next call tells.
    const third = lab.enter();
    expect(value(lab.seen[0]?.[7])).toBe(5n);
    expect([third.exit[0], timer(third.exit), value(lab.seen[0]?.[9])]).toEqual([1, [7n, 1n], 7n]);
    const fourth = lab.enter();
    expect([fourth.exit[0], timer(fourth.exit)]).toEqual([3, [7n, 1n]]);
    const version = lab.seen[0]?.[10];
    expect(version?.kind === 'done' ? version.x.slice(0, 3) : version).toEqual([0n, 0x1_0000n, 0x1_0000n]);
  });

  it('that has risen between two runs ends the next one before it begins', () => {
    const soon = msr('cntv_cval_el0', 0n);
    const lab = new Lab({ guests: [[msr('cntv_ctl_el0', 3n), soon, { op: 'wfe' }, load(RAM, 8)]] });
    lab.enter({ flags: Flag.trapWfe });
    const rec = lab.rec();
    // As if IMASK had been clear and the time had come while the Host ran.
    rec.setReg(slotOf('cntv_ctl_el0'), 1n);
    const seen = lab.seen[0]?.length;
    expect(fields(lab.enter().exit)).toEqual(fields(record({ reason: 1, cntv: [5n, 0n] })));
    expect(lab.seen[0]?.length).toBe(seen);
    expect(fields(lab.enter().exit)).toEqual(fields(stopped({ cntv: [5n, 0n] })));
  });

  it('is not the timer of the Host, whose own stays as it was', () => {
    const lab = new Lab({ guests: [[msr('cntv_cval_el0', 99n), msr('cntv_ctl_el0', 3n)]] });
    const pe = lab.machine.pes[0]!;
    pe.set('cntv_cval_el0', 1234n);
    lab.enter();
    expect([pe.get('cntv_cval_el0'), pe.get('cntv_ctl_el0')]).toEqual([1234n, 0n]);
  });

  it('wakes the Realm from a wait that is not trapped: time passes until then', () => {
    const at = 1n << 30n;
    const lab = new Lab({
      guests: [[msr('cntv_cval_el0', at), msr('cntv_ctl_el0', 1n), { op: 'wfi' }, mrs('cntvct_el0')]],
    });
    expect(fields(lab.enter().exit)).toEqual(fields(record({ reason: 1, cntv: [5n, at] })));
    expect(lab.machine.time).toBeGreaterThan(Number(at));
    expect(lab.enter().exit).toEqual(stopped({ cntv: [5n, at] }));
    expect(value(lab.seen[0]?.[3])).toBeGreaterThan(at);
  });

  it('wakes it under the scheduler as well, and a wait that nothing ends is idle', () => {
    const at = 1n << 30n;
    const actions = [
      msr('cntp_cval_el0', at),
      msr('cntp_ctl_el0', 1n),
      { op: 'wfi' } as const,
      msr('cntp_ctl_el0', 3n),
      { op: 'wfi' } as const,
    ];
    const lab = new Lab({
      guests: [actions],
      scripts: {
        *host(args): Script {
          const { rec, run } = args as { readonly rec: number; readonly run: number };
          for (let n = 0; n < 2; n++) yield smc(0xc400_015c, rec, run);
        },
      },
    });
    const { rec, run } = lab.vcpu();
    lab.driver.write(run, 0);
    const { machine } = lab;
    machine.install({ world: 1, el: 2, entry: machine.pes[0]!.pc, script: 'host', args: { rec, run } });
    expect(machine.run(10_000)).toBe('idle');
    expect([machine.time > Number(at), machine.pes[0]?.el, lab.rec().isRunning, lab.seen[0]?.length]).toEqual([
      true,
      1,
      true,
      4,
    ]);
  });

  it('counts what the machine counts', () => {
    const lab = new Lab({ guests: [[mrs('cntvct_el0'), mrs('cntpct_el0')]] });
    lab.enter();
    const [a, b] = (lab.seen[0] ?? []).map(value) as [bigint, bigint];
    expect([b - a, a <= BigInt(lab.machine.time)]).toEqual([1n, true]);
  });
});
