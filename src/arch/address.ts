// Addresses. Branded numbers up to 52 bits; where 56 bits can occur, frame number (PA[55:12]) and offset travel apart.
// Bit operators cut a number to 32 bits without saying so: address arithmetic is done here.

declare const space: unique symbol;
type Address<S extends string> = number & { readonly [space]: S };

/** Physical address of a machine with a PARange of at most 52 bits. */
export type Pa = Address<'Pa'>;
/** Intermediate physical address. */
export type Ipa = Address<'Ipa'>;

export const GRANULE_BITS = 12;
export const GRANULE_SIZE = 4096;
/** Bits of the largest physical address of the architecture. */
export const PA_BITS_MAX = 56;
/** Bits of the largest physical address that is one exact number. */
export const PA_NUMBER_BITS = 52;

/** A plain number as a physical address; the caller knows that it is one. */
export const toPa = (value: number): Pa => value as Pa;

/** Moves by a byte count and stays in the same address space. */
export const offset = <A extends Pa | Ipa>(a: A, bytes: number): A => (a + bytes) as A;

/** The low bits of an exact number survive the conversion to 32 bits, so no division is needed. */
export const isGranuleAligned = (a: Pa | Ipa): boolean => (a & (GRANULE_SIZE - 1)) === 0;

/** The largest multiple of `size` that is not above the address. */
export const alignDown = <A extends Pa | Ipa>(a: A, size: number): A => (a - (a % size)) as A;

/** PA[55:12]. */
export const frameOf = (a: Pa): number => Math.floor(a / GRANULE_SIZE);

/** PA[11:0]. */
export const offsetIn = (a: Pa): number => a % GRANULE_SIZE;

/** The address of a frame. */
export const frameBase = (frame: number): Pa => (frame * GRANULE_SIZE) as Pa;

/** A register value read as an address, or why it is none. */
export type AddressArg =
  | { readonly inRange: true; readonly at: Pa }
  /** Not an address of this machine; the low bits stay available for alignment checks. */
  | { readonly inRange: false; readonly low12: number };

/**
 * Reads a register as a physical address of a machine with `paBits` bits. Never folds a value onto another address: what is no
 * exact number is out of range as well.
 */
export function paArg(value: bigint, paBits: number): AddressArg {
  return value >> BigInt(Math.min(paBits, PA_NUMBER_BITS)) === 0n
    ? { inRange: true, at: Number(value) as Pa }
    : { inRange: false, low12: Number(value & 0xfffn) };
}

/**
 * Frame number of a register value, or -1 when it has bits at or above `paBits`. A number that is not exact may have been another
 * address, and gives -1 as well.
 */
export function frameArg(value: bigint | number, paBits: number): number {
  if (typeof value === 'number') {
    const isAddress = Number.isSafeInteger(value) && value >= 0 && value < 2 ** paBits;
    return isAddress ? Math.floor(value / GRANULE_SIZE) : -1;
  }
  return value >> BigInt(paBits) === 0n ? Number(value >> 12n) : -1;
}
