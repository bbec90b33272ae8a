// The golden stories are rewritten by FOURWORLDS_UPDATE=1 npx vitest run test/cli/demo.test.ts; review them as code.

import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Pas, World } from '../../src/arch/world.ts';
import { runDemo } from '../../src/cli/demo/run.ts';
import { holds } from '../../src/cli/demo/scene.ts';
import { scenes } from '../../src/cli/demo/scenes.ts';
import { makeOutput } from '../../src/cli/output.ts';
import { Machine } from '../../src/machine/machine.ts';
import type { Failure } from '../../src/rmm/command.ts';
import { rmiCommands } from '../../src/rmm/commands.ts';
import { recEnter } from '../../src/rmm/rmi/rec-enter.ts';
import { type Language, dictionaries, languages } from '../../src/words/words.ts';

type Options = { readonly language?: Language; readonly json?: boolean; readonly hasColour?: boolean };

/** Runs the demo and keeps what it prints. */
function demo({ language = 'en', json = false, hasColour = false }: Options = {}, boot?: () => Machine) {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const out = makeOutput({ write, writeError: write, width: 80, hasColour, isQuiet: false });
  return { exit: runDemo(out, { language, json }, boot), text };
}

type Document = {
  readonly schema: string;
  readonly holds: boolean;
  readonly scenes: readonly {
    readonly id: string;
    readonly kind: string;
    readonly holds: boolean;
    readonly steps: readonly Record<string, unknown>[];
    readonly written: readonly unknown[];
  }[];
};
const documentOf = (language: Language): Document => JSON.parse(demo({ language, json: true }).text) as Document;

describe.each(languages)('the story in %s', (language) => {
  const golden = new URL(`../../fixtures/traces/demo.${language}.txt`, import.meta.url);
  const { exit, text } = demo({ language });

  test('is the golden one', () => {
    if (process.env['FOURWORLDS_UPDATE'] === '1') writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
    expect(exit).toBe(0);
  });

  test('fits 80 columns and leaves no place unfilled', () => {
    const lines = text.split('\n');
    expect(lines.filter((line) => [...line].length > 80 || line.endsWith(' '))).toEqual([]);
    expect(lines.filter((line) => /\{\w+\}/.test(line))).toEqual([]);
  });
});

