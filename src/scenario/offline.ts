// The RIM that a layout comes to when a host builds a Realm from it in this host's order, without building it.

import { GRANULE } from '../host/abi.ts';
import { type RealmLayout, plainFeatures } from '../host/realm.ts';
import { type MeasuredOperation, measureRealm } from '../rmm/measurement-log.ts';

const BLOCK = 2 ** 21;

export function offlineRim({ ipaBits = 40, hash, ram = [], images = [], vcpus, features }: RealmLayout): Uint8Array {
  const operations: MeasuredOperation[] = [];
  for (const { base, size } of ram) {
    for (let at = base; at < base + size;) {
      const entrySize = at % BLOCK === 0 && at + BLOCK <= base + size ? BLOCK : GRANULE;
      operations.push({ op: 'init-ripas', base: at, top: at + entrySize, entrySize });
      at += entrySize;
    }
  }
  for (const { ipa, bytes, isMeasured = true } of images) {
    for (let at = 0; at < bytes.length; at += GRANULE) {
      const page = new Uint8Array(GRANULE);
      page.set(bytes.subarray(at, at + GRANULE));
      operations.push({ op: 'data-create', ipa: ipa + at, page, isMeasured });
    }
  }
  for (const { entry, isRunnable = true, x = [] } of vcpus)
    operations.push({ op: 'rec-create', isRunnable, pc: BigInt(entry), gprs: x });
  const params = { ...(features ?? plainFeatures), s2sz: ipaBits };
  return measureRealm(hash === 'sha-512' ? 'SHA_512' : 'SHA_256', params, operations).measurements[0] as Uint8Array;
}
