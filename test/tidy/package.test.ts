import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inRepo, repoFiles } from '../../src/tools/repo.ts';

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(inRepo('package.json'), 'utf8')) as Manifest;
const lock = JSON.parse(readFileSync(inRepo('package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, Manifest & { readonly resolved?: string }>>;
};

const TOP_LEVEL = [
  '.ci',
  '.editorconfig',
  '.gitattributes',
  '.gitignore',
  '.npmrc',
  '.oxlintrc.json',
  '.prettierrc.json',
  'LICENSE',
  'README.es.md',
  'README.md',
  'docs',
  'fixtures',
  'knip.json',
  'package-lock.json',
  'package.json',
  'specs',
  'src',
  'test',
  'tsconfig.build.json',
  'tsconfig.json',
  'vitest.config.ts',
];

test('dependencies have exact versions', () => {
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.overrides };
  expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  expect(Object.keys(all).length).toBeGreaterThan(0);
});

test('the lock file is of this manifest and names no host', () => {
  const { dependencies, devDependencies } = manifest;
  expect(lock.packages['']).toMatchObject({ version: manifest.version, dependencies, devDependencies });
  expect(Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});

test('the top level holds only what a newcomer expects there', () => {
  const names = new Set(repoFiles().map((file) => file.split('/')[0] ?? ''));
  expect([...names].filter((name) => !TOP_LEVEL.includes(name))).toEqual([]);
});
