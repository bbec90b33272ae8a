// A manifest for `realm measure`: parameters of a Realm and what is done to it, in order. Read strictly, and held against what a
// Host could do: a manifest that no RMM would carry out has no measurement.

import { GRANULE_SIZE } from '../arch/address.ts';
import type { RealmFeatures } from '../host/realm.ts';
import { RealmFlag } from '../rmm/structures.ts';
import type { MeasuredOperation, MeasuredParams } from '../rmm/measurement-log.ts';
import type { HashAlgo } from '../rmm/realm.ts';
import { type HashName, hashNames } from './program.ts';
import { type Fields, type Part, readYaml } from './yaml-file.ts';

export const hashAlgoOf = (name: HashName): HashAlgo => (name === 'sha-256' ? 'SHA_256' : 'SHA_512');

export type Manifest = {
  readonly hash: HashName | undefined;
  readonly params: MeasuredParams;
  readonly operations: readonly MeasuredOperation[];
};

const opNames = ['init-ripas', 'data-create', 'image', 'rec-create', 'measurement-extend'] as const;
/** More digests than a person reads, and than a Realm of 4 GiB in pages has. */
const ENTRIES_MAX = 2 ** 20;
const REC_GPRS = 8;
const REM_BYTES_MAX = 64;

export function readManifest(file: string): Manifest {
  const fields = readYaml(file).object(['hash', 'parameters', 'operations']);
  const params = parametersOf(fields.need('parameters'));
  const operations: MeasuredOperation[] = [];
  let entries = 0;
  let isActive = false;
  for (const part of fields.get('operations')?.list() ?? []) {
    const [name, body] = operationOf(part);
    if (name !== 'measurement-extend' && isActive)
      throw part.refuse('MANIFEST_ORDER', 'measurement-extend', `${name} > REALM_ACTIVATE`);
    isActive = name === 'measurement-extend';
    for (const operation of readers[name](body, params)) {
      operations.push(operation);
      entries += operation.op === 'init-ripas' ? (operation.top - operation.base) / operation.entrySize : 1;
      if (entries > ENTRIES_MAX) throw part.refuse('MANIFEST_TOO_LONG', `<= ${ENTRIES_MAX}`, String(entries));
    }
  }
  return { hash: fields.get('hash')?.oneOf(hashNames), params, operations };
}

/** An operation is an object with one key, its name. */
function operationOf(part: Part): readonly [(typeof opNames)[number], Part] {
  part.object(opNames);
  const [first, second] = part.entries();
  if (first === undefined || second !== undefined) throw part.wrongType(opNames.join(' | '));
  return first as [(typeof opNames)[number], Part];
}

function parametersOf(part: Part): MeasuredParams {
  const fields = part.object([...featureKeys, 's2sz', 'rpv', 'vmid']);
  const s2sz = fields.need('s2sz');
  const width = s2sz.number(0xff);
  if (width < 32 || width > 52) throw s2sz.refuse('MANIFEST_PLACE', '32 .. 52', String(width));
  // Not measured, whatever they are.
  fields.get('rpv')?.bytes();
  fields.get('vmid')?.number(0xffff);
  return { ...featuresOf(fields), s2sz: width };
}

export const featureKeys = ['flags', 'lpa2', 'sve', 'pmu', 'sve_vl', 'num_bps', 'num_wps', 'pmu_num_ctrs'] as const;

/** Fields of RmiRealmParams that are not a matter of layout; zero when they are left out. */
export function featuresOf(fields: Fields): RealmFeatures {
  const byte = (key: string): number => fields.get(key)?.number(0xff) ?? 0;
  const flag = (key: 'lpa2' | 'sve' | 'pmu'): bigint => (fields.get(key)?.flag() === true ? RealmFlag[key] : 0n);
  return {
    flags: (fields.get('flags')?.u64() ?? 0n) | flag('lpa2') | flag('sve') | flag('pmu'),
    sveVl: byte('sve_vl'),
    numBps: byte('num_bps'),
    numWps: byte('num_wps'),
    pmuNumCtrs: byte('pmu_num_ctrs'),
  };
}

type Reader = (part: Part, params: MeasuredParams) => readonly MeasuredOperation[];

