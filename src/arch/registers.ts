// The registers of one PE as slots of a single array: 64-bit values, one page of the frame pool. Names are Arm's, in lower case.
// A register is known here, with its encoding where it has one, and nowhere else.

/** How MRS and MSR name a register: op0, op1, CRn, CRm, op2. */
export type Encoding = readonly [number, number, number, number, number];

type Row = {
  /** Lowest EL that may read and write it. */
  readonly el: 0 | 1 | 2 | 3;
  readonly encoding?: Encoding;
  /** EL3 firmware saves and restores it for each world. */
  readonly perWorld?: true;
  /** MRS or MSR alone reaches it. */
  readonly only?: 'mrs' | 'msr';
};

/** One row a system register, in the order of its slot. */
const rows = {
  sp_el0: { el: 1, encoding: [3, 0, 4, 1, 0], perWorld: true },
  sp_el1: { el: 2, encoding: [3, 4, 4, 1, 0] },
  sp_el2: { el: 3, encoding: [3, 6, 4, 1, 0], perWorld: true },
  sp_el3: { el: 3 },
  elr_el1: { el: 1, encoding: [3, 0, 4, 0, 1] },
  elr_el2: { el: 2, encoding: [3, 4, 4, 0, 1], perWorld: true },
  elr_el3: { el: 3, encoding: [3, 6, 4, 0, 1], perWorld: true },
  spsr_el1: { el: 1, encoding: [3, 0, 4, 0, 0] },
  spsr_el2: { el: 2, encoding: [3, 4, 4, 0, 0], perWorld: true },
  spsr_el3: { el: 3, encoding: [3, 6, 4, 0, 0], perWorld: true },
  esr_el1: { el: 1, encoding: [3, 0, 5, 2, 0] },
  esr_el2: { el: 2, encoding: [3, 4, 5, 2, 0], perWorld: true },
  esr_el3: { el: 3, encoding: [3, 6, 5, 2, 0] },
  far_el1: { el: 1, encoding: [3, 0, 6, 0, 0] },
  far_el2: { el: 2, encoding: [3, 4, 6, 0, 0], perWorld: true },
  far_el3: { el: 3, encoding: [3, 6, 6, 0, 0] },
  hpfar_el2: { el: 2, encoding: [3, 4, 6, 0, 4], perWorld: true },
  mfar_el3: { el: 3, encoding: [3, 6, 6, 0, 5] },
  vbar_el1: { el: 1, encoding: [3, 0, 12, 0, 0] },
  vbar_el2: { el: 2, encoding: [3, 4, 12, 0, 0], perWorld: true },
  vbar_el3: { el: 3, encoding: [3, 6, 12, 0, 0] },
  sctlr_el1: { el: 1, encoding: [3, 0, 1, 0, 0] },
  sctlr_el2: { el: 2, encoding: [3, 4, 1, 0, 0], perWorld: true },
  sctlr_el3: { el: 3, encoding: [3, 6, 1, 0, 0] },
  hcr_el2: { el: 2, encoding: [3, 4, 1, 1, 0], perWorld: true },
  scr_el3: { el: 3, encoding: [3, 6, 1, 1, 0], perWorld: true },
  actlr_el2: { el: 2, encoding: [3, 4, 1, 0, 1], perWorld: true },
  afsr0_el2: { el: 2, encoding: [3, 4, 5, 1, 0], perWorld: true },
  afsr1_el2: { el: 2, encoding: [3, 4, 5, 1, 1], perWorld: true },
  amair_el2: { el: 2, encoding: [3, 4, 10, 3, 0], perWorld: true },
  mair_el2: { el: 2, encoding: [3, 4, 10, 2, 0], perWorld: true },
  cnthctl_el2: { el: 2, encoding: [3, 4, 14, 1, 0], perWorld: true },
  cntvoff_el2: { el: 2, encoding: [3, 4, 14, 0, 3], perWorld: true },
  cptr_el2: { el: 2, encoding: [3, 4, 1, 1, 2], perWorld: true },
  hacr_el2: { el: 2, encoding: [3, 4, 1, 1, 7], perWorld: true },
  hstr_el2: { el: 2, encoding: [3, 4, 1, 1, 3], perWorld: true },
  mdcr_el2: { el: 2, encoding: [3, 4, 1, 1, 1], perWorld: true },
  tcr_el2: { el: 2, encoding: [3, 4, 2, 0, 2], perWorld: true },
  tpidr_el2: { el: 2, encoding: [3, 4, 13, 0, 2], perWorld: true },
  ttbr0_el2: { el: 2, encoding: [3, 4, 2, 0, 0], perWorld: true },
  ttbr1_el2: { el: 2, encoding: [3, 4, 2, 0, 1], perWorld: true },
  contextidr_el2: { el: 2, encoding: [3, 4, 13, 0, 1], perWorld: true },
  vmpidr_el2: { el: 2, encoding: [3, 4, 0, 0, 5], perWorld: true },
  vpidr_el2: { el: 2, encoding: [3, 4, 0, 0, 0], perWorld: true },
  vtcr_el2: { el: 2, encoding: [3, 4, 2, 1, 2], perWorld: true },
  vttbr_el2: { el: 2, encoding: [3, 4, 2, 1, 0], perWorld: true },
  icc_sre_el2: { el: 2, encoding: [3, 4, 12, 9, 5], perWorld: true },
  ich_hcr_el2: { el: 2, encoding: [3, 4, 12, 11, 0], perWorld: true },
  ich_vmcr_el2: { el: 2, encoding: [3, 4, 12, 11, 7], perWorld: true },
  apiakeylo_el1: { el: 1, encoding: [3, 0, 2, 1, 0], perWorld: true },
  apiakeyhi_el1: { el: 1, encoding: [3, 0, 2, 1, 1], perWorld: true },
  gptbr_el3: { el: 3, encoding: [3, 6, 2, 1, 4] },
  gpcbw_el3: { el: 3, encoding: [3, 6, 2, 1, 5] },
  gpccr_el3: { el: 3, encoding: [3, 6, 2, 1, 6] },
  tpidr_el0: { el: 0, encoding: [3, 3, 13, 0, 2] },
  tpidr_el1: { el: 1, encoding: [3, 0, 13, 0, 4] },
  tpidr_el3: { el: 3, encoding: [3, 6, 13, 0, 2] },
  mpidr_el1: { el: 1, encoding: [3, 0, 0, 0, 5], only: 'mrs' },
  id_aa64pfr0_el1: { el: 1, encoding: [3, 0, 0, 4, 0], only: 'mrs' },
  id_aa64mmfr0_el1: { el: 1, encoding: [3, 0, 0, 7, 0], only: 'mrs' },
  cntp_ctl_el0: { el: 0, encoding: [3, 3, 14, 2, 1] },
  cntp_cval_el0: { el: 0, encoding: [3, 3, 14, 2, 2] },
  cntv_ctl_el0: { el: 0, encoding: [3, 3, 14, 3, 1] },
  cntv_cval_el0: { el: 0, encoding: [3, 3, 14, 3, 2] },
  cntpct_el0: { el: 0, encoding: [3, 3, 14, 0, 1], only: 'mrs' },
  cntvct_el0: { el: 0, encoding: [3, 3, 14, 0, 2], only: 'mrs' },
  isr_el1: { el: 1, encoding: [3, 0, 12, 1, 0], only: 'mrs' },
  icc_pmr_el1: { el: 1, encoding: [3, 0, 4, 6, 0] },
  icc_iar0_el1: { el: 1, encoding: [3, 0, 12, 8, 0], only: 'mrs' },
  icc_eoir0_el1: { el: 1, encoding: [3, 0, 12, 8, 1], only: 'msr' },
  icc_hppir0_el1: { el: 1, encoding: [3, 0, 12, 8, 2], only: 'mrs' },
  icc_bpr0_el1: { el: 1, encoding: [3, 0, 12, 8, 3] },
  icc_dir_el1: { el: 1, encoding: [3, 0, 12, 11, 1], only: 'msr' },
  icc_rpr_el1: { el: 1, encoding: [3, 0, 12, 11, 3], only: 'mrs' },
  icc_sgi1r_el1: { el: 1, encoding: [3, 0, 12, 11, 5], only: 'msr' },
  icc_asgi1r_el1: { el: 1, encoding: [3, 0, 12, 11, 6], only: 'msr' },
  icc_sgi0r_el1: { el: 1, encoding: [3, 0, 12, 11, 7], only: 'msr' },
  icc_iar1_el1: { el: 1, encoding: [3, 0, 12, 12, 0], only: 'mrs' },
  icc_eoir1_el1: { el: 1, encoding: [3, 0, 12, 12, 1], only: 'msr' },
  icc_hppir1_el1: { el: 1, encoding: [3, 0, 12, 12, 2], only: 'mrs' },
  icc_bpr1_el1: { el: 1, encoding: [3, 0, 12, 12, 3] },
  icc_ctlr_el1: { el: 1, encoding: [3, 0, 12, 12, 4] },
  icc_igrpen0_el1: { el: 1, encoding: [3, 0, 12, 12, 6] },
  icc_igrpen1_el1: { el: 1, encoding: [3, 0, 12, 12, 7] },
  ich_misr_el2: { el: 2, encoding: [3, 4, 12, 11, 2], only: 'mrs' },
  ich_ap0r0_el2: { el: 2, encoding: [3, 4, 12, 8, 0] },
  ich_ap1r0_el2: { el: 2, encoding: [3, 4, 12, 9, 0] },
  ich_lr0_el2: { el: 2, encoding: [3, 4, 12, 12, 0] },
  ich_lr1_el2: { el: 2, encoding: [3, 4, 12, 12, 1] },
  ich_lr2_el2: { el: 2, encoding: [3, 4, 12, 12, 2] },
  ich_lr3_el2: { el: 2, encoding: [3, 4, 12, 12, 3] },
  ich_lr4_el2: { el: 2, encoding: [3, 4, 12, 12, 4] },
  ich_lr5_el2: { el: 2, encoding: [3, 4, 12, 12, 5] },
  ich_lr6_el2: { el: 2, encoding: [3, 4, 12, 12, 6] },
  ich_lr7_el2: { el: 2, encoding: [3, 4, 12, 12, 7] },
  ich_lr8_el2: { el: 2, encoding: [3, 4, 12, 13, 0] },
  ich_lr9_el2: { el: 2, encoding: [3, 4, 12, 13, 1] },
  ich_lr10_el2: { el: 2, encoding: [3, 4, 12, 13, 2] },
  ich_lr11_el2: { el: 2, encoding: [3, 4, 12, 13, 3] },
  ich_lr12_el2: { el: 2, encoding: [3, 4, 12, 13, 4] },
  ich_lr13_el2: { el: 2, encoding: [3, 4, 12, 13, 5] },
  ich_lr14_el2: { el: 2, encoding: [3, 4, 12, 13, 6] },
  ich_lr15_el2: { el: 2, encoding: [3, 4, 12, 13, 7] },
} as const satisfies Record<string, Row>;

