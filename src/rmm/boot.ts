// How the RMM boots: it checks what EL3 hands over, in the order of the reference, and learns which DRAM it may track.

import { GRANULE_SIZE, type Pa, toPa } from '../arch/address.ts';
import type { Bank } from './granule.ts';
import type { RmmPe } from './ports.ts';

/** Codes of RMM_BOOT_COMPLETE. */
const Boot = {
  Ok: 0,
  Unknown: -1,
  Version: -2,
  PeCount: -3,
  PeIndex: -4,
  SharedBuffer: -5,
  ManifestVersion: -6,
  ManifestData: -7,
} as const;

/** What this RMM needs and was built for. */
const VERSION_MAJOR = 0n;
const VERSION_MINOR = 3n;
const PES_MAX = 16;

export type BootResult = {
  readonly code: number;
  readonly banks: readonly Bank[];
  readonly sharedBuffer: Pa | undefined;
};

const failed = (code: number): BootResult => ({ code, banks: [], sharedBuffer: undefined });

/** Cold boot, on the first PE: X0 PE index, X1 version, X2 number of PEs, X3 shared buffer. */
export function coldBoot(pe: RmmPe, paBits: number): BootResult {
  const [x0 = 0n, x1 = 0n, x2 = 0n, x3 = 0n] = pe.x;
  if (x0 >= BigInt(PES_MAX)) return failed(Boot.PeIndex);
  if (!isCompatible(x1)) return failed(Boot.Version);
  if (x2 > BigInt(PES_MAX)) return failed(Boot.PeCount);
  if (x0 >= x2) return failed(Boot.PeIndex);
  if (x3 === 0n || x3 >> BigInt(paBits) !== 0n || x3 % BigInt(GRANULE_SIZE) !== 0n) return failed(Boot.SharedBuffer);
  const buffer = toPa(Number(x3));
  const page = pe.realm.readBytes(buffer, GRANULE_SIZE);
  if (page === undefined) return failed(Boot.SharedBuffer);
  const view = new DataView(page.buffer);
  if (!isCompatible(BigInt(view.getUint32(0, true)))) return failed(Boot.ManifestVersion);
  const banks = readBanks(view, buffer, paBits);
  return banks === undefined ? failed(Boot.ManifestData) : { code: Boot.Ok, banks, sharedBuffer: buffer };
}

/** Warm boot, on each other PE: only its index. */
export const warmBoot = (pe: RmmPe, peCount: number): number =>
  (pe.x[0] as bigint) >= BigInt(peCount) ? Boot.PeIndex : Boot.Ok;

const isCompatible = (word: bigint): boolean => word >> 16n === VERSION_MAJOR && (word & 0xffffn) >= VERSION_MINOR;

/** DRAM banks at offset 16: count, pointer, checksum; at least one, aligned, ascending, apart, inside the PA range. */
function readBanks(view: DataView, buffer: Pa, paBits: number): readonly Bank[] | undefined {
  const word = (at: number): bigint => view.getBigUint64(at, true);
  const count = word(16);
  const list = word(24) - BigInt(buffer);
  if (count < 1n || list < 0n || list % 8n !== 0n || list + 16n * count > BigInt(GRANULE_SIZE)) return undefined;
  let sum = count + word(24) + word(32);
  const banks: Bank[] = [];
  let end = 0n;
  for (let at = Number(list); at < Number(list + 16n * count); at += 16) {
    const [base, size] = [word(at), word(at + 8)];
    sum += base + size;
    if (base === 0n || base % BigInt(GRANULE_SIZE) !== 0n || base < end) return undefined;
    if (size === 0n || size % BigInt(GRANULE_SIZE) !== 0n || base + size > 1n << BigInt(paBits)) return undefined;
    end = base + size;
    banks.push({ base: toPa(Number(base)), size: Number(size) });
  }
  return BigInt.asUintN(64, sum) === 0n ? banks : undefined;
}
