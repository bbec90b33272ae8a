// The SMC Calling Convention: function identifiers and the names of those this machine knows. DEN0028, DEN0022, DEN0077A,
// and the RMM and RMM-EL3 interfaces (RMM 1.0, boot interface 0.3).

/** Function identifiers by name. SMC64 forms end in 64 where a call has both. */
export const Fid = {
  SMCCC_VERSION: 0x8000_0000,
  SMCCC_ARCH_FEATURES: 0x8000_0001,
  PSCI_VERSION: 0x8400_0000,
  PSCI_CPU_SUSPEND: 0x8400_0001,
  PSCI_CPU_OFF: 0x8400_0002,
  PSCI_CPU_ON: 0x8400_0003,
  PSCI_CPU_ON64: 0xc400_0003,
  PSCI_AFFINITY_INFO: 0x8400_0004,
  PSCI_AFFINITY_INFO64: 0xc400_0004,
  PSCI_MIGRATE_INFO_TYPE: 0x8400_0006,
  PSCI_SYSTEM_OFF: 0x8400_0008,
  PSCI_SYSTEM_RESET: 0x8400_0009,
  PSCI_FEATURES: 0x8400_000a,
  FFA_ERROR: 0x8400_0060,
  FFA_SUCCESS: 0x8400_0061,
  FFA_SUCCESS64: 0xc400_0061,
  FFA_INTERRUPT: 0x8400_0062,
  FFA_VERSION: 0x8400_0063,
  FFA_FEATURES: 0x8400_0064,
  FFA_RX_RELEASE: 0x8400_0065,
  FFA_RXTX_MAP: 0x8400_0066,
  FFA_RXTX_MAP64: 0xc400_0066,
  FFA_RXTX_UNMAP: 0x8400_0067,
  FFA_PARTITION_INFO_GET: 0x8400_0068,
  FFA_ID_GET: 0x8400_0069,
  FFA_MSG_POLL: 0x8400_006a,
  FFA_MSG_WAIT: 0x8400_006b,
  FFA_YIELD: 0x8400_006c,
  FFA_RUN: 0x8400_006d,
  FFA_MSG_SEND: 0x8400_006e,
  FFA_MSG_SEND_DIRECT_REQ: 0x8400_006f,
  FFA_MSG_SEND_DIRECT_REQ64: 0xc400_006f,
  FFA_MSG_SEND_DIRECT_RESP: 0x8400_0070,
  FFA_MSG_SEND_DIRECT_RESP64: 0xc400_0070,
  FFA_MEM_DONATE: 0x8400_0071,
  FFA_MEM_DONATE64: 0xc400_0071,
  FFA_MEM_LEND: 0x8400_0072,
  FFA_MEM_LEND64: 0xc400_0072,
  FFA_MEM_SHARE: 0x8400_0073,
  FFA_MEM_SHARE64: 0xc400_0073,
  FFA_MEM_RETRIEVE_REQ: 0x8400_0074,
  FFA_MEM_RETRIEVE_REQ64: 0xc400_0074,
  FFA_MEM_RETRIEVE_RESP: 0x8400_0075,
  FFA_MEM_RELINQUISH: 0x8400_0076,
  FFA_MEM_RECLAIM: 0x8400_0077,
  FFA_MEM_FRAG_RX: 0x8400_007a,
  FFA_MEM_FRAG_TX: 0x8400_007b,
  FFA_NORMAL_WORLD_RESUME: 0x8400_007c,
  FFA_NOTIFICATION_BITMAP_CREATE: 0x8400_007d,
  FFA_NOTIFICATION_BITMAP_DESTROY: 0x8400_007e,
  FFA_NOTIFICATION_BIND: 0x8400_007f,
  FFA_NOTIFICATION_UNBIND: 0x8400_0080,
  FFA_NOTIFICATION_SET: 0x8400_0081,
  FFA_NOTIFICATION_GET: 0x8400_0082,
  FFA_NOTIFICATION_INFO_GET: 0x8400_0083,
  FFA_NOTIFICATION_INFO_GET64: 0xc400_0083,
  FFA_RX_ACQUIRE: 0x8400_0084,
  FFA_SPM_ID_GET: 0x8400_0085,
  FFA_MSG_SEND2: 0x8400_0086,
  FFA_SECONDARY_EP_REGISTER64: 0xc400_0087,
  FFA_MEM_PERM_GET: 0x8400_0088,
  FFA_MEM_PERM_GET64: 0xc400_0088,
  FFA_MEM_PERM_SET: 0x8400_0089,
  FFA_MEM_PERM_SET64: 0xc400_0089,
  FFA_PARTITION_INFO_GET_REGS: 0xc400_008b,
  RMI_VERSION: 0xc400_0150,
  RMI_GRANULE_DELEGATE: 0xc400_0151,
  RMI_GRANULE_UNDELEGATE: 0xc400_0152,
  RMI_DATA_CREATE: 0xc400_0153,
  RMI_DATA_CREATE_UNKNOWN: 0xc400_0154,
  RMI_DATA_DESTROY: 0xc400_0155,
  RMI_REALM_ACTIVATE: 0xc400_0157,
  RMI_REALM_CREATE: 0xc400_0158,
  RMI_REALM_DESTROY: 0xc400_0159,
  RMI_REC_CREATE: 0xc400_015a,
  RMI_REC_DESTROY: 0xc400_015b,
  RMI_REC_ENTER: 0xc400_015c,
  RMI_RTT_CREATE: 0xc400_015d,
  RMI_RTT_DESTROY: 0xc400_015e,
  RMI_RTT_MAP_UNPROTECTED: 0xc400_015f,
  RMI_RTT_READ_ENTRY: 0xc400_0161,
  RMI_RTT_UNMAP_UNPROTECTED: 0xc400_0162,
  RMI_PSCI_COMPLETE: 0xc400_0164,
  RMI_FEATURES: 0xc400_0165,
  RMI_RTT_FOLD: 0xc400_0166,
  RMI_REC_AUX_COUNT: 0xc400_0167,
  RMI_RTT_INIT_RIPAS: 0xc400_0168,
  RMI_RTT_SET_RIPAS: 0xc400_0169,
  RMM_RMI_REQ_COMPLETE: 0xc400_018f,
  RMM_GTSI_DELEGATE: 0xc400_01b0,
  RMM_GTSI_UNDELEGATE: 0xc400_01b1,
  RMM_ATTEST_GET_REALM_KEY: 0xc400_01b2,
  RMM_ATTEST_GET_PLAT_TOKEN: 0xc400_01b3,
  RMM_BOOT_COMPLETE: 0xc400_01cf,
} as const;
export type FidName = keyof typeof Fid;

