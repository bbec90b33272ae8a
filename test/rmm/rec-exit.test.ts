// Every reason for an exit, with all that the Host may see of it; and what of either side's registers the other finds.
// RMM 1.0 sections 7.2, 7.5, 7.6 and 7.8.

import { describe, expect, it } from 'vitest';
import { scriptImage } from '../../src/guest/image.ts';
import { injectSea } from '../../src/rmm/rec-run.ts';
import { rmi } from '../../src/host/abi.ts';
import type { Action, Outcome, Script } from '../../src/arch/action.ts';
import { type SysReg, el1Slots, slotOf, sysRegs } from '../../src/arch/registers.ts';
import {
  ENTRY,
  Flag,
  Lab,
  RAM,
  Rsi,
  SHARED,
  STOPPED,
  UNBACKED,
  dataAbort,
  fields,
  hpfarOf,
  load,
  record,
  smc,
  store,
} from './realm-lab.ts';

const unknown = { kind: 'fault', fault: { el: 1, esr: 1n << 25n, ec: 0 } } as const;
/** Bits that the Host never gets to see, anywhere. */
const SECRET = 0x5ec2_e75e_c2e7_0000n;

describe('an exit shows the Host exactly', () => {
  // prettier-ignore
  const cases: readonly (readonly [string, Action, Parameters<typeof record>[0], number?])[] = [
    ['a trapped WFI',           { op: 'wfi' },                             { esr: 0x01n << 26n }, Flag.trapWfi],
    ['a trapped WFE',           { op: 'wfe' },                             { esr: (0x01n << 26n) | 1n }, Flag.trapWfe],
    ['PSCI_CPU_SUSPEND',        smc(0xc400_0001, SECRET, SECRET, SECRET),  { reason: 3, gprs: [0xc400_0001n] }],
    ['PSCI_CPU_SUSPEND, 32',    smc(0x8400_0001, SECRET),                  { reason: 3, gprs: [0x8400_0001n] }],
    ['PSCI_CPU_OFF',            smc(0x8400_0002, SECRET),                  { reason: 3, gprs: [0x8400_0002n] }],
    ['PSCI_SYSTEM_OFF',         smc(0x8400_0008, SECRET),                  { reason: 3, gprs: [0x8400_0008n] }],
    ['PSCI_SYSTEM_RESET',       smc(0x8400_0009, SECRET),                  { reason: 3, gprs: [0x8400_0009n] }],
    ['PSCI_CPU_ON',             smc(0xc400_0003, 1n, 0x1000, SECRET),      { reason: 3, gprs: [0xc400_0003n, 1n] }],
    ['PSCI_AFFINITY_INFO',      smc(0xc400_0004, 1n, 0, SECRET),           { reason: 3, gprs: [0xc400_0004n, 1n] }],
    ['RSI_IPA_STATE_SET',       smc(Rsi.IPA_STATE_SET, RAM, RAM + 0x3000, 1n, SECRET), { reason: 4, ripas: [BigInt(RAM), BigInt(RAM + 0x3000), 1] }],
    ['a missing page',          load(UNBACKED, 8),                         { esr: dataAbort(7), hpfar: hpfarOf(UNBACKED) }],
    ['a missing page with a register', store(UNBACKED, SECRET, 8, { reg: 3 }), { esr: dataAbort(7), hpfar: hpfarOf(UNBACKED) }],
    ['ICC_SGI1R_EL1',           { op: 'msr', reg: 'icc_sgi1r_el1', value: 0x1234_5678n, rt: 9 }, { esr: (0x18n << 26n) | (1n << 25n) | 0x3a_3016n | (9n << 5n), gprs: [0x1234_5678n] }],
    ['ICC_SGI0R_EL1',           { op: 'msr', reg: 'icc_sgi0r_el1', value: 5n, rt: 30 }, { esr: (0x18n << 26n) | (1n << 25n) | 0x3e_3016n | (30n << 5n), gprs: [5n] }],
    ['ICC_SGI0R_EL1 from XZR',  { op: 'msr', reg: 'icc_sgi0r_el1', value: 5n, rt: 31 }, { esr: (0x18n << 26n) | (1n << 25n) | 0x3e_3016n | (31n << 5n), gprs: [0n] }],
  ];

  const withFlags = cases.map(([name, action, named, flags = 0]) => [name, action, named, flags] as const);
  it.each(withFlags)('%s', (_, action, named, flags) => {
    const lab = new Lab({ guests: [hidden(action), []] });
    const { exit, status } = lab.enter({ flags });
    expect([status, fields(exit)]).toEqual(['RMI_SUCCESS', fields(record(named))]);
    expect(exit).toEqual(record(named));
  });

  it('RSI_HOST_CALL: the structure, and no register', () => {
    const gprs = Array.from({ length: 31 }, (_, n) => BigInt(n + 1) * 0x1_0000_0001n);
    const stores = gprs.map((value, n) => store(RAM + 8 + 8 * n, value));
    const lab = new Lab({
      guests: [[store(RAM, 0xabcd_ef01_beefn), ...stores, ...registersFull, smc(Rsi.HOST_CALL, RAM, SECRET)]],
    });
    expect(fields(lab.enter().exit)).toEqual(fields(record({ reason: 5, imm: 0xbeef, gprs })));
  });

  it.each([
    ['irq', { reason: 1 }],
    ['fiq', { reason: 2 }],
    ['serror', { reason: 6, esr: 0x2fn << 26n }],
  ] as const)('an %s: the reason and the class', (what, named) => {
    const lab = new Lab({ guests: [hidden({ op: 'wfe' })] });
    lab.machine.pes[0]?.raise(what);
    expect(lab.enter().exit).toEqual(record(named));
  });
});

