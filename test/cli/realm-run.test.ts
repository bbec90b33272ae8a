// `realm run`: what it prints, its exit codes, and files that are refused before anything is run.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { inRepo } from '../../src/tools/repo.ts';
import { cli } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'fourworlds-scenario-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (text: string, name = 's.yaml'): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const life = inRepo('fixtures/scenarios/whole-life.yaml');

const small = (steps: string): string => `name: small
realms:
  a:
    ram: [{ base: 0x1000, size: 0x2000 }]
    images: [{ ipa: 0x1000, script: hello }]
    vcpus: [{ entry: 0x1000 }]
steps:
  - create: a
${steps}`;

describe('a scenario that holds', () => {
  test('in words, in both languages', async () => {
    const { code, out, err } = await cli(['realm', 'run', life]);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain("A Realm's whole life\n  1 + create a");
    expect(out).toContain('end system-off, exits 3, reasons SYNC HOST_CALL PSCI');
    expect(out).toContain('8 steps, 14 expectations: all hold');
    expect((await cli(['realm', 'run', life, '--lang', 'es'])).out).toContain('14 expectativas: se cumplen todas');
  });

  test('as one document', async () => {
    const { code, out } = await cli(['realm', 'run', life, '--json', '--seed', '5']);
    expect(code).toBe(0);
    const document = JSON.parse(out) as { readonly steps: readonly object[] };
    expect(document).toMatchObject({
      schema: 'fourworlds/realm-run/1',
      file: life,
      machine: 'base',
      seed: 5,
      isGood: true,
      failures: [],
    });
    expect(document.steps).toHaveLength(8);
    expect(document.steps[4]).toEqual({
      where: `${life}:18 steps[4]`,
      title: 'read realm a ipa 0x1000',
      facts: { fault: 'GPF' },
      failures: [],
    });
  });

  test('with what the machine does', async () => {
    const plain = await cli(['realm', 'run', life]);
    const traced = await cli(['realm', 'run', life, '--trace']);
    expect(traced.code).toBe(0);
    expect(traced.out).toMatch(/RMI_REALM_CREATE/);
    expect(traced.out.split('\n').length).toBeGreaterThan(plain.out.split('\n').length + 100);
    const document = JSON.parse((await cli(['realm', 'run', life, '--trace', '--json'])).out) as {
      readonly steps: readonly { readonly trace: readonly string[] }[];
    };
    expect(document.steps[3]?.trace.some((line) => line.includes('RMI_REALM_ACTIVATE'))).toBe(true);
  });
});

test('one that does not hold names the line, what was expected and what was found', async () => {
  const file = write(small('  - activate: a\n    expect:\n      status: RMI_ERROR_REALM\n'));
  const { code, out } = await cli(['realm', 'run', file]);
  expect(code).toBe(1);
  expect(out).toContain(`${file}:11 steps[1].expect.status: activate a: status\n`);
  expect(out).toMatch(/expected {2}RMI_ERROR_REALM\n {2}found {5}RMI_SUCCESS/);
  expect(out).toContain('1 fail');
  const { code: again, out: json } = await cli(['realm', 'run', file, '--json']);
  expect(again).toBe(1);
  expect(JSON.parse(json)).toMatchObject({
    isGood: false,
    failures: [{ where: `${file}:11 steps[1].expect.status`, expected: 'RMI_ERROR_REALM', found: 'RMI_SUCCESS' }],
  });
});

test('a step that cannot be taken is a failure, and the rest goes on', async () => {
  const file = write(small('  - read: { realm: a, ipa: 0x2000 }\n  - activate: a\n'));
  const { code, out } = await cli(['realm', 'run', file, '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    failures: [{ where: `${file}:9 steps[1]`, expected: 'done', found: 'a 0x2000 is not there' }],
    steps: [{}, {}, { facts: { status: 'RMI_SUCCESS' } }],
  });
});

test('parameters of a Realm, its image from a file, and a machine from another file', async () => {
  writeFileSync(join(folder, 'page.bin'), new Uint8Array(5000).fill(9));
  write('extends: base\nrmm: { features: { sveVl: 3 } }\n', 'sve.yaml');
  const file = write(`name: features
machine: sve.yaml
realms:
  a:
    ipaBits: 48
    hash: sha-512
    parameters: { sve: true, pmu: true, sve_vl: 3, num_bps: 5, num_wps: 3, pmu_num_ctrs: 6 }
    images: [{ ipa: 0x1000, file: page.bin }]
    vcpus: [{ entry: 0x1000 }]
steps:
  - create: a
  - measure: a
    expect: { offline: same }
`);
  const { code, out, err } = await cli(['realm', 'run', file]);
  expect(err).toBe('');
  expect(out).toContain('all hold');
  expect(code).toBe(0);
  const plain = write(
    `${small('')}    expect: { status: RMI_SUCCESS }\n`.replace('ipa: 0x1000, script', 'ipa: 0x1000, script'),
  );
  expect((await cli(['realm', 'run', plain])).code).toBe(0);
});