/** A system register that MRS and MSR reach. */
export type SysReg = keyof typeof rows;

export const sysRegRow = (name: SysReg): Row => rows[name];
/** Whether a word names a system register. */
export const isSysReg = (name: string): name is SysReg => Object.hasOwn(rows, name);

/** Registers that say what the PE is: a reset keeps them. */
export const readOnly: ReadonlySet<SysReg> = new Set<SysReg>(['mpidr_el1', 'id_aa64pfr0_el1', 'id_aa64mmfr0_el1']);

/** Registers of EL1 and EL0 that EL3 switches only where nobody at EL2 does: between Non-secure and Secure. */
const el1Names = [
  'sp_el1',
  'elr_el1',
  'spsr_el1',
  'esr_el1',
  'far_el1',
  'vbar_el1',
  'sctlr_el1',
  'tpidr_el0',
  'tpidr_el1',
  'cntp_ctl_el0',
  'cntp_cval_el0',
  'cntv_ctl_el0',
  'cntv_cval_el0',
] as const satisfies readonly SysReg[];

const names = Object.keys(rows) as SysReg[];
const worldNames = names.filter((name) => sysRegRow(name).perWorld);

/** All system registers in the order of their slots: those that EL3 switches first, so that a world is one run of slots. */
export const sysRegs: readonly SysReg[] = [
  ...worldNames,
  ...el1Names,
  ...names.filter((name) => !worldNames.includes(name) && !(el1Names as readonly SysReg[]).includes(name)),
];

