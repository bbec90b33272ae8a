// The functions of the vocabulary that look at their arguments alone. What they mean is in specs/rmm-1.0/vocabulary.json.

import { assert } from '../base/assert.ts';
import { toBoolean, toInteger, type Value } from './evaluate.ts';
import { bitfields, booleanTypes, commandFids, enumerations } from './generated.ts';

const GRANULE_SIZE = 4096n;
const LARGEST_EXPONENT = 256n;
const SVE_HINT = 1n << 16n;
const DIGEST_DOUBLEWORDS = 8;

/** Narrowest and widest IPA space that a walk from a level can serve, and the widest with LPA2. */
const startWidths: Readonly<Record<string, readonly [narrowest: bigint, widest: bigint, widestLpa2: bigint]>> = {
  '-1': [49n, 48n, 52n],
  '0': [40n, 48n, 52n],
  '1': [32n, 43n, 43n],
  '2': [32n, 34n, 34n],
};

/** Aff0 to Aff3 where the Host names a REC, and where MPIDR_EL1 and PSCI do. */
const hostAffinities = [[3, 0], [15, 8], [23, 16], [31, 24]] as const; // prettier-ignore
const realmAffinities = [[3, 0], [15, 8], [23, 16], [39, 32]] as const; // prettier-ignore

/** By name, as a `Scope` wants them. */
export const pureFunctions: Readonly<Record<string, (args: readonly Value[]) => Value>> = {
  AddrIsGranuleAligned: ([addr]) => isAligned(toInteger(addr), GRANULE_SIZE),
  AddrIsAligned: ([addr, size]) => isAligned(toInteger(addr), toInteger(size)),
  AddrIsRttLevelAligned: ([addr, level]) => isAligned(toInteger(addr), entrySize(toInteger(level))),
  AddrIsProtected: ([addr, realm]) => isProtected(toInteger(addr), toInteger(fieldOf(realm, 'ipa_width'))),
  EntrySize: ([level]) => entrySize(toInteger(level)),
  Pow2: ([exponent]) => power(toInteger(exponent)),
  Min: ([a, b]) => (toInteger(a) < toInteger(b) ? a : b),
  Max: ([a, b]) => (toInteger(a) > toInteger(b) ? a : b),
  Length: ([list]) => BigInt(toList(list).length),
  Bits: ([value, high, low]) => bits(toInteger(value), Number(toInteger(high)), Number(toInteger(low))),
  BitsOutside: ([value, mask]) => toInteger(value) & ~toInteger(mask),
  Unsigned64: ([value]) => BigInt.asUintN(64, toInteger(value)),
  HighestBelow: ([list, limit]) => highestBelow(toList(list).map(toInteger), toInteger(limit)),
  RttStartIsValid: ([width, level, lpa2]) => isStartValid(toInteger(width), toInteger(level), toBoolean(lpa2)),
  RttStartCount: ([width, level]) => power(toInteger(width) - 9n * (3n - toInteger(level)) - 21n) ?? 1n,
  MpidrIsValid: ([mpidr]) => (toInteger(mpidr) & ~fieldMask(hostAffinities)) === 0n,
  RecIndex: ([mpidr]) => recIndex(toInteger(mpidr), hostAffinities),
  PsciMpidrIndex: ([mpidr]) => recIndex(toInteger(mpidr), realmAffinities),
  FeatureRegister0: ([value]) => decode('RmiFeatureRegister0', toInteger(value)),
  UnprotectedDesc: ([desc, lpa2]) => unprotectedDesc(toInteger(desc), toBoolean(lpa2)),
  RttDesc: ([addr, memAttr, s2ap, lpa2]) =>
    (toInteger(memAttr) << 2n) | (toInteger(s2ap) << 6n) | addressBits(toInteger(addr), toBoolean(lpa2)),
  PsciFunction: ([fid]) => psciFunction(toInteger(fid)),
  PsciCode: ([code]) => psciCode(code),
  MmioValue: ([value, abort]) => mmioValue(toInteger(value), abort),
  SyncVectorOffset: ([pstate]) => syncVectorOffset(toInteger(pstate)),
  ZeroDigest: () => Array.from({ length: DIGEST_DOUBLEWORDS }, () => 0n),
};

/** The fields of a number, each as its type says; a reserved encoding stays a number. */
export function decode(name: keyof typeof bitfields, value: bigint): Readonly<Record<string, Value>> {
  const fields = Object.entries(bitfields[name]).map(([field, { high, low, type }]) => [
    field,
    decodeEnumeration(type, bits(value, high, low)),
  ]);
  return { ...(Object.fromEntries(fields) as Record<string, Value>), value };
}

