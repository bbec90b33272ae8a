// ESR_ELx: exception classes and the parts of the syndrome that the machine writes. DDI 0487 D1.4 and D24 (ESR_ELx).

import type { Encoding } from './registers.ts';

/** Exception class, ESR_ELx[31:26]. */
export const Ec = {
  Unknown: 0x00,
  Wfx: 0x01,
  IllegalState: 0x0e,
  Svc64: 0x15,
  Hvc64: 0x16,
  Smc64: 0x17,
  SystemRegister: 0x18,
  /** Granule Protection Check exception; only to EL3. */
  Gpc: 0x1e,
  InstructionAbortLower: 0x20,
  InstructionAbortSame: 0x21,
  PcAlignment: 0x22,
  DataAbortLower: 0x24,
  DataAbortSame: 0x25,
  SpAlignment: 0x26,
  SError: 0x2f,
} as const;
export type Ec = (typeof Ec)[keyof typeof Ec];

/** Name of an exception class, for traces. */
export function ecName(ec: number): string {
  for (const [name, value] of Object.entries(Ec)) if (value === ec) return name;
  return `EC_${ec.toString(16).padStart(2, '0')}`;
}

/** Instruction length bit: 1 for all 32-bit instructions and for aborts. */
const IL = 1n << 25n;

/** ESR_ELx from class and ISS. */
export const esr = (ec: number, iss: number): bigint => (BigInt(ec) << 26n) | IL | BigInt(iss);
export const ecOf = (value: bigint): number => Number((value >> 26n) & 0x3fn);
export const issOf = (value: bigint): number => Number(value & 0x1ff_ffffn);

/** Fields of the ISS of an abort and of a GPC exception that sit at the same bit. */
export const Iss = { WnR: 1 << 6, S1PTW: 1 << 7, CM: 1 << 8, InD: 1 << 20, S2PTW: 1 << 21 } as const;
/** ISS of a trapped WFI or WFE: CV = 1, COND = 0b1110 (always), TI. */
export const wfxIss = (op: 'wfi' | 'wfe'): number => 0x1e0_0000 | (op === 'wfe' ? 1 : 0);
/** ISS of a trapped MRS or MSR. */
export const trapIss = ([op0, op1, crn, crm, op2]: Encoding, rt: number, isRead: boolean): number =>
  (op0 << 20) | (op2 << 17) | (op1 << 14) | (crn << 10) | (rt << 5) | (crm << 1) | (isRead ? 1 : 0);

/** The register that it names. */
export const trappedEncoding = (iss: number): Encoding => [
  (iss >> 20) & 0b11,
  (iss >> 14) & 0b111,
  (iss >> 10) & 0xf,
  (iss >> 1) & 0xf,
  (iss >> 17) & 0b111,
];

/** GPC exception: GPCSC [19:14]. */
export const gpcscShift = 14;

/** Fault status codes, DFSC and IFSC. */
export const Fsc = {
  addressSize: (level: number): number => (level < 0 ? 0b101001 : 0b000000 | level),
  translation: (level: number): number => (level < 0 ? 0b101011 : 0b000100 | level),
  accessFlag: (level: number): number => 0b001000 | level,
  externalAbortOnWalk: (level: number): number => 0b010100 + level,
  externalAbort: 0b010000,
  permission: (level: number): number => 0b001100 | level,
  /** GPF on a translation table fetch: 0x24 to 0x27 for level 0 to 3, 0x23 for level -1. */
  gpfOnWalk: (level: number): number => 0b100100 + level,
  gpf: 0b101000,
} as const;

/** Whether an abort is an external one, of the access or of its walk. */
export const isExternalAbort = (esr: bigint): boolean => {
  const fsc = Number(esr & 0x3fn);
  return fsc === Fsc.externalAbort || (fsc >= 0b010011 && fsc <= 0b010111);
};

/** MFAR_EL3: NS bit 63, NSE bit 62, PA[55:12]. `pas` is {NSE,NS}. */
export const mfar = (frame: number, pas: number): bigint =>
  (BigInt(pas & 1) << 63n) | (BigInt(pas >> 1) << 62n) | (BigInt(frame) << 12n);

/** HPFAR_EL2: IPA[55:12] at [47:4]. */
export const hpfar = (ipaFrame: number): bigint => BigInt(ipaFrame) << 4n;

/** IPA frame that HPFAR_EL2 names. */
export const hpfarIpa = (value: bigint): number => Number((value >> 4n) & 0xfff_ffff_ffffn);