const registersFull: readonly Action[] = [
  { op: 'msr', reg: 'tpidr_el1', value: SECRET },
  { op: 'msr', reg: 'vbar_el1', value: SECRET },
];

/** A guest that has a secret in every register that an SMC does not carry arguments in. */
const hidden = (action: Action) =>
  function* guest(): Script {
    yield smc(0xc400_0190, 0x1_0000n, ...Array.from({ length: 16 }, () => SECRET));
    for (const each of registersFull) yield each;
    yield action;
    for (;;) yield smc(0xc400_0001);
  };

describe('registers', () => {
  const host = (lab: Lab): readonly bigint[] => [...(lab.machine.pes[0]?.x ?? [])];
  const el1: readonly SysReg[] = sysRegs.filter((name) => el1Slots.includes(slotOf(name)) || name === 'sp_el0');

  it('of the Host at EL1 and EL0 survive a run, and the Realm begins with its own', () => {
    const found: Outcome[] = [];
    const names = el1.filter((name) => !['sp_el1', 'cntp_ctl_el0', 'cntv_ctl_el0'].includes(name));
    const lab = new Lab({ guests: [names.map((reg) => ({ op: 'mrs', reg }) as const)] });
    const pe = lab.machine.pes[0]!;
    for (const [n, name] of el1.entries()) pe.set(name, name.endsWith('_ctl_el0') ? 2n : 0x1_0000n * BigInt(n + 1));
    const before = el1.map((name) => pe.get(name));
    lab.enter();
    expect(el1.map((name) => pe.get(name))).toEqual(before);
    found.push(...(lab.seen[0]?.slice(0, names.length) ?? []));
    const values = found.map((outcome, n) => [names[n], outcome.kind === 'done' ? outcome.value : 'fault']);
    expect(values).toEqual(names.map((name) => [name, name === 'sctlr_el1' ? 0x30d5_0980n : 0n]));
  });

  it('of the Realm do not show in any register of the Host', () => {
    const lab = new Lab({ guests: [hidden({ op: 'wfi' })] });
    // Twice, so that what the first call leaves in X0 to X17 is the same.
    lab.enter({ flags: Flag.trapWfi });
    const lab2 = new Lab({ guests: [[{ op: 'wfi' }]] });
    lab2.enter({ flags: Flag.trapWfi });
    const [secretive, plain] = [host(lab), host(lab2)];
    expect(secretive).toEqual(plain);
    expect(secretive.filter((value) => value === SECRET)).toEqual([]);
  });

  it('X5 to X30 of the Host are what they were before the call, and X1 to X4 zero, X4 kept', () => {
    const lab = new Lab({ guests: [hidden({ op: 'wfi' })] });
    const { rec, run } = lab.vcpu();
    lab.driver.write(run, Flag.trapWfi);
    const x = Array.from({ length: 31 }, (_, n) => 0x1000n + BigInt(n));
    const given = [0xc400_015cn, BigInt(rec), BigInt(run), ...x.slice(3)];
    const outcome = lab.driver.perform({ op: 'smc', x: given });
    const after = host(lab).slice(0, 31);
    expect(outcome.kind).toBe('done');
    expect(after).toEqual([0n, 0n, 0n, 0n, ...x.slice(4)]);
  });

  it('of the Realm survive an exit and a run on another PE', () => {
    const values = el1.filter((name) => !['sp_el1', 'cntp_ctl_el0', 'cntv_ctl_el0'].includes(name));
    const sets = values.map((reg, n) => ({ op: 'msr', reg, value: 0x800n * BigInt(n + 1) }) as const);
    const gets = values.map((reg) => ({ op: 'mrs', reg }) as const);
    const valueOf = (name: SysReg): bigint => 0x800n * BigInt(values.indexOf(name) + 1);
    const carry = Array.from({ length: 17 }, (_, n) => BigInt(n) + 0x77_0000n);
    const actions: readonly Action[] = [
      ...sets,
      smc(Rsi.VERSION, 0x1_0000n, ...carry.slice(1)),
      { op: 'wfi' },
      ...gets,
    ];
    const lab = new Lab({ guests: [actions] });
    const other = startOther(lab);
    lab.enter({ flags: Flag.trapWfi });
    const before = lab.rec().regs.slice();
    const pe1 = [...(lab.machine.pes[1]?.x ?? [])];
    const { exit } = lab.enter({}, 0, other);
    const cvals = { cntp: [0n, valueOf('cntp_cval_el0')], cntv: [0n, valueOf('cntv_cval_el0')] } as const;
    expect(exit).toEqual(record({ reason: 3, gprs: [0xc400_0001n], ...cvals }));
    const read = lab.seen[0]?.slice(-gets.length - 1, -1) ?? lab.seen[0];
    const told = lab.seen[0]?.slice(sets.length + 2, sets.length + 2 + gets.length) ?? [];
    expect(read?.length).toBeGreaterThan(0);
    expect(told.map((outcome) => (outcome.kind === 'done' ? outcome.value : 'fault'))).toEqual(
      sets.map(({ value }) => value),
    );
    expect(lab.rec().regs.slice(18)).toEqual(before.slice(18));
    expect([...(lab.machine.pes[1]?.x ?? [])].slice(5, 31)).toEqual(pe1.slice(5, 31));
  });
});