test.each<[string, string, string, number]>([
  ['no YAML', 'a: [', 'YAML_SYNTAX', 1],
  ['an unknown key', 'name: x\nfoo: 1\nsteps: []\n', 'YAML_UNKNOWN_KEY', 2],
  ['no steps', 'name: x\n', 'YAML_MISSING_KEY', 1],
  ['an unknown step', small('  - make: a\n'), 'YAML_WRONG_TYPE', 9],
  ['an unknown key of a step', small('  - activate: a\n    vcpu: 1\n'), 'YAML_UNKNOWN_KEY', 10],
  ['a Realm that is not there', small('  - activate: b\n'), 'YAML_WRONG_TYPE', 9],
  ['a page before it is taken', small('  - read: { page: p }\n  - take: p\n'), 'YAML_WRONG_TYPE', 9],
  ['an unknown command', small('  - rmi: RMI_REALM_COPY\n'), 'SCENARIO_COMMAND', 9],
  ['an unknown argument', small('  - rmi: RMI_REALM_ACTIVATE\n    args: { realm: 1 }\n'), 'YAML_UNKNOWN_KEY', 10],
  ['an unknown enumerator', small('  - rmi: RMI_REALM_ACTIVATE\n    args: { rd: RAMM }\n'), 'YAML_WRONG_TYPE', 10],
  [
    'a fact that a step does not find out',
    small('  - activate: a\n    expect: { value: 1 }\n'),
    'YAML_UNKNOWN_KEY',
    10,
  ],
  ['a PE that is not there', small('  - run: a\n    pe: 8\n'), 'SCENARIO_NAME', 10],
  ['a missing file', `name: x\nrealms:\n  a:\n    images: [{ ipa: 0, file: nowhere }]\nsteps: []\n`, 'YAML_FILE', 4],
  ['a missing machine', 'name: x\nmachine: nowhere.yaml\nsteps: []\n', 'YAML_FILE', 2],
  [
    'an unknown script',
    `name: x\nrealms:\n  a:\n    images: [{ ipa: 0, script: nobody }]\nsteps: []\n`,
    'YAML_WRONG_TYPE',
    4,
  ],
  [
    'an image between pages',
    `name: x\nrealms:\n  a:\n    images: [{ ipa: 8, fill: 0 }]\nsteps: []\n`,
    'SCENARIO_LAYOUT',
    4,
  ],
  [
    'two images in a page',
    `name: x\nrealms:\n  a:\n    images:\n      - { ipa: 0, fill: 0 }\n      - { ipa: 0, fill: 1 }\nsteps: []\n`,
    'SCENARIO_LAYOUT',
    6,
  ],
  [
    'memory beyond the half',
    `name: x\nrealms:\n  a:\n    ipaBits: 32\n    ram: [{ base: 0x80000000, size: 0x1000 }]\nsteps: []\n`,
    'SCENARIO_LAYOUT',
    5,
  ],
  ['a width that no machine has', `name: x\nrealms:\n  a:\n    ipaBits: 60\nsteps: []\n`, 'SCENARIO_LAYOUT', 4],
  ['a level that does not fit', `name: x\nrealms:\n  a:\n    startLevel: 3\nsteps: []\n`, 'SCENARIO_LAYOUT', 4],
  [
    'nine registers',
    `name: x\nrealms:\n  a:\n    vcpus: [{ entry: 0, x: [0, 0, 0, 0, 0, 0, 0, 0, 0] }]\nsteps: []\n`,
    'SCENARIO_LAYOUT',
    4,
  ],
  ['too many List Registers', small(`  - enter: a\n    lrs: [${'0, '.repeat(16)}0]\n`), 'SCENARIO_LAYOUT', 10],
  [
    'a guest with two actions in a step',
    `name: x\nguests:\n  g:\n    - { load: 0, fetch: 0 }\nsteps: []\n`,
    'YAML_WRONG_TYPE',
    4,
  ],
  ['a guest with an unknown call', `name: x\nguests:\n  g:\n    - rsi: RSI_MAGIC\nsteps: []\n`, 'SCENARIO_COMMAND', 4],
  ['an RSI call as PSCI', `name: x\nguests:\n  g:\n    - psci: RSI_VERSION\nsteps: []\n`, 'SCENARIO_COMMAND', 4],
])('%s is refused with its line, and nothing is run', async (_, text, error, line) => {
  const file = write(text);
  const { code, out, err } = await cli(['realm', 'run', file]);
  expect(err.split('\n')[0]).toContain(`${file}:${line}`);
  expect(err).toContain(`(${error})`);
  expect(out).toBe('');
  expect(code).toBe(3);
});

test('an RMM with features that no register holds is refused with the line of the machine', async () => {
  const machine = write('extends: base\nrmm:\n  features: { numBps: 64 }\n', 'bad.yaml');
  const { code, out, err } = await cli(['realm', 'run', write('name: x\nmachine: bad.yaml\nsteps: []\n')]);
  expect(err).toContain(`${machine}:3 rmm.features.numBps`);
  expect(err).toContain('(MACHINE_DATA)');
  expect(out).toBe('');
  expect(code).toBe(3);
});

test('a scenario that is not there cannot be opened', async () => {
  const { code, err } = await cli(['realm', 'run', join(folder, 'none.yaml')]);
  expect(err).toContain('(FILE_NOT_FOUND)');
  expect(code).toBe(4);
});

test.each(['run', 'measure'])('realm %s --help has two examples and the exit codes', async (name) => {
  const { code, out } = await cli(['realm', name, '--help']);
  expect(code).toBe(0);
  expect(out.match(/^ {2}fourworlds realm /gm)).toHaveLength(2);
});