/** An encoding as conditions see it: a name, true or false, or the number where it has no name. */
export function decodeEnumeration(type: string, value: bigint): Value {
  if ((booleanTypes as readonly string[]).includes(type)) return value === 1n;
  if (!Object.hasOwn(enumerations, type)) return value;
  const values = enumerations[type as keyof typeof enumerations];
  return Object.entries(values).find(([, encoding]) => BigInt(encoding) === value)?.[0] ?? value;
}

const ones = (count: number): bigint => (1n << BigInt(count)) - 1n;

const bits = (value: bigint, high: number, low: number): bigint => (value >> BigInt(low)) & ones(high - low + 1);

const fieldMask = (fields: readonly (readonly [high: number, low: number])[]): bigint =>
  fields.reduce((mask, [high, low]) => mask | (ones(high - low + 1) << BigInt(low)), 0n);

const power = (exponent: bigint): bigint | undefined =>
  exponent < 0n || exponent > LARGEST_EXPONENT ? undefined : 1n << exponent;

const entrySize = (level: bigint): bigint | undefined =>
  level < -1n || level > 3n ? undefined : power(12n + 9n * (3n - level));

const isAligned = (value: bigint, size: bigint | undefined): boolean | undefined =>
  size === undefined || size <= 0n ? undefined : value % size === 0n;

function isProtected(addr: bigint, ipaWidth: bigint): boolean | undefined {
  const end = power(ipaWidth - 1n);
  return end === undefined ? undefined : addr >= 0n && addr < end;
}

function isStartValid(width: bigint, level: bigint, lpa2: boolean): boolean {
  const widths = startWidths[String(level)];
  if (widths === undefined) return false;
  const [narrowest, widest, widestLpa2] = widths;
  return width >= narrowest && width <= (lpa2 ? widestLpa2 : widest);
}

function highestBelow(list: readonly bigint[], limit: bigint): bigint | undefined {
  let best: bigint | undefined;
  for (const each of list) if (each < limit && (best === undefined || each > best)) best = each;
  return best;
}

function recIndex(mpidr: bigint, fields: typeof hostAffinities | typeof realmAffinities): bigint {
  const [aff0, aff1, aff2, aff3] = fields;
  const at = ([high, low]: readonly [high: number, low: number]): bigint => bits(mpidr, high, low);
  return at(aff0) + (at(aff1) << 4n) + (at(aff2) << 12n) + (at(aff3) << 20n);
}

/** Without LPA2 bits [49:48] still count as address, so that the row about its bound sees them. */
function unprotectedDesc(desc: bigint, lpa2: boolean): Value {
  const known = fieldMask([[49, 12], [7, 6], [4, 2], ...(lpa2 ? ([[9, 8]] as const) : [])]); // prettier-ignore
  return {
    addr: (bits(desc, 49, 12) << 12n) | (lpa2 ? bits(desc, 9, 8) << 50n : 0n),
    mem_attr: bits(desc, 4, 2),
    s2ap: bits(desc, 7, 6),
    reserved: desc & ~known,
  };
}

const addressBits = (addr: bigint, lpa2: boolean): bigint =>
  lpa2 ? (addr & ones(50)) | (bits(addr, 51, 50) << 8n) : addr;

function psciFunction(fid: bigint): string | undefined {
  const wanted = BigInt.asUintN(32, fid) & ~SVE_HINT;
  const found = Object.entries(commandFids).find(([, fids]) => fids.some((each) => BigInt(each) === wanted));
  return found?.[0].startsWith('PSCI_') ? found[0] : undefined;
}

function psciCode(code: Value): bigint {
  const codes: Readonly<Record<string, number>> = enumerations.PsciReturnCode;
  const value = typeof code === 'string' ? codes[code] : undefined;
  assert(value !== undefined, 'a return code of PSCI has a value');
  return BigInt.asUintN(64, BigInt(value));
}

function mmioValue(value: bigint, abort: Value): bigint {
  const width = Number(toInteger(fieldOf(abort, 'size'))) * 8;
  const isSigned = toBoolean(fieldOf(abort, 'is_sign_extended'));
  const extended = isSigned ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value);
  return BigInt.asUintN(toBoolean(fieldOf(abort, 'is_64bit')) ? 64 : 32, extended);
}

/** M[4] is AArch32, M[3:2] the Exception level, M[0] the stack pointer. */
function syncVectorOffset(pstate: bigint): bigint {
  if (bits(pstate, 4, 4) === 1n) return 0x600n;
  if (bits(pstate, 3, 2) === 0n) return 0x400n;
  return bits(pstate, 0, 0) === 1n ? 0x200n : 0n;
}

function fieldOf(record: Value, name: string): Value {
  assert(typeof record === 'object' && !Array.isArray(record), `.${name} is asked of a record`);
  return (record as Readonly<Record<string, Value>>)[name];
}

function toList(value: Value): readonly Value[] {
  assert(Array.isArray(value), 'a list is given');
  return value as readonly Value[];
}