const readers: Readonly<Record<(typeof opNames)[number], Reader>> = {
  'init-ripas': (part, params) => {
    const fields = part.object(['base', 'top', 'level', 'entry_size']);
    const entrySize = entrySizeOf(fields);
    const base = protectedIpa(fields.need('base'), params, entrySize);
    const last = fields.need('top');
    const top = last.number();
    if (top <= base || top > protectedEnd(params) || top % entrySize !== 0)
      throw last.refuse('MANIFEST_PLACE', `> ${hexOf(base)}, n x ${hexOf(entrySize)}`, hexOf(top));
    return [{ op: 'init-ripas', base, top, entrySize }];
  },

  'data-create': (part, params) => {
    const fields = part.object(['ipa', 'file', 'hex', 'fill', 'measure']);
    const ipa = protectedIpa(fields.need('ipa'), params, GRANULE_SIZE);
    const content = contentOf(fields);
    if (content.length > GRANULE_SIZE)
      throw part.refuse('MANIFEST_PLACE', `<= ${GRANULE_SIZE}: image`, String(content.length));
    return [dataCreate(ipa, content, fields)];
  },

  image: (part, params) => {
    const fields = part.object(['ipa', 'file', 'hex', 'measure']);
    const base = protectedIpa(fields.need('ipa'), params, GRANULE_SIZE);
    const content = contentOf(fields);
    if (base + content.length > protectedEnd(params))
      throw part.refuse('MANIFEST_PLACE', `<= ${hexOf(protectedEnd(params))}`, hexOf(base + content.length));
    return Array.from({ length: Math.ceil(content.length / GRANULE_SIZE) }, (_, i) => {
      const at = i * GRANULE_SIZE;
      return dataCreate(base + at, content.subarray(at, at + GRANULE_SIZE), fields);
    });
  },

  'rec-create': (part) => {
    const fields = part.object(['flags', 'runnable', 'pc', 'gprs', 'mpidr']);
    const flags = fields.get('flags');
    const runnable = fields.get('runnable');
    const list = fields.get('gprs');
    const gprs = list?.list().map((gpr) => gpr.u64()) ?? [];
    if (gprs.length > REC_GPRS) throw (list as Part).refuse('MANIFEST_PLACE', `<= ${REC_GPRS}`, String(gprs.length));
    fields.get('mpidr')?.u64();
    const isRunnable = runnable === undefined ? (flags?.u64(1n) ?? 1n) === 1n : runnable.flag();
    return [{ op: 'rec-create', isRunnable, pc: fields.get('pc')?.u64() ?? 0n, gprs }];
  },

  'measurement-extend': (part) => {
    const fields = part.object(['index', 'value']);
    const index = fields.need('index');
    const at = index.number(0xff);
    if (at < 1 || at > 4) throw index.refuse('MANIFEST_PLACE', '1 .. 4', String(at));
    const value = fields.need('value');
    const bytes = value.bytes();
    if (bytes.length > REM_BYTES_MAX) throw value.refuse('MANIFEST_PLACE', `<= ${REM_BYTES_MAX}`, String(bytes.length));
    return [{ op: 'measurement-extend', index: at, value: bytes }];
  },
};

function dataCreate(ipa: number, content: Uint8Array, fields: Fields): MeasuredOperation {
  const page = new Uint8Array(GRANULE_SIZE);
  page.set(content);
  return { op: 'data-create', ipa, page, isMeasured: fields.get('measure')?.flag() ?? true };
}

/** What a page holds: exactly one of a file, hex digits, or a byte over and over. */
function contentOf(fields: Fields): Uint8Array {
  const given = ['file', 'hex', 'fill'].flatMap((key) => fields.get(key) ?? []);
  const [one] = given;
  if (one === undefined || given.length > 1) throw fields.of.wrongType('file | hex | fill');
  if (one === fields.get('file')) return one.contents();
  if (one === fields.get('hex')) return one.bytes();
  return new Uint8Array(GRANULE_SIZE).fill(one.number(0xff));
}

function entrySizeOf(fields: Fields): number {
  const level = fields.get('level');
  const size = fields.get('entry_size');
  const one = level ?? size;
  if (one === undefined || (level !== undefined && size !== undefined)) throw fields.of.wrongType('level | entry_size');
  const sizes = [0, 1, 2, 3].map((n) => 2 ** (12 + 9 * (3 - n)));
  const found = level === undefined ? sizes.find((n) => n === one.number()) : sizes[level.number(3)];
  if (found === undefined) throw one.refuse('MANIFEST_PLACE', sizes.map(hexOf).join(', '), hexOf(one.number()));
  return found;
}

/** An address in the Protected half of the Realm's space. */
function protectedIpa(part: Part, params: MeasuredParams, align: number): number {
  const ipa = part.number();
  if (ipa % align !== 0 || ipa >= protectedEnd(params))
    throw part.refuse('MANIFEST_PLACE', `< ${hexOf(protectedEnd(params))}, n x ${hexOf(align)}`, hexOf(ipa));
  return ipa;
}

const protectedEnd = ({ s2sz }: MeasuredParams): number => 2 ** (s2sz - 1);
const hexOf = (value: number): string => `0x${value.toString(16)}`;