/** Turns PE 1 on and hands it to the test. */
function startOther(lab: Lab) {
  lab.driver.smc('PSCI_CPU_ON64', 0x100n, 0x8850_0000n, 0n);
  lab.machine.settle(lab.machine.pes[1]!);
  return lab.machine.driver(1);
}

describe('an instruction that only the Realm hears of', () => {
  it('is an SMC that nobody knows: -1, and the registers behind stay', () => {
    const lab = new Lab({
      guests: [[smc(0xc400_019f, 1, 2, 3, 4), smc(0x8400_0060, 1), smc(0x0, 5), smc(0x8000_0000)]],
    });
    expect(lab.enter().exit).toEqual(STOPPED);
    const x = lab.seen[0]?.map((outcome) => (outcome.kind === 'done' ? outcome.x.slice(0, 5) : []));
    const none = 0xffff_ffff_ffff_ffffn;
    expect(x?.slice(0, 4)).toEqual([
      [none, 1n, 2n, 3n, 4n],
      [none, 1n, 0n, 0n, 0n],
      [none, 5n, 0n, 0n, 0n],
      [0x1_0002n, 0n, 0n, 0n, 0n],
    ]);
  });

  it('is HVC: an Unknown exception at the HVC itself', () => {
    const lab = new Lab({
      guests: [
        [
          { op: 'msr', reg: 'far_el1', value: 7n },
          { op: 'hvc', imm: 3 },
          { op: 'mrs', reg: 'elr_el1' },
          { op: 'mrs', reg: 'far_el1' },
        ],
      ],
    });
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(lab.seen[0]?.slice(1, 4)).toMatchObject([unknown, { value: BigInt(ENTRY) + 4n }, { value: 7n }]);
  });

  it('is a read of an ID register: what the machine has, without what a Realm is not told', () => {
    const lab = new Lab({
      guests: [
        [
          { op: 'mrs', reg: 'id_aa64pfr0_el1', rt: 20 },
          { op: 'mrs', reg: 'id_aa64mmfr0_el1', rt: 21 },
          { op: 'mrs', reg: 'mpidr_el1' },
        ],
      ],
    });
    const pe = lab.machine.pes[0]!;
    pe.set('id_aa64pfr0_el1', pe.get('id_aa64pfr0_el1') | (1n << 44n) | (2n << 40n) | (1n << 32n));
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(lab.seen[0]?.slice(0, 3)).toMatchObject([
      { kind: 'done', value: 0x0010_0000_01ff_1111n },
      { kind: 'done', value: pe.get('id_aa64mmfr0_el1') },
      { kind: 'done', value: 0x8000_0000n },
    ]);
    expect(lab.rec().x(20)).toBe(0x0010_0000_01ff_1111n);
  });

  it('is a write of ICC_ASGI1R_EL1, which does nothing', () => {
    const lab = new Lab({ guests: [[{ op: 'msr', reg: 'icc_asgi1r_el1', value: 1n }]] });
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(lab.seen[0]?.[0]).toMatchObject({ kind: 'done' });
  });

  it.each(['gptbr_el3', 'vttbr_el2', 'sp_el1', 'icc_iar1_el1', 'ich_hcr_el2'] as const)(
    'is %s, which EL1 cannot write',
    (reg) => {
      const lab = new Lab({ guests: [[{ op: 'msr', reg, value: 1n }]] });
      expect(lab.enter().exit).toEqual(STOPPED);
      expect(lab.seen[0]?.[0]).toMatchObject(unknown);
    },
  );

  it('is a WFE that is not trapped: a hint', () => {
    const lab = new Lab({ guests: [[{ op: 'wfe' }]] });
    expect(lab.enter({ flags: Flag.trapWfi }).exit).toEqual(STOPPED);
  });

  it('is a WFI that is not trapped: the PE waits until an interrupt', () => {
    const lab = new Lab({ guests: [[{ op: 'wfi' }]] });
    expect(() => lab.enter({ flags: Flag.trapWfe })).toThrow('SMC RMI_REC_ENTER came back as moved');
    const [pe] = lab.machine.pes;
    expect([pe?.isWaiting, pe?.el]).toEqual([true, 1]);
    pe?.raise('irq');
    lab.machine.step(pe!);
    expect(lab.bytes(lab.vcpu().run + 0x800, 0x800)).toEqual(record({ reason: 1 }));
  });
});