const GPRS = 31;
const slots = Object.fromEntries(sysRegs.map((name, i) => [name, GPRS + i])) as Record<SysReg, number>;
export const slotOf = (name: SysReg): number => slots[name];

/** ICH_LR0_EL2 to ICH_LR15_EL2. */
export const listRegisters: readonly SysReg[] = names.filter((name) => name.startsWith('ich_lr'));

const byEncoding = new Map(
  names.flatMap((name) => {
    const { encoding } = sysRegRow(name);
    return encoding === undefined ? [] : [[encoding.join(), name] as const];
  }),
);

/** The register of an encoding. */
export const sysRegOf = (encoding: Encoding): SysReg | undefined => byEncoding.get(encoding.join());

/** Slots [0, WORLD_SLOTS) are what EL3 switches between all worlds: X0 to X30 and registers of EL2. */
export const WORLD_SLOTS = GPRS + worldNames.length;
/** Slots [WORLD_SLOTS, WORLD_AND_EL1_SLOTS) go with them to and from Secure. */
export const WORLD_AND_EL1_SLOTS = WORLD_SLOTS + el1Names.length;
export const el1Slots: readonly number[] = el1Names.map((name) => slots[name]);
export const PC_SLOT = GPRS + sysRegs.length;
export const PSTATE_SLOT = PC_SLOT + 1;
export const SLOT_COUNT = PSTATE_SLOT + 1;

