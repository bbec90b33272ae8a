/** What a machine implements. ID registers and the meaning of control bits are derived from it, never written by hand. */
export type Features = {
  /** FEAT_RME_GPC2: SPAD, NSPAD, RLPAD, APPSAA, NSO. */
  readonly gpc2: boolean;
  /** FEAT_RME_GPC3: more PPS codes, 56-bit tables, bypass windows. Comes with GPC2. */
  readonly gpc3: boolean;
  /** FEAT_RME_GDI: GPIs for devices. Comes with GPC2. */
  readonly gdi: boolean;
  /** FEAT_SEL2 or a Secure state at all: without it GPI 0b1000 is reserved. */
  readonly sel2: boolean;
  /** Stage 1 and stage 2 translation granules beside 4 KiB: 16 and 64 KiB. A GPT granule needs one of the stages to have it. */
  readonly granule16k: boolean;
  readonly granule64k: boolean;
};

export const baseFeatures: Features = {
  gpc2: false,
  gpc3: false,
  gdi: false,
  sel2: true,
  granule16k: false,
  granule64k: false,
};
