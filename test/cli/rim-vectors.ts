// Measurement vectors as manifests: those beside the repository, when they are there, and our own.
import { existsSync, readFileSync } from 'node:fs';
import { inRepo } from '../../src/tools/repo.ts';

export type Manifest = {
  readonly hash: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly operations: readonly Readonly<Record<string, Readonly<Record<string, unknown>>>>[];
};

/** A manifest, and the digests that follow from it: by index of the measurement. */
export type RimVector = {
  readonly id: string;
  readonly manifest: Manifest;
  readonly index: number;
  readonly result: string;
  /** Digests on the way, without repetition. */
  readonly steps: readonly string[];
};

const FILE = inRepo('../shared/reference/rim-vectors.json');
export const hasSharedVectors = existsSync(FILE);

type Raw = {
  readonly id: string;
  readonly op: string;
  readonly hash: 'sha-256' | 'sha-512';
  readonly note: string;
  readonly resultHex: string;
  readonly hostParamsNonZero?: readonly { readonly offset: string; readonly hex: string }[];
  readonly ipa?: string;
  readonly flags?: number;
  readonly contentRule?: string;
  readonly base?: string;
  readonly top?: string;
  readonly entrySize?: string;
  readonly valueHex?: string;
  readonly steps?: readonly { readonly step?: string; readonly rimHex?: string }[];
};

/** byte[i] = (seed + 7*i + 13*(i>>8)) & 0xff. */
const vectorPage = (seed: number): Uint8Array =>
  Uint8Array.from({ length: 4096 }, (_, i) => (seed + 7 * i + 13 * (i >> 8)) & 0xff);
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function pageOf(raw: Raw): DataView {
  const page = new Uint8Array(4096);
  for (const { offset, hex } of raw.hostParamsNonZero ?? []) page.set(Buffer.from(hex, 'hex'), Number(offset));
  return new DataView(page.buffer);
}

function parameters(raw: Raw): Manifest['parameters'] {
  const page = pageOf(raw);
  return {
    flags: `0x${page.getBigUint64(0, true).toString(16)}`,
    s2sz: page.getUint8(0x8),
    sve_vl: page.getUint8(0x10),
    num_bps: page.getUint8(0x18),
    num_wps: page.getUint8(0x20),
    pmu_num_ctrs: page.getUint8(0x28),
    rpv: hexOf(new Uint8Array(page.buffer, 0x400, 64)),
    vmid: page.getUint16(0x800, true),
  };
}

function recCreate(raw: Raw): Manifest['operations'][number] {
  const page = pageOf(raw);
  const u64 = (at: number): string => `0x${page.getBigUint64(at, true).toString(16)}`;
  const gprs = Array.from({ length: 8 }, (_, i) => u64(0x300 + 8 * i));
  return { 'rec-create': { flags: u64(0), mpidr: u64(0x100), pc: u64(0x200), gprs } };
}

const dataCreate = (ipa: string, seed: number, flags: number): Manifest['operations'][number] => ({
  'data-create': { ipa, hex: hexOf(vectorPage(seed)), measure: flags === 1 },
});

/** All vectors of the file, each from REALM_CREATE on. */
export function sharedVectors(): readonly RimVector[] {
  const raws = (JSON.parse(readFileSync(FILE, 'utf8')) as { vectors: Raw[] }).vectors;
  const find = (id: string): Raw => raws.find((raw) => raw.id === id) as Raw;
  const rems = new Map<string, Manifest['operations'][number][]>();
  return raws.map((raw) => {
    const hash = raw.hash.replace('-', '');
    const created = raw.op === 'REALM_CREATE' ? raw : find(`create-${hash}`);
    const operations = operationsOf(raw, rems, find);
    const steps = raw.op === 'REALM_CREATE' || raw.op === 'MEASUREMENT_EXTEND' ? [] : (raw.steps ?? []);
    return {
      id: raw.id,
      manifest: { hash: raw.hash, parameters: parameters(created), operations },
      index: raw.op === 'MEASUREMENT_EXTEND' ? 1 : 0,
      result: raw.resultHex,
      steps: steps.flatMap(({ rimHex }) => rimHex ?? []).filter((rim, i, all) => rim !== all[i - 1]),
    };
  });
}

function operationsOf(
  raw: Raw,
  rems: Map<string, Manifest['operations'][number][]>,
  find: (id: string) => Raw,
): Manifest['operations'] {
  switch (raw.op) {
    case 'REALM_CREATE':
      return [];
    case 'DATA_CREATE':
      return [
        dataCreate(raw.ipa as string, Number(/\((\d+) \+/.exec(raw.contentRule as string)?.[1]), raw.flags as number),
      ];
    case 'REC_CREATE':
      return [recCreate(raw)];
    case 'RTT_INIT_RIPAS':
      return [{ 'init-ripas': { base: raw.base, top: raw.top, entry_size: raw.entrySize } }];
    case 'MEASUREMENT_EXTEND': {
      // The second one goes on from the first.
      const before = raw.id.startsWith('rem-second') ? (rems.get(raw.hash) ?? []) : [];
      const operations = [...before, { 'measurement-extend': { index: 1, value: raw.valueHex } }];
      if (raw.id.startsWith('rem-first')) rems.set(raw.hash, operations);
      return operations;
    }
    default:
      return [
        { 'init-ripas': { base: '0x10000000', top: '0x10400000', level: 2 } },
        dataCreate('0x10000000', 0x11, 1),
        dataCreate('0x10001000', 0x22, 1),
        dataCreate('0x10002000', 0, 0),
        recCreate(find(`rec-runnable-${raw.hash.replace('-', '')}`)),
        { 'rec-create': { runnable: false, mpidr: 1 } },
      ];
  }
}

/** The vectors of this repository. */
export function ownVectors(): readonly (RimVector & { readonly rems: readonly string[] })[] {
  const text = readFileSync(inRepo('fixtures/vectors/measurement/vectors.json'), 'utf8');
  const { vectors } = JSON.parse(text) as {
    vectors: { id: string; manifest: Manifest; rim: string; rems: string[] }[];
  };
  return vectors.map(({ id, manifest, rim, rems }) => ({ id, manifest, index: 0, result: rim, steps: [], rems }));
}
