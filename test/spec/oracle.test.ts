// Every command of RMM 1.0 over the real SMC path, judged by the specification: each valid call with one argument or field
// changed, then with two, and stories of several calls. Then the same with each failure row taken out of the RMM.
// FOURWORLDS_LONG makes all combinations of two changes instead of those that promise a new set of rows.

import { beforeAll, describe, expect, it } from 'vitest';
import { Coverage } from '../../src/fuzz/coverage.ts';
import { parsedCommands } from '../../src/fuzz/oracle/commands.ts';
import type { Violation } from '../../src/fuzz/oracle/oracle.ts';
import { Runner } from '../../src/fuzz/rmi-runner.ts';
import { type RmiWorld, buildWorld } from '../../src/fuzz/rmi-world.ts';
import { Teller, stories } from '../../src/fuzz/stories.ts';
import { Sweep } from '../../src/fuzz/sweep.ts';
import { rmiCommands } from '../../src/rmm/commands.ts';
import { realmCommands } from '../../src/rmm/realm-commands.ts';
import { recEnter } from '../../src/rmm/rmi/rec-enter.ts';
import { commandFids } from '../../src/spec/generated.ts';
import {
  type HandStimulus,
  farStimuli,
  pageLossStimulus,
  recCountStimulus,
  ripasStimuli,
  seaStimulus,
  tokenStimuli,
} from './stimuli.ts';

const isLong = process.env['FOURWORLDS_LONG'] !== undefined;
const ENTER = BigInt(commandFids.RMI_REC_ENTER[0]);
const TOKEN_INIT = BigInt(commandFids.RSI_ATTESTATION_TOKEN_INIT[0]);

/** Ordered pairs of which the second row may have a meaning while the first one holds, but is then false. */
const neverTogether: Readonly<Record<string, string>> = {
  'RMI_REC_ENTER rec_align rec_mmio':
    'without emul_mmio it is false; with it, it asks what the REC waits for, and there is none',
  'RMI_REC_ENTER rec_bound rec_mmio': 'the same',
  'RMI_REC_ENTER rec_gran_state rec_mmio': 'the same',
  'RMI_RTT_CREATE level_bound rtte_state':
    'at level 4 the entry is of level 3 and never a TABLE; at other levels there is none',
};

const STATE = 'what no bank has is UNDELEGATED: the row about the state holds as well, with the same status';
const ENTRY =
  'no GPT entry is that of an unaligned address: the row about the entry holds as well, with the same status';
const OWNER = 'no REC has such an owner: rec_owner holds as well, and without an order either status will do';

/** Rows whose loss no result can show, because another row holds whenever they do: the proof. The trace shows all of them. */
const subsumedRows: Readonly<Record<string, string>> = {
  'RMI_GRANULE_DELEGATE gran_align': ENTRY,
  'RMI_GRANULE_DELEGATE gran_state':
    'only UNDELEGATED granules are Non-secure: gran_gpt holds as well, with the same status',
  'RMI_GRANULE_UNDELEGATE gran_bound': STATE,
  'RMI_DATA_CREATE src_align': ENTRY,
  'RMI_DATA_CREATE src_pas': 'reading a page that Non-secure accesses do not reach fails: src_gpf has the same status',
  'RMI_DATA_CREATE data_bound': STATE,
  'RMI_DATA_CREATE rd_bound': STATE,
  'RMI_DATA_CREATE_UNKNOWN data_bound': STATE,
  'RMI_DATA_CREATE_UNKNOWN rd_bound': STATE,
  'RMI_DATA_DESTROY rd_bound': STATE,
  'RMI_REALM_CREATE params_align': ENTRY,
  'RMI_REALM_CREATE rd_bound': STATE,
  'RMI_REALM_ACTIVATE rd_bound': STATE,
  'RMI_REALM_DESTROY rd_bound': STATE,
  'RMI_REC_AUX_COUNT rd_bound': STATE,
  'RMI_REC_CREATE params_align': ENTRY,
  'RMI_REC_CREATE rec_bound': STATE,
  'RMI_REC_CREATE rd_bound': STATE,
  'RMI_REC_DESTROY rec_bound': STATE,
  'RMI_RTT_CREATE rtt_bound': STATE,
  'RMI_RTT_CREATE rd_bound': STATE,
  'RMI_RTT_DESTROY rd_bound': STATE,
  'RMI_RTT_FOLD rd_bound': STATE,
  'RMI_RTT_INIT_RIPAS rd_bound': STATE,
  'RMI_RTT_SET_RIPAS rd_align': OWNER,
  'RMI_RTT_SET_RIPAS rd_bound': STATE,
  'RMI_RTT_SET_RIPAS rd_state': OWNER,
  'RMI_RTT_SET_RIPAS rec_bound': STATE,
  'RMI_RTT_SET_RIPAS rec_state': 'a REC that runs has no request: top_bound holds as well, and either status will do',
  'RMI_RTT_MAP_UNPROTECTED rd_bound': STATE,
  'RMI_RTT_UNMAP_UNPROTECTED rd_bound': STATE,
  'RMI_RTT_READ_ENTRY rd_bound': STATE,
  'RMI_PSCI_COMPLETE alias': 'a REC has no request about itself pending: pending or target has the same status',
  'RMI_PSCI_COMPLETE calling_bound': STATE,
  'RMI_PSCI_COMPLETE target_bound': STATE,
  'RMI_REC_ENTER run_align': ENTRY,
  'RMI_REC_ENTER rec_bound': STATE,
  'RSI_ATTESTATION_TOKEN_CONTINUE size_overflow': 'such a sum is above 4096: size_bound has the same status',
};