describe('a trapped wait', () => {
  it('goes on behind the instruction, and traps only for the entry that says so', () => {
    const lab = new Lab({ guests: [[{ op: 'wfe' }, { op: 'wfi' }, { op: 'wfe' }]] });
    const flags = Flag.trapWfi | Flag.trapWfe;
    expect(lab.enter({ flags }).exit).toEqual(record({ esr: (1n << 26n) | 1n }));
    expect(lab.rec().pc).toBe(BigInt(ENTRY) + 4n);
    expect(lab.enter({ flags }).exit).toEqual(record({ esr: 1n << 26n }));
    expect(lab.enter({ flags: Flag.trapWfi }).exit).toEqual(STOPPED);
  });
});

describe('a Synchronous External Abort that the Host injects', () => {
  const at = SHARED + 0x1008;
  const vbar = 0x4000n;
  const cases = [
    ['a load', load(at, 4, { reg: 9 }), (1n << 24n) | (2n << 22n) | (9n << 16n)],
    ['a store', store(at, 1n, 8, { reg: 10 }), (1n << 24n) | (3n << 22n) | (10n << 16n) | (1n << 15n) | 64n],
    ['a load without a syndrome', load(at, 16), 0n],
  ] as const;

  it.each(cases)('at %s is taken at EL1 at the instruction, with what EL2 found', (_, action, iss) => {
    const names = ['esr_el1', 'far_el1', 'elr_el1', 'spsr_el1'] as const;
    const reads = names.map((reg) => ({ op: 'mrs', reg }) as const);
    const lab = new Lab({ guests: [[{ op: 'msr', reg: 'vbar_el1', value: vbar }, { op: 'wfe' }, action, ...reads]] });
    lab.enter();
    const [{ pc, pstate }] = [lab.rec()];
    expect(pc).toBe(BigInt(ENTRY) + 8n);
    expect(lab.enter({ flags: Flag.injectSea | Flag.emulMmio, gprs: [5n] }).exit).toEqual(STOPPED);
    const told = lab.seen[0]?.slice(3, 7).map((outcome) => (outcome.kind === 'done' ? outcome.value : undefined));
    expect(told).toEqual([(0x25n << 26n) | (1n << 25n) | iss | 0x210n, BigInt(at), pc, pstate]);
    expect(lab.seen[0]?.[2]).toMatchObject({ kind: 'fault', fault: { el: 1, ec: 0x25, fsc: 0x10 } });
  });

  it.each([
    ['EL1h', 0x6000_0005n, 0x200n, 0x25n],
    ['EL1t', 0x8000_0004n, 0n, 0x25n],
    ['EL0', 0x1000_0000n, 0x400n, 0x24n],
    ['EL1h with everything masked', 0x3c5n, 0x200n, 0x25n],
  ] as const)('from %s goes to its vector and masks everything', (_, pstate, vector, ec) => {
    const rec = new Lab({ guests: [[]] }).rec();
    rec.pc = 0x7004n;
    rec.pstate = pstate;
    rec.setReg(slotOf('vbar_el1'), vbar);
    // FnV and S1PTW are cleared, FSC replaced.
    injectSea(rec, (0x24n << 26n) | (1n << 25n) | (1n << 10n) | (1n << 7n) | 7n, 0x1234n);
    expect([rec.pc, rec.pstate]).toEqual([vbar + vector, (pstate & 0xf000_0000n) | 0x3c5n]);
    const reg = (name: SysReg): bigint => rec.reg(slotOf(name));
    expect([reg('esr_el1'), reg('far_el1'), reg('elr_el1'), reg('spsr_el1')]).toEqual([
      (ec << 26n) | (1n << 25n) | 0x210n,
      0x1234n,
      0x7004n,
      pstate,
    ]);
  });

  it('in EL0 is taken from a lower EL, and the script at EL1 hears of it', () => {
    const told: Outcome[] = [];
    const lab = new Lab({
      guests: [
        function* el1(): Script {
          yield { op: 'msr', reg: 'spsr_el1', value: 0n };
          yield { op: 'msr', reg: 'elr_el1', value: 0x5000n };
          yield { op: 'msr', reg: 'vbar_el1', value: vbar };
          told.push(yield { op: 'eret' });
          for (;;) yield smc(0xc400_0001);
        },
      ],
      scripts: {
        *el0(): Script {
          yield load(at, 4, { reg: 3 });
        },
      },
      layout: { images: [image(0x5000, 'el0')] },
    });
    lab.enter();
    expect(lab.rec().pstate).toBe(0n);
    expect(lab.enter({ flags: Flag.injectSea }).exit).toEqual(STOPPED);
    const esr = (0x24n << 26n) | (1n << 25n) | (1n << 24n) | (2n << 22n) | (3n << 16n) | 0x210n;
    expect(told).toMatchObject([{ kind: 'exception', exception: { from: 0, esr, far: BigInt(at), elr: 0x5000n } }]);
  });

  it('is ignored after any other exit, and with emul_mmio an error then', () => {
    const lab = new Lab({ guests: [[load(UNBACKED, 8)]] });
    const first = lab.enter();
    expect(lab.enter({ flags: Flag.injectSea })).toEqual(first);
    expect(lab.enter({ flags: Flag.injectSea | Flag.emulMmio }).status).toBe('RMI_ERROR_REC');
    lab.do(lab.host.populateUnknown(lab.realm, UNBACKED));
    expect(lab.enter({ flags: Flag.injectSea }).exit).toEqual(STOPPED);
    expect(lab.seen[0]?.[0]).toMatchObject({ kind: 'done' });
  });
});

const image = (ipa: number, script: string) => ({ ipa, bytes: scriptImage(script) });

describe('the run page', () => {
  it('that is taken away while the Realm runs is an error, although the Realm ran', () => {
    const lab = new Lab({ guests: [[load(RAM, 8), { op: 'wfi' }]] });
    const { rec, run } = lab.vcpu();
    const other = startOther(lab);
    lab.driver.write(run, 0);
    // The guest waits, and the call does not come back yet.
    expect(lab.driver.perform(smc(0xc400_015c, rec, run))).toMatchObject({ kind: 'moved' });
    expect(lab.do(rmi('RMI_GRANULE_DELEGATE', run), other).status).toBe('RMI_SUCCESS');
    lab.machine.pes[0]?.raise('irq');
    lab.machine.step(lab.machine.pes[0]!);
    expect(lab.machine.pes[0]?.x[0]).toBe(1n);
    expect([lab.seen[0]?.length, lab.rec().isRunning]).toEqual([2, false]);
  });
});
