// The shell, from a pipe. What a world may do is compared with what the machine does; refused lines leave the machine
// as it was.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { performAs } from '../../src/cli/shell/borrow.ts';
import { complete, shellCommands } from '../../src/cli/shell/table.ts';
import { World } from '../../src/arch/world.ts';
import { Machine } from '../../src/machine/machine.ts';
import { cli } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'fourworlds-shell-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Answer = Readonly<Record<string, unknown>> & { readonly ok: boolean; readonly error?: { readonly code: string } };

/** Runs lines with --json; the answer to each. */
async function answers(lines: readonly string[], options = ''): Promise<readonly Answer[]> {
  const { out, err } = await cli(`shell --json ${options}`, { stdin: lines.join('\n') });
  expect(err).toBe('');
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

/** The answer to the last of some lines. */
const last = async (...lines: string[]): Promise<Answer> => (await answers(lines)).at(-1) as Answer;

describe('worlds', () => {
  test('the host delegates a granule and can no longer read it; the RMM can', async () => {
    const [delegate, host, rmm, device] = await answers([
      'smc RMI_GRANULE_DELEGATE 0x88100000',
      'read 0x88100000',
      'read 0x88100000 as rl',
      'dma read 0x88100000',
    ]);
    expect(delegate).toMatchObject({ ok: true, status: 'RMI_SUCCESS', x: ['0x0'], by: 'NS.EL2' });
    expect(host).toMatchObject({
      ok: true,
      outcome: 'fault',
      fsc: 0b101000,
      gpt: { fault: 'gpf', level: 1, gpi: 'REALM' },
    });
    expect(rmm).toMatchObject({ ok: true, outcome: 'done', by: 'RL.EL2', value: '0x0' });
    expect(device).toMatchObject({ outcome: 'aborted', fault: 'gpf' });
  });

  test('an RMI call from Secure is NOT_SUPPORTED, and so is a service for the RMM from Normal world', async () => {
    expect(await last('world s', 'smc RMI_GRANULE_DELEGATE 0x88100000')).toMatchObject({
      status: 'NOT_SUPPORTED',
      by: 'S.EL1',
    });
    expect(await last('smc RMM_GTSI_DELEGATE 0x88100000')).toMatchObject({ status: 'NOT_SUPPORTED', by: 'NS.EL2' });
    expect(await last('world s', 'smc RMI_GRANULE_DELEGATE 0x88100000', 'gpt 0x88100000')).toMatchObject({
      gpi: 'NON_SECURE',
    });
  });

  test('the RMM asks EL3 for a granule', async () => {
    expect(await last('world rl', 'smc RMM_GTSI_DELEGATE 0x88200000', 'gpt 0x88200000')).toMatchObject({
      gpi: 'REALM',
      grants: ['RL'],
    });
  });

  test('a world cannot name a PAS beyond its reach, and is told which it can', async () => {
    expect(await last('read 0x88000000 as s pas rl')).toMatchObject({
      ok: false,
      error: { code: 'SHELL_PAS_UNREACHABLE', expected: 'NS, S', found: 'RL' },
    });
    expect(await last('write 0x88000000 7 as s pas ns', 'read 0x88000000')).toMatchObject({ value: '0x7' });
  });

  test('acting as another world leaves the registers of the one that is on the PE', () => {
    const machine = Machine.boot();
    machine.host().smc('RMI_VERSION', 0x1_0000);
    const [pe] = machine.pes as readonly [Machine['pes'][number]];
    const before = pe.x.slice();
    for (const who of [
      { world: World.Secure, el: 1 },
      { world: World.Realm, el: 2 },
      { world: World.NonSecure, el: 1 },
    ] as const) {
      performAs(machine, pe, who, { op: 'load', at: 0xfdc0_0000n, size: 8 });
      performAs(machine, pe, who, { op: 'load', at: 2n ** 60n, size: 8 });
      performAs(machine, pe, who, { op: 'smc', x: [0x8000_0000n] });
      expect([...pe.x]).toEqual([...before]);
    }
    performAs(machine, pe, { world: World.Root, el: 3 }, { op: 'msr', reg: 'tpidr_el3', value: 5n });
    expect(pe.get('tpidr_el3')).toBe(5n);
    expect(pe.world).toBe(World.NonSecure);
  });

  test('a call that leads to another world and does not come back is taken back', async () => {
    const [before, , left, after, gpt, host] = await answers([
      'regs',
      'world rl',
      'smc RMM_RMI_REQ_COMPLETE 7',
      'regs',
      'gpt 0x88000000',
      'read 0x88000000 as ns',
    ]);
    expect(left).toMatchObject({ ok: false, error: { code: 'SHELL_CALL_LEFT' } });
    expect({ ...after, line: 1 }).toEqual(before);
    expect(gpt).toMatchObject({ gpi: 'NON_SECURE' });
    expect(host).toMatchObject({ outcome: 'done' });
  });

  test('a fault that goes to EL3 is told, and the machine goes on', async () => {
    // A reserved GPCCR_EL3 makes every check of a world a walk fault, and that is a GPC exception to EL3.
    const all = await answers([
      'snapshot',
      'world rt',
      'msr gpccr_el3 0x137',
      'tlbi paallos',
      'msr gpccr_el3 0x10007',
      'tlbi paallos',
      'read 0x88000000 as s',
      'restore',
      'read 0x88000000 as s pas ns',
    ]);
    expect(all[6]).toMatchObject({ outcome: 'fault', el: 3, class: 'Gpc', gpt: { fault: 'walk', level: 0 } });
    expect(all[8]).toMatchObject({ outcome: 'done' });
  });

  test('TLBI and the registers of EL3 are for EL3', async () => {
    expect(await last('tlbi paallos')).toMatchObject({ outcome: 'fault', class: 'Unknown' });
    expect(await last('world rt', 'tlbi paallos')).toMatchObject({ outcome: 'done' });
    expect(await last('mrs gpccr_el3')).toMatchObject({ outcome: 'fault', class: 'Unknown' });
    expect(await last('world rt', 'mrs GPCCR_EL3')).toMatchObject({ outcome: 'done', reg: 'GPCCR_EL3' });
    expect(await last('world s', 'mrs vbar_el1')).toMatchObject({ error: { code: 'SHELL_NOT_HERE' } });
    expect(await last('world rt', 'msr scr_el3 0')).toMatchObject({ error: { code: 'SHELL_SCR' } });
    expect(await last('world rt', 'smc RMI_VERSION')).toMatchObject({ error: { code: 'SHELL_NO_SMC_HERE' } });
  });

  test('a PE that is off does nothing until it is turned on', async () => {
    const all = await answers([
      'pe 1',
      'read 0x88000000',
      'pe 0',
      'smc PSCI_CPU_ON64 0x100 0x88000000 0',
      'pe 1',
      'read 0x88000000',
      'pe 8',
    ]);
    expect(all[1]).toMatchObject({ error: { code: 'SHELL_PE_OFF' } });
    expect(all[5]).toMatchObject({ outcome: 'done' });
    expect(all[6]).toMatchObject({ error: { code: 'USAGE_BAD_NUMBER' } });
  });

  test('a machine that is off says so, and a snapshot brings it back', async () => {
    const all = await answers(['snapshot', 'smc PSCI_SYSTEM_OFF', 'read 0x88000000', 'restore', 'read 0x88000000']);
    expect(all.map(({ ok }) => ok)).toEqual([true, true, false, true, true]);
    expect(all[1]).toMatchObject({ outcome: 'moved', end: 'system-off' });
    expect(all[2]?.error).toMatchObject({ code: 'SHELL_MACHINE_OFF', found: 'system-off' });
  });
});

describe('moments', () => {
  test('a snapshot is restored, as often as one likes', async () => {
    const all = await answers([
      'write 0x88000000 1',
      'snapshot a',
      'write 0x88000000 2',
      'restore a',
      'read 0x88000000',
      'write 0x88000000 3',
      'restore a',
      'read 0x88000000',
      'restore b',
    ]);
    expect([all[4]?.['value'], all[7]?.['value']]).toEqual(['0x1', '0x1']);
    expect(all[8]?.error).toMatchObject({ code: 'SHELL_NO_SNAPSHOT', expected: 'a', found: 'b' });
  });

  test('a machine goes into a file and comes back in another session', async () => {
    const file = join(folder, 'my machine.json');
    await answers(['smc RMI_GRANULE_DELEGATE 0x88100000', `save "${file}"`]);
    expect(existsSync(file)).toBe(true);
    const all = await answers([`load "${file}"`, 'read 0x88100000', 'read 0x88101000']);
    expect(all.map(({ outcome }) => outcome)).toEqual([undefined, 'fault', 'done']);
  });

  test('what is no snapshot is refused, and the session goes on', async () => {
    const all = await answers([
      'write 0x88000000 9',
      `load ${import.meta.filename}`,
      `load ${folder}`,
      'load /no/where',
      'read 0x88000000',
    ]);
    expect(all.map((one) => one.error?.code)).toEqual([
      undefined,
      'SNAPSHOT_NOT_JSON',
      'FILE_IS_A_DIRECTORY',
      'FILE_NOT_FOUND',
      undefined,
    ]);
    expect(all[4]).toMatchObject({ value: '0x9' });
  });
});

describe('observation', () => {
  test('strict mode finds the use of a stale entry', async () => {
    const all = await answers([
      'strict on',
      'read 0x88000000',
      'world rt',
      // The table entry of the first 512 MiB is forged behind the back of the TLB.
      'write 0xfff24000 0x3b1 as rt',
      'read 0x88000000 as ns',
      'findings',
    ]);
    expect(all.every(({ ok }) => ok)).toBe(true);
    expect(all[4]).toMatchObject({ outcome: 'done' });
    expect((all[5] as unknown as { findings: unknown[] }).findings).toContainEqual(
      expect.objectContaining({ invariant: 'STALE_GPT_TLB', at: '0x88000000' }),
    );
  });

  test('the trace is shown afterwards or as it happens', async () => {
    const { out } = await cli('shell', {
      stdin: 'smc RMI_VERSION 0x10000\ntrace last 12\ntrace on\nread 0x88000000\ntrace off\nread 0x88000000\n',
    });
    expect(out.match(/SMC RMI_VERSION/g)).toHaveLength(1);
    expect(out.match(/load +NS 0x8800_0000 8/g)).toHaveLength(1);
  });

  test('the walk tells the steps', async () => {
    expect(await last('walk 0xfdc00000 pas ns')).toMatchObject({ allowed: false, fault: 'gpf', gpi: 'REALM' });
  });
});

describe('bad lines are refused one by one, and nothing is half done', () => {
  test.each([
    ['read 0xffffffffffffffff', 'ADDRESS_ABOVE_PA'],
    ['read 0x12345678901234567', 'ADDRESS_TOO_WIDE'],
    ['read -1', 'ADDRESS_INVALID'],
    ['read garbage', 'ADDRESS_INVALID'],
    ['read', 'SHELL_MISSING'],
    ['read 0x88000000 3', 'USAGE_BAD_VALUE'],
    ['read 0x88000000 8 8', 'USAGE_BAD_VALUE'],
    ['read 0x88000000 as', 'SHELL_MISSING'],
    ['read 0x88000000 as xx', 'USAGE_BAD_VALUE'],
    ['read 0x88000000 as ns as ns', 'SHELL_TWICE'],
    ['read 0x88000000 as s 2', 'SHELL_NO_SUCH_EL'],
    ['read 0x88000000 as rt 1', 'SHELL_NO_SUCH_EL'],
    ['read 0x88000000 as ns 7', 'USAGE_BAD_VALUE'],
    ['write 0x88000000', 'SHELL_MISSING'],
    ['write 0x88000000 0x1ff 1', 'SHELL_VALUE_TOO_WIDE'],
    ['write 0x88000000 -5', 'ADDRESS_INVALID'],
    ['write 0x88000000 1 as ns trailing', 'USAGE_BAD_VALUE'],
    ['dma read 0x88000000 16', 'USAGE_BAD_VALUE'],
    ['dma jump 0x88000000', 'USAGE_BAD_VALUE'],
    ['smc', 'SHELL_MISSING'],
    ['smc RMI_VERSON', 'SHELL_UNKNOWN_FUNCTION'],
    ['smc RMI_VERSION -1', 'ADDRESS_INVALID'],
    ['smc RMI_VERSION 0x10000000000000000', 'ADDRESS_TOO_WIDE'],
    [`smc RMI_VERSION${' 1'.repeat(18)}`, 'SHELL_EXTRA'],
    ['msr scr_el3', 'SHELL_MISSING'],
    ['mrs nothing_el1', 'SHELL_UNKNOWN_REGISTER'],
    ['tlbi rpaos', 'SHELL_MISSING'],
    ['tlbi everything', 'USAGE_BAD_VALUE'],
    ['gpt 0x1000000000000', 'ADDRESS_ABOVE_PA'],
    ['pe -1', 'USAGE_BAD_NUMBER'],
    ['trace last 0', 'USAGE_BAD_NUMBER'],
    ['trace', 'SHELL_MISSING'],
    ['strict maybe', 'USAGE_BAD_VALUE'],
    ['snapshot a b', 'SHELL_EXTRA'],
    ['save "x', 'SHELL_QUOTE'],
    ['frobnicate', 'SHELL_UNKNOWN_COMMAND'],
    ['help frobnicate', 'SHELL_UNKNOWN_COMMAND'],
    ['quit now', 'SHELL_EXTRA'],
  ])('`%s` is %s', async (line, code) => {
    const [before, refused, after] = await answers(['regs', line, 'regs']);
    expect(refused).toMatchObject({ ok: false, error: { code }, line: 2 });
    expect({ ...after, line: 1 }).toEqual(before);
  });

  test('the line is named, the others are carried out, and the exit code tells', async () => {
    const stdin = '# A comment.\n\nwrite 0x88000000 5 # and another\nbogus\nread 0x88000000\n';
    const run = await cli('shell', { stdin });
    expect(run.code).toBe(1);
    expect(run.err).toContain('fourworlds: stdin:4: there is no such command (SHELL_UNKNOWN_COMMAND)');
    expect(run.out).toContain('0x8800_0000: 0x0000_0000_0000_0005');
    expect((await cli('shell', { stdin: 'read 0x88000000' })).code).toBe(0);
    expect((await cli('shell', { stdin: 'quit\nbogus\n' })).code).toBe(0);
    expect((await cli('shell', { stdin: '' })).code).toBe(0);
  });

  test('a fault is an answer, not a bad line', async () => {
    const run = await cli('shell', { stdin: 'read 0x88000000 as rl pas ns\nread 0xfdc00000\n' });
    expect(run.code).toBe(0);
    expect(run.out).toContain('granule protection fault at level 1, GPI REALM');
  });

  test('what a line holds cannot move the cursor of a terminal', async () => {
    const { err } = await cli('shell', { stdin: 'read \x1b[2J\x07\nfrob\x1b]0;x\x07\n' });
    // oxlint-disable-next-line no-control-regex
    expect(err).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
    expect(err).toContain('\\x1b[2J\\x07');
  });

  test('messages are translated, commands are not', async () => {
    const run = await cli('shell --lang es', { stdin: 'read 0xfdc00000\nbogus\nhelp\n' });
    expect(run.out).toContain('fallo de protección de gránulo (GPF) en el nivel 1');
    expect(run.err).toContain('no existe esa orden (SHELL_UNKNOWN_COMMAND)');
    for (const { usage } of shellCommands) expect(run.out).toContain(usage);
  });
});

test('the seed of the machine can be chosen, and the same lines give the same answers', async () => {
  const lines = ['smc RMI_GRANULE_DELEGATE 0x88100000', 'trace last 50', 'regs'];
  expect(await answers(lines, '--seed 7')).toEqual(await answers(lines, '--seed 7'));
});

test('Tab completes commands, functions, registers and worlds', () => {
  expect(complete('sn')).toEqual([['snapshot'], 'sn']);
  expect(complete('smc RMI_GRAN')[0]).toEqual(['RMI_GRANULE_DELEGATE', 'RMI_GRANULE_UNDELEGATE']);
  expect(complete('mrs gpcc')).toEqual([['gpccr_el3'], 'gpcc']);
  expect(complete('read 0x88000000 as r')[0]).toEqual(['rl', 'rt']);
  expect(complete('read 0x88000000 ')[0]).toEqual(['as', 'pas']);
});