let world: RmiWorld;
let runner: Runner;
/** The same world with the REC `guest` on PE 0, and with a token begun. */
let realm: Runner;
let attesting: Runner;
let byHand: readonly HandStimulus[];
const coverage = new Coverage();
const sweep = new Sweep({ coverage, pairs: isLong ? 'all' : 'new' });
const storyViolations: (Violation & { readonly story: string })[] = [];

function entered(): Runner {
  const { machine, places } = buildWorld();
  const made = new Runner(machine);
  expect(made.smc([ENTER, places['guest'] as bigint, places['run'] as bigint]).violations).toEqual([]);
  made.settle();
  return made;
}

/** The Host enters the REC again, so that what a call returns can be judged. */
const answer = (made: Runner) => [made.smc([ENTER, world.places['guest'] as bigint, world.places['run'] as bigint])];

beforeAll(() => {
  world = buildWorld();
  runner = new Runner(world.machine);
  for (const story of stories) {
    const teller = new Teller(runner, world.places);
    story.tell(teller, world.builder);
    for (const { judgements, violations } of teller.results) {
      coverage.add(judgements);
      storyViolations.push(...violations.map((violation) => ({ story: story.name, ...violation })));
    }
    runner.reset();
  }
  sweep.rmi(runner, world.places);
  realm = entered();
  sweep.realm(realm, world.places, false, answer);
  attesting = entered();
  attesting.smc([TOKEN_INIT, 1n, 2n]);
  attesting.settle();
  sweep.realm(attesting, world.places, true, answer);
  byHand = [
    ...farStimuli(),
    ...ripasStimuli(world.places),
    pageLossStimulus(runner, world.places),
    recCountStimulus(),
    seaStimulus(),
    ...tokenStimuli(realm),
  ];
}, 600_000);

describe('the RMM as the specification sees it', () => {
  it('does what the conditions say in every call of the sweep', () => {
    expect(sweep.findings.slice(0, 5)).toEqual([]);
    expect(coverage.calls).toBeGreaterThan(5_000);
  });

  it('does what they say in stories of several calls', () => {
    expect(storyViolations.slice(0, 5)).toEqual([]);
  });

  it('does what they say in calls made by hand for rows that are hard to reach', () => {
    for (const { row, run } of byHand) {
      const { judgements, violations } = run();
      coverage.add(judgements);
      expect({
        row,
        violations,
        rows: judgements.flatMap(({ command, rows }) => rows.map((id) => `${command} ${id}`)),
      }).toEqual({
        row,
        violations: [],
        rows: expect.arrayContaining([row]) as unknown,
      });
    }
  });

  it('has had every failure row decide', () => {
    expect(coverage.missingRows()).toEqual([]);
  });

  it('has had both rows of every ordered pair hold, or the first one where the second has no meaning', () => {
    const pairs = [...coverage.pairs()];
    expect(pairs.filter(([, state]) => state === 'missing').map(([key]) => key)).toEqual(Object.keys(neverTogether));
    expect(pairs).toHaveLength(135);
  });

  it('has had every success condition evaluated', () => {
    expect(coverage.missingConditions()).toEqual([]);
  });

  it('has made every move of every life cycle', () => {
    expect(coverage.missingMoves()).toEqual([]);
  });
});

