// Measurements of Realms that are never built: vectors, every digest on the way, and manifests that are refused.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { inRepo } from '../../src/tools/repo.ts';
import { hasSharedVectors, ownVectors, sharedVectors } from './rim-vectors.ts';
import { cli } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'fourworlds-measure-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (text: string, name = 'm.yaml'): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

type Document = {
  readonly hash: string;
  readonly rim: string;
  readonly rems: readonly string[];
  readonly steps: readonly { readonly op: string; readonly index: number; readonly digest: string }[];
};

async function measure(manifest: unknown, ...options: readonly string[]): Promise<Document> {
  const { code, out, err } = await cli(['realm', 'measure', write(JSON.stringify(manifest)), '--json', ...options]);
  expect(err).toBe('');
  expect(code).toBe(0);
  return JSON.parse(out) as Document;
}

describe('our own vectors', () => {
  const vectors = ownVectors();

  test.each(vectors.map((vector) => [vector.id, vector] as const))('%s', async (_, { manifest, result, rems }) => {
    const document = await measure(manifest);
    expect(document.rim).toBe(result);
    expect(document.rems).toEqual(rems);
  });

  test('the order of operations is measured', () => {
    const rims = vectors.filter(({ id }) => id.startsWith('order-')).map(({ result }) => result);
    expect(new Set(rims).size).toBe(4);
  });
});

describe.skipIf(!hasSharedVectors)('the reference vectors (skipped where they are not beside the repository)', () => {
  const vectors = hasSharedVectors ? sharedVectors() : [];

  test('there are 23', () => {
    expect(vectors).toHaveLength(23);
    expect(vectors.filter(({ id }) => id.startsWith('sequence-'))).toHaveLength(2);
  });

  test.each(vectors.map((vector) => [vector.id, vector] as const))(
    '%s',
    async (_, { manifest, index, result, steps }) => {
      const document = await measure(manifest);
      expect(index === 0 ? document.rim : document.rems[index - 1]).toBe(result);
      const digests = document.steps.map(({ digest }) => digest);
      expect(steps.filter((digest) => !digests.includes(digest))).toEqual([]);
    },
  );
});

const start = 'parameters: { s2sz: 40, num_bps: 5, num_wps: 3 }\noperations:\n';

test('a manifest in words: every digest, and the measurements', async () => {
  const { code, out } = await cli(['realm', 'measure', inRepo('fixtures/manifests/small.yaml')]);
  expect(code).toBe(0);
  const lines = out.split('\n');
  expect(lines.filter((line) => line.startsWith('  '))).toHaveLength(7);
  expect(lines[1]).toMatch(/^ {2}realm-create +RIM +f33498f22eed8d51fb28b95769b27275a8c69a469e26b0050f1e809c4e0146b4$/);
  expect(lines.filter((line) => /^(RIM|REM [1-4]) +[0-9a-f]{64}$/.test(line))).toHaveLength(5);
  expect((await cli(['realm', 'measure', inRepo('fixtures/manifests/small.yaml'), '--lang', 'es'])).out).toContain(
    'Medidas de',
  );
});

test('--hash wins over the manifest', async () => {
  const manifest = { hash: 'sha-256', parameters: { s2sz: 40 }, operations: [] };
  expect((await measure(manifest)).rim).toHaveLength(64);
  const other = await measure(manifest, '--hash', 'sha-512');
  expect(other.hash).toBe('sha-512');
  expect(other.rim).toHaveLength(128);
});

test('an image is its pages, and the last one is filled with zeros', async () => {
  writeFileSync(join(folder, 'image.bin'), new Uint8Array(4097).fill(7));
  const parameters = { s2sz: 40 };
  const last = `07${'00'.repeat(4095)}`;
  const image = await measure({ parameters, operations: [{ image: { ipa: 0, file: 'image.bin' } }] });
  const pages = [{ 'data-create': { ipa: 0, fill: 7 } }, { 'data-create': { ipa: 4096, hex: last } }];
  expect(image.rim).toBe((await measure({ parameters, operations: pages })).rim);
});

test('all 64 bits of a register are measured', async () => {
  const rim = async (gpr: string): Promise<string> =>
    (await measure({ parameters: { s2sz: 40 }, operations: [{ 'rec-create': { gprs: [gpr] } }] })).rim;
  const rims = new Set<string>();
  for (const gpr of ['0xffffffffffffffff', '0xfffffffffffffffe', '0x8000000000000000']) rims.add(await rim(gpr));
  expect(rims.size).toBe(3);
});

