// A small project with our bootstrap and our installed packages, in which sources come and go.
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inRepo } from '../../src/tools/repo.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fourworlds-bootstrap-'));
  for (const file of [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'src/tools/bootstrap.mjs',
  ]) {
    cpSync(inRepo(file), join(root, file));
  }
  symlinkSync(inRepo('node_modules'), join(root, 'node_modules'));
  write('cli/main.ts', 'console.log(process.argv.slice(2).join());\nprocess.exit(Number(process.argv[3] ?? 0));\n');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(join(root, 'src', file, '..'), { recursive: true });
  writeFileSync(join(root, 'src', file), text);
}

function bootstrap(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { npm_lifecycle_event: _, ...env } = process.env;
  const done = spawnSync(process.execPath, [join(root, 'src/tools/bootstrap.mjs'), ...args], { encoding: 'utf8', env });
  return { status: done.status, stdout: done.stdout, stderr: done.stderr };
}

test('builds once, then only runs, and hands over arguments and exit code', () => {
  const first = bootstrap('demo', '7');
  expect(first).toEqual({ status: 7, stdout: 'demo,7\n', stderr: 'fourworlds: building dist/ (sources changed)…\n' });
  expect(bootstrap('demo', '0')).toEqual({ status: 0, stdout: 'demo,0\n', stderr: '' });
  expect(statSync(join(root, 'dist/cli/main.js')).mode & 0o111).not.toBe(0);
});

test('a source that was deleted leaves dist, and so does everything half done', () => {
  write('old.ts', 'export const old = 1;\n');
  bootstrap('ready');
  expect(existsSync(join(root, 'dist/old.js'))).toBe(true);
  rmSync(join(root, 'src/old.ts'));
  mkdirSync(join(root, 'dist.new-999999999'));
  bootstrap('ready');
  expect(existsSync(join(root, 'dist/old.js'))).toBe(false);
  expect(readdirSync(root).filter((name) => name.startsWith('dist'))).toEqual(['dist']);
});

test('a type error stops `build` and leaves dist as it was; other commands still run', () => {
  bootstrap('build');
  write('wrong.ts', "export const n: number = 'x';\n");
  const build = bootstrap('build');
  expect(build.status).toBe(1);
  expect(build.stderr).toContain('src/wrong.ts(1,14): error TS2322');
  expect(existsSync(join(root, 'dist/wrong.js'))).toBe(false);
  expect(bootstrap('demo').status).toBe(0);
});

test('the lock of a process that died is taken over', () => {
  mkdirSync(join(root, 'dist.lock'));
  writeFileSync(join(root, 'dist.lock/pid'), '999999999');
  expect(bootstrap('ready').status).toBe(0);
  expect(existsSync(join(root, 'dist.lock'))).toBe(false);
});

test('of several runs at once one builds and all succeed', async () => {
  const runs = Array.from({ length: 4 }, () => {
    const child = spawn(process.execPath, [join(root, 'src/tools/bootstrap.mjs'), 'demo'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    return new Promise<{ code: number | null; said: string }>((resolve) => {
      child.on('close', (code) => resolve({ code, said }));
    });
  });
  const results = await Promise.all(runs);
  expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(results.filter(({ said }) => said.includes('building dist/'))).toHaveLength(1);
});

test('an unknown command is a usage error that lists the known ones', () => {
  const { status, stderr } = bootstrap('dmeo');
  expect(status).toBe(2);
  expect(stderr).toMatch(/no command 'dmeo'.*demo, test/);
});