test('the story says the same with colours as without, every time', () => {
  const coloured = demo({ hasColour: true }).text;
  const text = demo().text;
  expect(coloured).not.toBe(text);
  // oxlint-disable-next-line no-control-regex
  expect(coloured.replace(/\x1b\[\d+m/g, '').replace(/ +$/gm, '')).toBe(text);
});

describe('the document of --json', () => {
  const document = documentOf('en');

  test('tells of every scene, and that each one holds', () => {
    expect(document).toMatchObject({ schema: 'fourworlds/demo/1', holds: true });
    expect(document.scenes.map(({ id }) => id)).toEqual(scenes.map(({ id }) => id));
    expect(document.scenes.filter((scene) => !scene.holds)).toEqual([]);
  });

  test('has six attacks on granules and nine on a realm, each with where its answer is written', () => {
    const attacks = document.scenes.filter(({ kind }) => kind === 'attack');
    expect(attacks.map(({ id }) => id)).toEqual([
      'host-reads',
      'secure-reads',
      'device-writes',
      'stale-tlb',
      'foreign-fetch',
      'forged-entry',
      'realm-double-map',
      'realm-ripas-rollback',
      'realm-foreign-rec',
      'realm-running-rec',
      'realm-registers',
      'realm-unwiped',
      'realm-run-page',
      'realm-mapped-under',
      'realm-forged-value',
    ]);
    for (const { written } of attacks) expect(written.length).toBeGreaterThan(0);
  });

  test('refuses the attacks on a realm for different reasons', () => {
    const rows = document.scenes
      .filter(({ kind, id }) => kind === 'attack' && id.startsWith('realm-'))
      .map(({ steps }) => steps.map(({ row }) => row).filter((row) => row !== undefined));
    expect(rows).toEqual([
      ['data_state', 'data_state'],
      ['realm_state', 'base_bound'],
      ['rec_owner'],
      ['rec_state', 'rec_state'],
      [],
      [],
      ['rec_gicv3'],
      ['ipa_bound'],
      ['rec_mmio'],
    ]);
  });

  test('gives the fault of the first attack with level, code and syndrome', () => {
    const { steps = [] } = document.scenes.find(({ id }) => id === 'host-reads') ?? {};
    expect(steps.find(({ fault }) => fault !== undefined)).toEqual({
      kind: 'access',
      by: { pe: 0, world: 'NS', el: 2 },
      what: 'load',
      pas: 'NS',
      at: '0x90005000',
      fault: {
        name: 'GPF',
        gpt: { level: 1, gpi: 'REALM', gpcsc: 0x0d },
        syndrome: { el: 2, esr: '0x96000028', ec: 0x25, fsc: 0x28, far: '0x90005000' },
      },
    });
    expect(steps.filter(({ kind }) => kind === 'register')).toEqual([
      { kind: 'register', name: 'ESR_EL3', value: '0x7a034028', reads: 'EC 0x1e, GPCSC 0x0d' },
      { kind: 'register', name: 'MFAR_EL3', value: '0x8000000090005000', reads: 'NS 0x9000_5000' },
    ]);
  });

  test('is the same in every language and holds no sentence of any', () => {
    expect(documentOf('es')).toEqual(document);
    const text = JSON.stringify(document);
    for (const language of languages) {
      const sentences = Object.entries(dictionaries[language])
        .filter(([word, sentence]) => word.startsWith('demo.') && sentence.includes(' '))
        .map(([, sentence]) => sentence);
      expect(sentences.filter((sentence) => text.includes(sentence))).toEqual([]);
    }
  });
});

/** Where the level 1 tables of the base machine start. */
const L1_FIRST_FRAME = 0xffee0;

/** A machine whose PEs let through what a flaw says. */
function flawedCheck(isOpen: (frame: number, state: World) => boolean): Machine {
  const machine = Machine.boot();
  for (const { gpc } of machine.pes) {
    const check = gpc.check.bind(gpc);
    gpc.check = (frame, pas, state) => check(frame, pas, state) || isOpen(frame, state);
  }
  return machine;
}

describe('a flawed machine', () => {
  test('makes --json say that the story does not hold', () => {
    const { exit, text } = demo({ json: true }, () => flawedCheck(() => true));
    expect(exit).toBe(1);
    expect(JSON.parse(text)).toMatchObject({ holds: false });
  });

  test.each(languages)('makes the demo fail, in red, in %s', (language) => {
    const boot = (): Machine => flawedCheck(() => true);
    const { exit, text } = demo({ language, hasColour: true }, boot);
    expect(exit).toBe(1);
    expect(text).toContain(`\x1b[31m${dictionaries[language]['demo.not-stopped']}\x1b[39m`);
    expect(text).toContain('host-is-refused');
  });

  const withoutDmaCheck = (): Machine => changed(({ smmu }) => (smmu.gpc.check = () => true));
  const withoutTlbi = (): Machine => changed(({ monitor }) => (monitor.gpt.invalidateRange = () => {}));
  const withoutWipe = (): Machine => changed(({ rmm }) => (rmm.wipe = () => {}));
  const openTo = (world: World) => (): Machine => flawedCheck((_, state) => state === world);
  const withoutMeasuring = (): Machine =>
    changed(({ rmm: { measurer } }) => (measurer.extendData = (_algo, rim) => rim));
  const leavingRegisters = (): Machine =>
    changed(({ rmm }) => {
      const { complete } = rmm;
      rmm.complete = (pe, ...rest) => {
        pe.x[5] = [...rmm.recs.values()][0]?.x(5) ?? 0n;
        complete.call(rmm, pe, ...rest);
      };
    });
  const readingTwice = (): Machine =>
    changed(({ pes }) => {
      const port = (pes[0] as Machine['pes'][number]).port(Pas.NonSecure, World.Realm);
      const read = port.readBytes.bind(port);
      port.readBytes = (pa, length) => {
        read(pa, length);
        return read(pa, length);
      };
    });
  const openToHost = openTo(World.NonSecure);
  const openToSecure = openTo(World.Secure);
  const openTables = (): Machine => flawedCheck((frame) => frame >= L1_FIRST_FRAME && frame < 2 ** 20);

  /** Attacks that a row refuses, and the row. */
  // prettier-ignore
  const rows = [
    { scene: 'realm-double-map', command: 'RMI_DATA_CREATE_UNKNOWN', row: 'data_state' },
    { scene: 'realm-ripas-rollback', command: 'RMI_RTT_INIT_RIPAS', row: 'realm_state' },
    { scene: 'realm-ripas-rollback', command: 'RMI_RTT_SET_RIPAS', row: 'base_bound' },
    { scene: 'realm-foreign-rec', command: 'RMI_RTT_SET_RIPAS', row: 'rec_owner' },
    { scene: 'realm-running-rec', command: 'RMI_REC_DESTROY', row: 'rec_state' },
    { scene: 'realm-running-rec', command: 'RMI_REC_ENTER', row: 'rec_state' },
    { scene: 'realm-run-page', command: 'RMI_REC_ENTER', row: 'rec_gicv3' },
    { scene: 'realm-mapped-under', command: 'RMI_RTT_MAP_UNPROTECTED', row: 'ipa_bound' },
    { scene: 'realm-forged-value', command: 'RMI_REC_ENTER', row: 'rec_mmio' },
    { scene: 'realm-destroy', command: 'RMI_REALM_DESTROY', row: 'realm_live' },
  ];

  test.each(rows)('that $command has no row $row: $scene notices', ({ scene, command, row }) => {
    const play = (): boolean =>
      scenes
        .find(({ id }) => id === scene)
        ?.play(Machine.boot())
        .checks.every(holds) ?? false;
    expect(play()).toBe(true);
    expect(withoutRow(command, row, play)).toBe(false);
    expect(play()).toBe(true);
  });

  // prettier-ignore
  const flaws: readonly { flaw: string; scene: string; check: string; make: () => Machine }[] = [
    { flaw: 'lets Normal world pass', scene: 'host-reads', check: 'host-is-refused', make: openToHost },
    { flaw: 'lets Secure pass', scene: 'secure-reads', check: 'refused-in-secure-pas', make: openToSecure },
    { flaw: 'does not check DMA', scene: 'device-writes', check: 'device-is-refused', make: withoutDmaCheck },
    { flaw: 'forgets the TLBI', scene: 'stale-tlb', check: 'pe1-is-refused', make: withoutTlbi },
    { flaw: 'lets branches pass', scene: 'foreign-fetch', check: 'host-branch-is-refused', make: openToHost },
    { flaw: 'leaves its tables open', scene: 'forged-entry', check: 'level-1-is-unchanged', make: openTables },
    { flaw: 'does not wipe', scene: 'journey', check: 'wiped-on-the-way-out', make: withoutWipe },
    { flaw: 'lets Normal world in', scene: 'memory-map', check: 'reach-NS', make: openToHost },
    { flaw: 'lets Normal world look', scene: 'realm-create', check: 'its-page-is-out-of-reach', make: openToHost },
    { flaw: 'does not measure', scene: 'realm-measure', check: 'worked-out-again-it-is-the-same', make: withoutMeasuring },
    { flaw: 'lets the host look', scene: 'realm-run', check: 'the-host-does-not-see-it', make: openToHost },
    { flaw: 'never wipes', scene: 'realm-resize', check: 'it-comes-back-empty', make: withoutWipe },
    { flaw: 'leaves a register', scene: 'realm-registers', check: 'no-register-does', make: leavingRegisters },
    { flaw: 'leaves pages full', scene: 'realm-unwiped', check: 'the-page-comes-back-empty', make: withoutWipe },
    { flaw: 'reads twice', scene: 'realm-run-page', check: 'the-guest-runs', make: readingTwice },
    { flaw: 'leaves everything', scene: 'realm-destroy', check: 'every-granule-is-empty', make: withoutWipe },
  ];

  test.each(flaws)('that it $flaw: $scene notices', ({ scene: id, check, make }) => {
    const scene = scenes.find((one) => one.id === id);
    const failed = scene?.play(make()).checks.filter((one) => !holds(one));
    expect(failed?.map((one) => one.id)).toContain(check);
  });
});

/** What a story comes to when a row of a command is missing; an RMM that breaks does not hold either. */
function withoutRow(name: string, id: string, play: () => boolean): boolean {
  const command = [...rmiCommands, recEnter].find((one) => one.name === name);
  const rows = command?.failures as Failure<unknown>[];
  const at = rows.findIndex((row) => row.id === id);
  const removed = rows.splice(at, 1);
  expect(removed.map((row) => row.id)).toEqual([id]);
  try {
    return play();
  } catch {
    return false;
  } finally {
    rows.splice(at, 0, ...removed);
  }
}

function changed(change: (machine: Machine) => unknown): Machine {
  const machine = Machine.boot();
  change(machine);
  return machine;
}