const names = new Map<number, string>(Object.entries(Fid).map(([name, fid]) => [fid, name]));

/** FID bits: fast call, SMC64, and the hint that there is no SVE state to preserve, which is not part of the function. */
export const FID_FAST = 0x8000_0000;
export const FID_SMC64 = 0x4000_0000;
const SVE_HINT = 0x1_0000;

/** W0 as a function identifier, without the SVE hint. */
export const fidOf = (x0: bigint): number => fidOfWord(Number(x0 & 0xffff_ffffn));

/** The same of W0 as a number. */
export const fidOfWord = (w0: number): number => (w0 & FID_FAST ? (w0 & ~SVE_HINT) >>> 0 : w0 >>> 0);

/** Name of a function, or its number. */
export const smcName = (x0: bigint): string => names.get(fidOf(x0)) ?? `0x${fidOf(x0).toString(16).padStart(8, '0')}`;

/** The FID of a name. */
export const parseFid = (name: string): number | undefined =>
  Object.hasOwn(Fid, name) ? Fid[name as FidName] : undefined;

/** SMCCC_NOT_SUPPORTED, also the answer to an unknown function. */
export const NOT_SUPPORTED = 0xffff_ffff_ffff_ffffn;

/** A signed 64-bit result as a register value. */
export const signed = (value: number): bigint => BigInt.asUintN(64, BigInt(value));

/** Version word: major [30:16], minor [15:0]. */
export const version = (major: number, minor: number): bigint => (BigInt(major) << 16n) | BigInt(minor);