test.each<[string, string, string, number]>([
  ['no YAML', 'a: [', 'YAML_SYNTAX', 1],
  ['a key twice', 'hash: sha-256\nhash: sha-512\n', 'YAML_DUPLICATE_KEY', 2],
  ['an unknown key', `${start}\nfoo: 1\n`, 'YAML_UNKNOWN_KEY', 4],
  ['an unknown operation', `${start}  - data-destroy: {}\n`, 'YAML_UNKNOWN_KEY', 3],
  ['an unknown argument', `${start}  - rec-create:\n      pc: 0\n      sp: 0\n`, 'YAML_UNKNOWN_KEY', 5],
  ['two operations in one', `${start}  - { rec-create: {}, image: {} }\n`, 'YAML_WRONG_TYPE', 3],
  ['no parameters', 'operations: []\n', 'YAML_MISSING_KEY', 1],
  ['no width', 'parameters:\n  num_bps: 5\n', 'YAML_MISSING_KEY', 1],
  ['a width that no Realm has', 'parameters:\n  s2sz: 60\n', 'MANIFEST_PLACE', 2],
  ['a missing file', `${start}  - image: { ipa: 0, file: nowhere.bin }\n`, 'YAML_FILE', 3],
  ['no contents', `${start}  - data-create: { ipa: 0 }\n`, 'YAML_WRONG_TYPE', 3],
  ['contents in two ways', `${start}  - data-create: { ipa: 0, fill: 0, hex: '00' }\n`, 'YAML_WRONG_TYPE', 3],
  ['more than a page', `${start}  - data-create: { ipa: 0, hex: '${'00'.repeat(4097)}' }\n`, 'MANIFEST_PLACE', 3],
  ['half a byte', `${start}  - data-create: { ipa: 0, hex: '0' }\n`, 'YAML_WRONG_TYPE', 3],
  ['an address between pages', `${start}  - data-create: { ipa: 0x800, fill: 0 }\n`, 'MANIFEST_PLACE', 3],
  ['an unprotected address', `${start}  - data-create: { ipa: 0x8000000000, fill: 0 }\n`, 'MANIFEST_PLACE', 3],
  [
    'a range between entries',
    `${start}  - init-ripas: { base: 0x1000, top: 0x201000, level: 2 }\n`,
    'MANIFEST_PLACE',
    3,
  ],
  ['an empty range', `${start}  - init-ripas: { base: 0x1000, top: 0x1000, level: 3 }\n`, 'MANIFEST_PLACE', 3],
  ['entries of no level', `${start}  - init-ripas: { base: 0, top: 0x1000, entry_size: 0x800 }\n`, 'MANIFEST_PLACE', 3],
  [
    'a level and a size',
    `${start}  - init-ripas: { base: 0, top: 0x1000, level: 3, entry_size: 4096 }\n`,
    'YAML_WRONG_TYPE',
    3,
  ],
  [
    'a range that takes forever',
    `${start}  - init-ripas: { base: 0, top: 0x8000000000, level: 3 }\n`,
    'MANIFEST_TOO_LONG',
    3,
  ],
  ['more than 64 bits', `${start}  - rec-create: { pc: 0x10000000000000000 }\n`, 'YAML_NUMBER', 3],
  ['a number with a fraction', `${start}  - rec-create: { pc: 1.5 }\n`, 'YAML_WRONG_TYPE', 3],
  ['a REM that is the RIM', `${start}  - measurement-extend: { index: 0, value: '' }\n`, 'MANIFEST_PLACE', 3],
  ['65 bytes', `${start}  - measurement-extend: { index: 1, value: '${'00'.repeat(65)}' }\n`, 'MANIFEST_PLACE', 3],
  [
    'data after the Realm runs',
    `${start}  - measurement-extend: { index: 1, value: '' }\n  - rec-create: {}\n`,
    'MANIFEST_ORDER',
    4,
  ],
])('%s is refused with its line', async (_, text, error, line) => {
  const file = write(text);
  const { code, out, err } = await cli(['realm', 'measure', file]);
  expect(err.split('\n')[0]).toContain(`${file}:${line}`);
  expect(err).toContain(`(${error})`);
  expect(out).toBe('');
  expect(code).toBe(3);
});

test('a manifest that is not there cannot be opened', async () => {
  const { code, err } = await cli(['realm', 'measure', join(folder, 'none.yaml')]);
  expect(err).toContain('(FILE_NOT_FOUND)');
  expect(code).toBe(4);
});