type Table = { readonly name: string; readonly failures: readonly { readonly id: string }[] };

describe('a failure row taken out of the RMM', () => {
  it('is noticed in a result, or the row is one of those that another one always stands for; the trace shows all', () => {
    const tables: readonly Table[] = [...rmiCommands, recEnter, ...realmCommands];
    const seen: Record<Notice, string[]> = { result: [], trace: [], nothing: [] };
    for (const { name, failures } of tables) {
      for (const [i, row] of failures.slice().entries()) {
        const key = `${name} ${row.id}`;
        const stimuli = [...sweep.stimuli(name, row.id), ...byHand.filter((stimulus) => stimulus.row === key)];
        const rows = failures as { readonly id: string }[];
        rows.splice(i, 1);
        let best: Notice = 'nothing';
        for (const { run } of stimuli) {
          const notice = noticed(run, row.id);
          if (notice !== 'nothing') best = notice;
          if (notice === 'result') break;
        }
        seen[best].push(key);
        rows.splice(i, 0, row);
      }
    }
    expect(seen.nothing).toEqual([]);
    expect(seen.trace).toEqual(Object.keys(subsumedRows));
    const all = parsedCommands.reduce((sum, { rows }) => sum + rows.length, 0);
    expect(seen.result).toHaveLength(all - Object.keys(subsumedRows).length);
  }, 600_000);
});

type Effect = (context: never) => unknown;
type Acting = { readonly name: string; effect: Effect };
type WithCall = {
  readonly call: { readonly pe: { readonly nonSecure: { writeBytes(pa: number, bytes: Uint8Array): number } } };
};

describe('an effect that is not what it should be', () => {
  const acting = [...rmiCommands, recEnter, ...realmCommands] as unknown as readonly Acting[];
  /** Commands for which one of their successful calls shows the change. */
  const noticedWith = (change: (effect: Effect) => Effect): readonly string[] =>
    acting
      .filter((command) => {
        const { effect } = command;
        command.effect = change(effect);
        const isNoticed = (sweep.successes.get(command.name) ?? []).some(({ run }) => noticed(run, '') === 'result');
        command.effect = effect;
        return isNoticed;
      })
      .map(({ name }) => name);
  const names = acting.map(({ name }) => name);

  it('is noticed when there is none', () => {
    // RSI_FEATURES answers with nothing but zeros.
    expect(noticedWith(() => () => ({ kind: 'return', x: [0, 0, 0, 0] }))).toEqual(
      names.filter((name) => name !== 'RSI_FEATURES'),
    );
  });

  it('is noticed when it writes to a page of the Host as well', () => {
    const page = Number(world.places['hostPage']);
    const isSilent = new Set(['RSI_FEATURES', 'PSCI_VERSION', 'PSCI_FEATURES', 'RSI_VERSION']);
    const found = noticedWith((effect) => (context) => {
      const result = effect(context);
      (context as Partial<WithCall>).call?.pe.nonSecure.writeBytes(page, Uint8Array.of(1));
      return result;
    });
    // Those have no call in their context to write with.
    expect(found).toEqual(names.filter((name) => !isSilent.has(name)));
  });
});

type Notice = 'result' | 'trace' | 'nothing';

/** A violation, or an assertion of the RMM that stops the machine; or only another name in the trace. */
function noticed(run: HandStimulus['run'], row: string): Notice {
  try {
    const { violations, failed } = run();
    return violations.length > 0 ? 'result' : failed === row ? 'nothing' : 'trace';
  } catch {
    for (const each of [runner, realm, attesting]) each.reset();
    return 'result';
  }
}
