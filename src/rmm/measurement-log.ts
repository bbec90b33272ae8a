// RIM and REMs of a Realm worked out without building it: parameters and operations in order, every digest on the way kept.

import { GRANULE_SIZE } from '../arch/address.ts';
import { type Hasher, nobleHasher } from '../crypto/hash.ts';
import { Measurer, digestSize } from './measurement.ts';
import { type HashAlgo, MEASUREMENTS, MEASUREMENT_SIZE } from './realm.ts';

/** The fields of RmiRealmParams that are measured. */
export type MeasuredParams = {
  readonly flags: bigint;
  readonly s2sz: number;
  readonly sveVl: number;
  readonly numBps: number;
  readonly numWps: number;
  readonly pmuNumCtrs: number;
};

/** What a Host or a Realm does that extends a measurement. */
export type MeasuredOperation =
  | { readonly op: 'init-ripas'; readonly base: number; readonly top: number; readonly entrySize: number }
  | { readonly op: 'data-create'; readonly ipa: number; readonly page: Uint8Array; readonly isMeasured: boolean }
  | { readonly op: 'rec-create'; readonly isRunnable: boolean; readonly pc: bigint; readonly gprs: readonly bigint[] }
  | { readonly op: 'measurement-extend'; readonly index: number; readonly value: Uint8Array };

/** One digest on the way. `content` is the hash that a descriptor holds. */
export type MeasurementStep = {
  readonly op: 'realm-create' | MeasuredOperation['op'];
  readonly detail: string;
  readonly index: number;
  readonly content: Uint8Array | undefined;
  readonly digest: Uint8Array;
};

export type MeasurementLog = {
  readonly steps: readonly MeasurementStep[];
  readonly measurements: readonly Uint8Array[];
};

/** Measures parameters and operations in their order. Digests have the length of the hash. */
export function measureRealm(
  algo: HashAlgo,
  params: MeasuredParams,
  operations: readonly MeasuredOperation[],
  hasher: Hasher = nobleHasher,
): MeasurementLog {
  const measurer = new Measurer(hasher);
  const size = digestSize(algo);
  const cut = (measurement: Uint8Array): Uint8Array => measurement.slice(0, size);
  const values = Array.from({ length: MEASUREMENTS }, () => new Uint8Array(MEASUREMENT_SIZE));
  const steps: MeasurementStep[] = [];
  const extend = (
    index: number,
    value: Uint8Array,
    op: MeasurementStep['op'],
    detail: string,
    content?: Uint8Array,
  ): void => {
    values[index] = Uint8Array.from(value);
    steps.push({ op, detail, index, content: content === undefined ? undefined : cut(content), digest: cut(value) });
  };

  extend(0, measurer.hash(algo, paramsPage(algo, params)), 'realm-create', '');
  for (const operation of operations) {
    const rim = values[0] as Uint8Array;
    switch (operation.op) {
      case 'init-ripas':
        for (let at = operation.base; at < operation.top; at += operation.entrySize) {
          const top = at + operation.entrySize;
          extend(
            0,
            measurer.extendRipas(algo, values[0] as Uint8Array, at, top),
            operation.op,
            `0x${at.toString(16)}-0x${top.toString(16)}`,
          );
        }
        break;
      case 'data-create': {
        const { ipa, page, isMeasured } = operation;
        const content = isMeasured ? measurer.hash(algo, page) : undefined;
        const value = measurer.extendData(algo, rim, ipa, isMeasured ? 1n : 0n, isMeasured ? page : undefined);
        extend(0, value, operation.op, `0x${ipa.toString(16)}`, content);
        break;
      }
      case 'rec-create': {
        if (!operation.isRunnable) break;
        const page = recPage(operation.pc, operation.gprs);
        extend(
          0,
          measurer.extendRec(algo, rim, page),
          operation.op,
          `0x${operation.pc.toString(16)}`,
          measurer.hash(algo, page),
        );
        break;
      }
      case 'measurement-extend': {
        const { index, value } = operation;
        extend(index, measurer.extendRem(algo, values[index] as Uint8Array, value), operation.op, `REM ${index}`);
        break;
      }
    }
  }
  return { steps, measurements: values.map(cut) };
}

/** The measured part of RmiRealmParams, as a page. */
function paramsPage(algo: HashAlgo, p: MeasuredParams): Uint8Array {
  const page = new Uint8Array(GRANULE_SIZE);
  new DataView(page.buffer).setBigUint64(0x000, p.flags, true);
  page[0x008] = p.s2sz;
  page[0x010] = p.sveVl;
  page[0x018] = p.numBps;
  page[0x020] = p.numWps;
  page[0x028] = p.pmuNumCtrs;
  page[0x030] = algo === 'SHA_256' ? 0 : 1;
  return page;
}

/** The measured part of RmiRecParams of a runnable REC, as a page. */
function recPage(pc: bigint, gprs: readonly bigint[]): Uint8Array {
  const page = new Uint8Array(GRANULE_SIZE);
  const view = new DataView(page.buffer);
  view.setBigUint64(0x000, 1n, true);
  view.setBigUint64(0x200, pc, true);
  for (let i = 0; i < 8; i++) view.setBigUint64(0x300 + 8 * i, gprs[i] ?? 0n, true);
  return page;
}
