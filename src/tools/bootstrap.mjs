// Installs, builds, then runs one of the project's commands. The only plain JavaScript file here, because it
// runs before anything is installed and Node 20 runs no TypeScript. Everything it starts lives in dist/.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const at = (...parts) => join(ROOT, ...parts);

const DIST = at('dist');
const STAMP = at('dist', '.stamp.json');
const LOCK = at('dist.lock');
const LOCK_WAIT_MS = 10 * 60_000;
const EXECUTABLES = ['cli/main.js'];

const COMMANDS = {
  build: { does: 'install if needed, build dist/ if sources changed, demand that the types are right' },
  ready: { does: 'install and build if needed, and nothing else' },
  demo: { does: 'the demo of the command line', argv: ['dist/cli/main.js', 'demo'] },
  test: { does: 'the tests (arguments go to vitest)', argv: ['node_modules/vitest/vitest.mjs', 'run'] },
  check: { does: 'everything a commit needs, in about a minute', argv: ['dist/tools/check.js'] },
  'check:long': { does: 'the long checks', argv: ['dist/tools/check-long.js'] },
  bench: { does: 'one benchmark by name', argv: ['dist/tools/bench.js'] },
  gen: { does: 'write the generated files', argv: ['dist/tools/gen.js'] },
  prove: { does: 'one full-length proof by name', argv: ['dist/tools/prove.js'] },
  sim: { does: 'simulation runs over many seeds', argv: ['dist/tools/sim.js'] },
  'spec:report': { does: 'counts what specs/ says and compares it', argv: ['dist/tools/spec-report.js'] },
};

main(process.argv.slice(2));

function main([name, ...args]) {
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(usage());
    process.exit(name === undefined ? 2 : 0);
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) fail(`no command '${name}'. There are: ${Object.keys(COMMANDS).join(', ')}`, 2);
  demandNode(20, 19);

  const isChecked = name === 'build';
  makeReady({ isChecked, mayInstall: process.env.npm_lifecycle_event !== 'prepare' });
  if (command.argv === undefined) return;

  const [file, ...firstArgs] = command.argv;
  if (!existsSync(at(file))) fail(`'${name}' needs ${file}, which the sources do not build yet`, 1);
  run([at(file), ...firstArgs, ...args]);
}

function usage() {
  const rows = Object.entries(COMMANDS).map(([name, { does }]) => `  ${name.padEnd(12)}${does}\n`);
  return `usage: node src/tools/bootstrap.mjs COMMAND [ARGUMENTS]\n\n${rows.join('')}`;
}

/** Leaves node_modules as locked and dist/ as the sources say; the common case takes no lock and writes nothing. */
function makeReady({ isChecked, mayInstall }) {
  if (isInstalled() && isBuilt(isChecked)) return;
  takeLock();
  try {
    if (mayInstall && !isInstalled()) install();
    if (!existsSync(at('node_modules/typescript'))) {
      // An install that leaves out the development packages also runs `prepare`: it has nothing to build with.
      if (!mayInstall) return say('typescript is not installed, so dist/ was left as it is');
      fail('typescript is missing after the installation; does npm leave out development packages here?', 1);
    }
    if (!isBuilt(isChecked)) build(isChecked);
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
}

/** npm writes node_modules/.package-lock.json last, so an interrupted installation has none. */
function isInstalled() {
  const installed = lockedPackages('node_modules/.package-lock.json');
  const wanted = lockedPackages('package-lock.json');
  if (installed === undefined || wanted === undefined) return false;
  // Packages for other systems are in the lock file only; every package that is here must be as locked.
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || (installed[path] === undefined ? optional === true : installed[path].version === version),
  );
}

