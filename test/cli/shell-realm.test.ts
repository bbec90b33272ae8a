// The shell and the RMM: commands by name, a realm whose guest is the person at the prompt, and what the RMM keeps.
import { describe, expect, test } from 'vitest';
import { commandOf, complete } from '../../src/cli/shell/table.ts';
import { commandSpecs } from '../../src/spec/commands.generated.ts';
import { dictionaries, languages } from '../../src/words/words.ts';
import { cli } from './run-cli.ts';

type Answer = Readonly<Record<string, unknown>> & { readonly ok: boolean };

/** Runs lines with --json; the answer to each. */
async function answers(...lines: string[]): Promise<readonly Answer[]> {
  const { out, err } = await cli('shell --json', { stdin: lines.join('\n') });
  expect(err).toBe('');
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

const last = async (...lines: string[]): Promise<Answer> => (await answers(...lines)).at(-1) as Answer;

/** What `build realm` makes of a fresh machine. */
const RD = '0x8840_2000';
const REC = '0x8840_4000';
const RUN = '0x8841_7000';
const DATA = '0x8900_0000';
const enter = `RMI_REC_ENTER rec=${REC} run_ptr=${RUN}`;

describe('commands of the RMM by name', () => {
  test('take arguments by name in any order, or in the order of the registers', async () => {
    for (const line of [
      `RMI_RTT_READ_ENTRY rd=${RD} ipa=0x1000 level=3`,
      `rmi_rtt_read_entry level=3 ipa=0x1000 rd=${RD}`,
      `RMI_RTT_READ_ENTRY ${RD} 0x1000 3`,
    ])
      expect(await last('build realm', line)).toMatchObject({
        ok: true,
        call: 'RMI_RTT_READ_ENTRY',
        by: 'NS.EL2',
        status: 'RMI_SUCCESS',
        outputs: { walk_level: '0x3', state: '0x1', desc: '0x88406000', ripas: '0x1' },
      });
  });

  test('name the row that made them fail, with its condition', async () => {
    const [, align, walk] = await answers(
      'build realm',
      `RMI_RTT_CREATE rd=${RD} rtt=0x8900_0001 ipa=0 level=3`,
      `RMI_DATA_DESTROY rd=${RD} ipa=0x4000_0000`,
    );
    expect(align).toMatchObject({
      status: 'RMI_ERROR_INPUT',
      row: 'rtt_align',
      condition: '!AddrIsGranuleAligned(rtt)',
      outputs: {},
    });
    expect(walk).toMatchObject({ status: 'RMI_ERROR_RTT 1', row: 'rtt_walk', outputs: { top: '0x8000000000' } });
    const { out } = await cli('shell', { stdin: 'RMI_GRANULE_UNDELEGATE 0x8900_0000' });
    expect(out).toBe('RMI_GRANULE_UNDELEGATE: RMI_ERROR_INPUT  gran_state\n  Granule(addr).state != DELEGATED\n');
  });

  test.each([
    ['RMI_RTT_CREATE rd=1 rtt=2 ipa=3', 'SHELL_MISSING_ARGUMENT', 'RMI_RTT_CREATE rd= rtt= ipa= level='],
    ['RMI_RTT_CREATE 1 2 3', 'SHELL_MISSING_ARGUMENT', 'RMI_RTT_CREATE rd= rtt= ipa= level='],
    ['RMI_RTT_CREATE rdd=1 rtt=2 ipa=3 level=3', 'SHELL_UNKNOWN_ARGUMENT', 'rd, rtt, ipa, level'],
    ['RMI_RTT_CREATE 1 2 3 4 5', 'SHELL_EXTRA', undefined],
    ['RMI_RTT_CREATE 1 rd=1 ipa=3 level=3', 'SHELL_TWICE', undefined],
    ['RMI_RTT_CREATE rd= rtt=2 ipa=3 level=3', 'ADDRESS_INVALID', '0x88000000, 0x8800_0000, 2281701376'],
  ])('refuse %s', async (line, code, expected) => {
    expect(await last(line)).toMatchObject({
      ok: false,
      error: { code, ...(expected === undefined ? {} : { expected }) },
    });
  });

  test('are suggested, and completed with their arguments', async () => {
    const { err } = await cli('shell', { stdin: 'RMI_RTT_CREAT rd=1' });
    expect(err).toContain('did you mean RMI_RTT_CREATE?');
    expect(complete('RMI_RTT_M')[0]).toEqual(['RMI_RTT_MAP_UNPROTECTED']);
    expect(complete('RMI_RTT_CREATE rt')[0]).toEqual(['rtt=']);
    expect(complete('smc RSI_H')[0]).toEqual(['RSI_HOST_CALL']);
    expect(complete('show r')[0]).toEqual(['realm', 'rec', 'rtt']);
  });

  test('have a help line from the specification, each of them', async () => {
    const { out } = await cli('shell', { stdin: commandSpecs.map(({ name }) => `help ${name}\n`).join('') });
    const text = out.replace(/\s+/g, ' ');
    for (const { name, purpose } of commandSpecs) {
      expect(commandOf(name).name).toBe(name);
      expect(text).toContain(purpose);
    }
  });

  test('of a realm are refused while none runs', async () => {
    expect(await last('RSI_VERSION 0x10000')).toMatchObject({ ok: false, error: { code: 'SHELL_NO_REC' } });
    expect(await last('world s', 'RMI_VERSION 0x10000')).toMatchObject({ status: 'NOT_SUPPORTED', by: 'S.EL1' });
    expect(await last('world rt', 'RMI_VERSION 0x10000')).toMatchObject({ error: { code: 'SHELL_NO_SMC_HERE' } });
  });
});

describe('a realm at the prompt', () => {
  test('is entered, calls the RMM, and is refused what only the host may ask', async () => {
    const [, entered, version, rmi, bad] = await answers(
      'build realm',
      enter,
      'RSI_VERSION req=0x10000',
      'RMI_VERSION req=0x10000',
      'RSI_IPA_STATE_GET base=0x2000 top=0x1000',
    );
    expect(entered).toMatchObject({ outcome: 'moved', to: 'RL.EL1' });
    expect(version).toMatchObject({ by: 'RL.EL1', status: 'RSI_SUCCESS', outputs: { lower: '0x10000' } });
    expect(rmi).toMatchObject({ by: 'RL.EL1', status: 'NOT_SUPPORTED' });
    expect(bad).toMatchObject({ status: 'RSI_ERROR_INPUT', row: 'size_valid' });
  });

  test('leaves the host as it was when that is borrowed for a call meanwhile', async () => {
    const calls = ['world ns', 'RMI_VERSION 0x10000', 'smc PSCI_VERSION', 'world rl 1'];
    const registers = async (...lines: string[]): Promise<unknown> =>
      (await last('build realm', enter, ...lines, 'RSI_HOST_CALL 0x1000', 'regs'))['registers'];
    const borrowed = await registers(...calls);
    expect(borrowed).toEqual(await registers());
    expect(borrowed).toMatchObject({ PC: expect.stringMatching(/^0x880020/) as unknown });
    expect(borrowed).not.toHaveProperty('VBAR_EL2');
  });

  test('calls by the plain smc, too, with registers for arguments', async () => {
    const [, entered, built, host] = await answers(
      'build realm hello',
      `smc RMI_REC_ENTER ${REC} ${RUN}`,
      'build realm',
      'smc RSI_VERSION 0x10000',
    );
    expect(entered).toMatchObject({ call: 'RMI_REC_ENTER', status: 'RMI_SUCCESS', exit: { reason: 'HOST_CALL' } });
    expect(built).toMatchObject({ ok: true, vmid: 2 });
    expect(host).toMatchObject({ call: 'RSI_VERSION', status: 'NOT_SUPPORTED', by: 'NS.EL2' });
    expect(await last('build realm', enter, 'smc 0xc4000190 0x20000')).toMatchObject({
      call: 'RSI_VERSION',
      status: 'RSI_ERROR_INPUT',
      x: ['0x1', '0x10000', '0x10000'],
    });
  });

  test('comes out for a missing page, gets it, and keeps its secret from the host', async () => {
    const all = await answers(
      'build realm',
      enter,
      'write 0x3000 0x5ec2e7',
      `RMI_GRANULE_DELEGATE ${DATA}`,
      `RMI_DATA_CREATE_UNKNOWN rd=${RD} data=${DATA} ipa=0x3000`,
      enter,
      'write 0x3000 0x5ec2e7',
      'read 0x3000',
      'RSI_HOST_CALL addr=0x3000',
      `read ${DATA}`,
    );
    expect(all[2]).toMatchObject({ outcome: 'moved', to: 'NS.EL2', exit: { reason: 'SYNC', hpfar: '0x30' } });
    expect(all[7]).toMatchObject({ outcome: 'done', by: 'RL.EL1', value: '0x5ec2e7' });
    expect(all[8]).toMatchObject({ to: 'NS.EL2', exit: { reason: 'HOST_CALL', imm: '0xc2e7' } });
    expect(all[9]).toMatchObject({ outcome: 'fault', gpt: { gpi: 'REALM' } });
  });

  test('with a program of its own runs in one line and tells why it came out', async () => {
    expect(await last('build realm hello', enter)).toMatchObject({
      call: 'RMI_REC_ENTER',
      status: 'RMI_SUCCESS',
      exit: { reason: 'HOST_CALL', imm: '0x1' },
    });
    expect(await last('build realm helo')).toMatchObject({ error: { code: 'SHELL_UNKNOWN_GUEST', found: 'helo' } });
  });

  test('is built beside others, not while a realm is on the PE, and after a restore', async () => {
    const all = await answers('snapshot', 'build realm', 'build realm', 'show realm', 'restore', 'build realm', enter);
    expect(all[3]).toMatchObject({ realms: [{ vmid: 1 }, { vmid: 2 }] });
    expect(all[5]).toMatchObject({ ok: true, rd: '0x88402000', vmid: 1 });
    expect(await last('build realm', enter, 'build realm')).toMatchObject({ error: { code: 'SHELL_NOT_THE_HOST' } });
  });

  test('survives being saved while it runs', async () => {
    expect(await last('build realm', enter, 'snapshot', 'RSI_HOST_CALL 0x1000', 'restore', 'show rec')).toMatchObject({
      recs: [{ state: 'REC_RUNNING', pe: 0 }],
    });
  });
});

describe('show', () => {
  test('lists realms, and one with its measurements', async () => {
    expect(await last('show realm')).toEqual(expect.objectContaining({ ok: true, realms: [] }));
    const { realm } = (await last('build realm', `show realm ${RD}`)) as unknown as {
      realm: { measurements: string[] };
    };
    expect(realm).toMatchObject({ rd: '0x88402000', state: 'REALM_ACTIVE', vmid: 1, ipaBits: 40, numRecs: 1 });
    expect(realm.measurements).toHaveLength(5);
    expect(realm.measurements[0]).not.toMatch(/^0+$/);
    const { out } = await cli('shell', { stdin: `build realm\nshow realm ${RD}` });
    expect(out).toContain(`RIM        ${realm.measurements[0]?.slice(0, 64)}\n`);
  });

  test('lists RECs, and one with its registers', async () => {
    expect(await last('build realm', 'show rec')).toMatchObject({
      recs: [{ rec: '0x88404000', rd: '0x88402000', index: 0, state: 'REC_READY', isRunnable: true, pc: '0x1000' }],
    });
    expect(await last('build realm', enter, 'RSI_VERSION 0x10000', `show rec ${REC}`)).toMatchObject({
      rec: { state: 'REC_RUNNING', pe: 0, pc: '0x1004', x: { X1: '0x10000' } },
    });
  });

  test('draws the tables as a tree in which equal neighbours are one', async () => {
    const share = 'RMI_RTT_MAP_UNPROTECTED';
    const tables = [
      `RMI_RTT_CREATE ${RD} ${DATA} 0x80_0000_0000 2`,
      `RMI_RTT_CREATE ${RD} 0x8900_1000 0x80_0000_0000 3`,
    ];
    const { entries } = (await last(
      'build realm',
      `RMI_GRANULE_DELEGATE ${DATA}`,
      'RMI_GRANULE_DELEGATE 0x8900_1000',
      'RMI_GRANULE_DELEGATE 0x8900_2000',
      `RMI_RTT_CREATE ${RD} 0x8900_2000 0x80_4000_0000 2`,
      ...tables,
      `${share} ${RD} 0x80_0000_0000 3 0x9000_00d8`,
      `${share} ${RD} 0x80_0000_1000 3 0x9000_10d8`,
      `${share} ${RD} 0x80_0000_2000 3 0x9000_80d8`,
      'show rtt',
    )) as unknown as { entries: object[] };
    expect(entries).toEqual([
      { level: 1, base: '0x0', top: '0x40000000', state: 'TABLE', addr: '0x88403000' },
      { level: 2, base: '0x0', top: '0x200000', state: 'TABLE', addr: '0x88405000' },
      { level: 3, base: '0x0', top: '0x1000', state: 'UNASSIGNED', ripas: 'RAM' },
      { level: 3, base: '0x1000', top: '0x2000', state: 'ASSIGNED', ripas: 'RAM', addr: '0x88406000' },
      { level: 3, base: '0x2000', top: '0x200000', state: 'UNASSIGNED', ripas: 'RAM' },
      { level: 2, base: '0x200000', top: '0x40000000', state: 'UNASSIGNED', ripas: 'EMPTY' },
      { level: 1, base: '0x40000000', top: '0x8000000000', state: 'UNASSIGNED', ripas: 'EMPTY' },
      { level: 1, base: '0x8000000000', top: '0x8040000000', state: 'TABLE', addr: '0x89000000' },
      { level: 2, base: '0x8000000000', top: '0x8000200000', state: 'TABLE', addr: '0x89001000' },
      { level: 3, base: '0x8000000000', top: '0x8000002000', state: 'ASSIGNED_NS', addr: '0x90000000' },
      { level: 3, base: '0x8000002000', top: '0x8000003000', state: 'ASSIGNED_NS', addr: '0x90008000' },
      { level: 3, base: '0x8000003000', top: '0x8000200000', state: 'UNASSIGNED_NS' },
      { level: 2, base: '0x8000200000', top: '0x8040000000', state: 'UNASSIGNED_NS' },
      { level: 1, base: '0x8040000000', top: '0x8080000000', state: 'TABLE', addr: '0x89002000' },
      { level: 2, base: '0x8040000000', top: '0x8080000000', state: 'UNASSIGNED_NS' },
      { level: 1, base: '0x8080000000', top: '0x10000000000', state: 'UNASSIGNED_NS' },
    ]);
    const { out } = await cli('shell', { stdin: 'build realm\nshow rtt' });
    expect(out).toMatch(/^ {6}3 {2}0x1000 \.\. 0x1fff +ASSIGNED RAM +0x8840_6000$/m);
  });

  test('counts granules by state, and names the state of one', async () => {
    expect(await last('build realm', 'show granules')).toMatchObject({
      counts: { RD: 1, REC: 1, REC_AUX: 16, RTT: 4, DATA: 1 },
      granules: expect.arrayContaining([{ base: '0x88407000', count: 16, state: 'REC_AUX' }]) as unknown,
    });
    expect(await last('build realm', `show granules ${REC}`)).toMatchObject({ state: 'REC' });
    expect(await last('show granules 0x8900_0fff')).toMatchObject({ at: '0x89000000', state: 'UNDELEGATED' });
  });

  test.each([
    ['show', 'SHELL_MISSING'],
    ['show realms', 'USAGE_BAD_VALUE'],
    ['show realm 0x1000', 'SHELL_NO_REALM'],
    ['show rec 0x1000', 'SHELL_NO_SUCH_REC'],
    ['show rtt', 'SHELL_WHICH_REALM'],
    ['show granules 0x1000', 'SHELL_NOT_TRACKED'],
    ['show realm 0x1000 2', 'SHELL_EXTRA'],
  ])('refuses %s', async (line, code) => {
    expect(await last(line)).toMatchObject({ ok: false, error: { code } });
  });

  test('changes nothing', async () => {
    const [, before, , , , , after] = await answers(
      'build realm',
      'regs',
      'show realm',
      'show rec',
      'show rtt',
      'show granules',
      'regs',
    );
    expect(after).toEqual({ ...before, line: 7 });
  });
});

test.each(languages)('the words are there in %s', async (language) => {
  const { out } = await cli(`shell --lang ${language}`, { stdin: 'show realm\nbuild realm\nhelp' });
  expect(out).toContain(dictionaries[language]['shell.show.noRealm']);
  expect(out).toContain(dictionaries[language]['shell.builtEmpty']);
  expect(out.replace(/\s+/g, ' ')).toContain(dictionaries[language]['shell.help.build']);
});