/** PSTATE, in the layout of SPSR_ELx. */
export const Pstate = {
  N: 1n << 31n,
  Z: 1n << 30n,
  C: 1n << 29n,
  V: 1n << 28n,
  IL: 1n << 20n,
  MODE: 0b1111n,
  F: 1n << 6n,
  I: 1n << 7n,
  A: 1n << 8n,
  DAIF: 0b1111n << 6n,
  FLAGS: 0b1111n << 28n,
} as const;

/** SCR_EL3 bits that decide routing. */
export const Scr = {
  NS: 1n << 0n,
  EA: 1n << 3n,
  RES1: 0b11n << 4n,
  SMD: 1n << 7n,
  HCE: 1n << 8n,
  RW: 1n << 10n,
  EEL2: 1n << 18n,
  EASE: 1n << 19n,
  GPF: 1n << 48n,
  NSE: 1n << 62n,
} as const;

/** HCR_EL2 bits that decide routing and translation. */
export const Hcr = {
  VM: 1n << 0n,
  SWIO: 1n << 1n,
  PTW: 1n << 2n,
  FMO: 1n << 3n,
  IMO: 1n << 4n,
  AMO: 1n << 5n,
  TWI: 1n << 13n,
  TWE: 1n << 14n,
  TID3: 1n << 18n,
  TSC: 1n << 19n,
  TGE: 1n << 27n,
  RW: 1n << 31n,
  E2H: 1n << 34n,
  TEA: 1n << 37n,
  APK: 1n << 40n,
  API: 1n << 41n,
  FWB: 1n << 46n,
  GPF: 1n << 48n,
} as const;