function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(at(file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function install() {
  say('installing locked dependencies (once)…');
  // No scripts: our own `prepare` would come back here, and no dependency needs its own.
  const args = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const done = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: ROOT, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32' });
  if (done.status === 0) return;
  process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`);
  fail(`npm ci did not finish (${done.error?.message ?? `status ${done.status}`}); the reason stands above`, 1);
}

function isBuilt(isChecked) {
  try {
    const stamp = JSON.parse(readFileSync(STAMP, 'utf8'));
    return stamp.sources === sourcesHash() && (stamp.isChecked || !isChecked);
  } catch {
    return false;
  }
}

/** Names and contents, not times: a deleted source counts, a fresh checkout of the same sources does not. */
function sourcesHash() {
  const hash = createHash('sha256');
  const files = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', ...filesBelow('src')];
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(at(file)))
      .update('\0');
  return hash.digest('hex');
}

function filesBelow(folder) {
  return readdirSync(at(folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}

/** Builds beside dist/ and swaps at the end, so that nobody reads half of it. */
function build(isChecked) {
  say(isChecked ? 'building dist/…' : 'building dist/ (sources changed)…');
  removeLeftovers();
  const sources = sourcesHash();
  const fresh = at(`dist.new-${process.pid}`);
  const old = at(`dist.old-${process.pid}`);
  // Unchecked, a type error elsewhere does not keep anyone from running a test; `check` and `build` report it.
  const tsc = [at('node_modules/typescript/bin/tsc'), '-p', at('tsconfig.build.json'), '--outDir', fresh];
  const done = spawnSync(process.execPath, isChecked ? tsc : [...tsc, '--noCheck'], { cwd: ROOT, encoding: 'utf8' });
  if (done.status !== 0 && (isChecked || !existsSync(fresh))) {
    rmSync(fresh, { recursive: true, force: true });
    process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`);
    fail('the sources do not compile, and dist/ was left as it is; the reasons stand above', 1);
  }
  copyAssets(fresh);
  for (const file of EXECUTABLES) if (existsSync(join(fresh, file))) chmodSync(join(fresh, file), 0o755);
  writeFileSync(join(fresh, '.stamp.json'), `${JSON.stringify({ sources, isChecked })}\n`);

  if (existsSync(DIST)) renameSync(DIST, old);
  renameSync(fresh, DIST);
  rmSync(old, { recursive: true, force: true });
}

/** Pages, styles and data that sources keep beside themselves; tsc copies only what is imported. */
function copyAssets(fresh) {
  for (const file of filesBelow('src').filter((path) => !/\.(ts|mjs|md)$/.test(path))) {
    const target = join(fresh, file.slice('src/'.length));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(at(file), target);
  }
}

function removeLeftovers() {
  for (const name of readdirSync(ROOT)) {
    const pid = /^dist\.(?:new|old)-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(at(name), { recursive: true, force: true });
  }
}

/** A folder is created by exactly one of two processes; it holds the number of the one that works. */
function takeLock() {
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (let isFirst = true; ; isFirst = false) {
    try {
      mkdirSync(LOCK);
      writeFileSync(join(LOCK, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`cannot write here: ${error.message}`, 1);
    }
    const holder = lockHolder();
    if (holder === 'gone') {
      removeStaleLock();
      continue;
    }
    if (isFirst && holder !== 'free') say(`waiting for another run that installs or builds (process ${holder})…`);
    if (Date.now() > deadline) fail(`process ${holder} has been building for long; remove ${LOCK} if it is not`, 1);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

/** Returns the process at work, 'free' when the folder just went, 'gone' when its maker died. */
function lockHolder() {
  try {
    const ageMs = Date.now() - statSync(LOCK).mtimeMs;
    const pidFile = join(LOCK, 'pid');
    if (!existsSync(pidFile)) return ageMs > 5_000 ? 'gone' : 'unknown';
    const pid = Number(readFileSync(pidFile, 'utf8'));
    return pid > 0 && !isAlive(pid) ? 'gone' : pid;
  } catch {
    return 'free';
  }
}

/** Renaming first lets only one of several waiting processes remove it. */
function removeStaleLock() {
  const stale = at(`dist.old-${process.pid}`);
  try {
    renameSync(LOCK, stale);
    rmSync(stale, { recursive: true, force: true });
  } catch {
    // Another waiting process was faster.
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Hands over to the real program: its output, its exit code, its signals. */
function run(argv) {
  const child = spawn(process.execPath, argv, { cwd: process.cwd(), stdio: 'inherit' });
  // The terminal sends an interrupt to both; the child decides what it means.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => fail(error.message, 1));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function demandNode(major, minor) {
  const [hasMajor, hasMinor] = process.versions.node.split('.').map(Number);
  if (hasMajor > major || (hasMajor === major && hasMinor >= minor)) return;
  fail(`Node ${major}.${minor} or newer is needed; this is ${process.versions.node}`, 1);
}

function say(text) {
  process.stderr.write(`fourworlds: ${text}\n`);
}

function fail(text, code) {
  say(text);
  if (existsSync(LOCK) && lockHolder() === process.pid) rmSync(LOCK, { recursive: true, force: true });
  process.exit(code);
}
