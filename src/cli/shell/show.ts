// `show`: what the RMM keeps. Realms, RECs, translation tables as a tree, granules by state. It looks and changes nothing.

import { hex } from '../../base/hex.ts';
import { InputError } from '../../base/input-error.ts';
import { MachineView, type RealmView, granuleStateNames } from '../../machine/view.ts';
import { ENTRIES, Hipas, LEVEL_MAX, Ripas, type RttEntry, decode, entrySize, scratch } from '../../rmm/rtt.ts';
import { sizeText } from '../sizes.ts';
import { table } from '../text.ts';
import type { Reply, ShellContext } from './reply.ts';
import { Tokens } from './tokens.ts';

const whats = ['realm', 'rec', 'rtt', 'granules'] as const;
export const showWords: readonly string[] = whats;

export function show(shell: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const what = tokens.oneOf('show', whats);
  const { machine } = shell.session;
  const at = tokens.isEmpty ? undefined : Number(tokens.pa('ADDR', machine.memory.paBits));
  tokens.end();
  const view = new MachineView(machine);
  switch (what) {
    case 'realm':
      return at === undefined ? realmList(shell, view) : oneRealm(shell, view, at);
    case 'rec':
      return at === undefined ? recList(shell, view) : oneRec(view, at);
    case 'rtt':
      return rtt(shell, view, at);
    case 'granules':
      return at === undefined ? granules(shell, view) : oneGranule(view, at);
  }
}

function realmList({ say }: ShellContext, view: MachineView): Reply {
  const realms = [...view.realms().values()];
  return {
    lines:
      realms.length === 0
        ? [say('shell.show.noRealm')]
        : table(
            realms.map((realm) => [
              hex(realm.rd, 8),
              realm.state,
              `VMID ${realm.vmid}`,
              say('shell.show.bits', { bits: realm.ipaBits }),
              say('shell.show.recs', { count: realm.numRecs }),
            ]),
          ),
    result: { realms: realms.map(realmData) },
  };
}

function oneRealm({ say }: ShellContext, view: MachineView, rd: number): Reply {
  const realm = realmAt(view, rd);
  const size = realm.hashAlgo === 'SHA_256' ? 32 : 64;
  const rows = [
    ['rd', hex(realm.rd, 8)],
    ['state', realm.state],
    ['vmid', String(realm.vmid)],
    ['ipa_width', String(realm.ipaBits)],
    ['hash_algo', realm.hashAlgo],
    [
      'rtt_base',
      `${hex(realm.rttBase, 8)}, ${say('shell.show.start', { level: realm.startLevel, count: realm.numStart })}`,
    ],
    ['num_recs', String(realm.numRecs)],
    ...realm.measurements.map((value, i) => [i === 0 ? 'RIM' : `REM ${i}`, digest(value.subarray(0, size))]),
  ];
  return { lines: table(rows), result: { realm: realmData(realm) } };
}

const digest = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const realmData = ({
  rd,
  state,
  vmid,
  ipaBits,
  hashAlgo,
  rttBase,
  startLevel,
  numStart,
  numRecs,
  measurements,
}: RealmView) => ({
  rd: BigInt(rd),
  state,
  vmid,
  ipaBits,
  hashAlgo,
  rttBase: BigInt(rttBase),
  startLevel,
  numStart,
  numRecs,
  measurements: measurements.map(digest),
});

function realmAt(view: MachineView, rd: number): RealmView {
  const realms = view.realms();
  const realm = realms.get(rd);
  if (realm !== undefined) return realm;
  throw new InputError({
    code: 'SHELL_NO_REALM',
    where: 'ADDR',
    expected: [...realms.keys()].map((one) => hex(one, 8)).join(', ') || 'RMI_REALM_CREATE',
    found: hex(rd, 8),
  });
}

function recList({ say }: ShellContext, view: MachineView): Reply {
  const recs = [...view.recs().values()];
  return {
    lines:
      recs.length === 0
        ? [say('shell.show.noRec')]
        : table(
            recs.map((rec) => [
              hex(rec.pa, 8),
              say('shell.show.recOf', { index: rec.index, rd: hex(rec.rd, 8) }),
              recState(rec),
              rec.runningOn === undefined ? '' : `PE ${rec.runningOn}`,
              `PC ${hex(rec.pc)}`,
            ]),
          ),
    result: { recs: recs.map(recData) },
  };
}

type RecView = ReturnType<MachineView['recs']> extends ReadonlyMap<number, infer T> ? T : never;

const recState = ({ runningOn, isRunnable }: RecView): string =>
  runningOn !== undefined ? 'REC_RUNNING' : isRunnable ? 'REC_READY' : 'REC_READY, NOT_RUNNABLE';

const recData = (rec: RecView) => ({
  rec: BigInt(rec.pa),
  rd: BigInt(rec.rd),
  index: rec.index,
  state: rec.runningOn === undefined ? 'REC_READY' : 'REC_RUNNING',
  isRunnable: rec.isRunnable,
  ...(rec.runningOn === undefined ? {} : { pe: rec.runningOn }),
  pc: rec.pc,
});

function oneRec(view: MachineView, pa: number): Reply {
  const recs = view.recs();
  const rec = recs.get(pa);
  if (rec === undefined)
    throw new InputError({
      code: 'SHELL_NO_SUCH_REC',
      where: 'ADDR',
      expected: [...recs.keys()].map((one) => hex(one, 8)).join(', ') || 'RMI_REC_CREATE',
      found: hex(pa, 8),
    });
  const registers = rec.x.map((value, n) => [`X${n}`, value] as const).filter(([, value]) => value !== 0n);
  const { ripas, hostCall, aux } = rec;
  const rows = [
    ['rec', hex(rec.pa, 8)],
    ['owner', hex(rec.rd, 8)],
    ['index', String(rec.index)],
    ['state', recState(rec)],
    ...(rec.runningOn === undefined ? [] : [['PE', String(rec.runningOn)]]),
    ['aux', `${hex(aux[0] ?? 0, 8)} .. (${aux.length})`],
    ...(ripas.addr === ripas.top
      ? []
      : [['ripas_addr', `${hex(ripas.addr)} .. ${hex(ripas.top)} -> ${ripasName(ripas.value)}`]]),
    ...(hostCall === undefined ? [] : [['host call', hex(hostCall)]]),
    ['PC', hex(rec.pc, 16)],
    ['PSTATE', hex(rec.pstate, 16)],
    ...registers.map(([name, value]) => [name, hex(value, 16)]),
  ];
  return {
    lines: table(rows),
    result: { rec: { ...recData(rec), aux: aux.map(BigInt), x: Object.fromEntries(registers) } },
  };
}

const hipasName = (value: number): string => Object.entries(Hipas).find(([, code]) => code === value)?.[0] ?? '';
const ripasName = (value: number): string => Object.entries(Ripas).find(([, code]) => code === value)?.[0] ?? '';

/** Neighbouring entries that say the same, from `base` to `top`. */
type Range = { readonly level: number; readonly base: number; top: number; readonly entry: RttEntry };

function rtt({ say }: ShellContext, view: MachineView, at: number | undefined): Reply {
  const realms = [...view.realms().values()];
  if (at === undefined && realms.length !== 1)
    throw new InputError({
      code: 'SHELL_WHICH_REALM',
      where: 'show rtt',
      expected: realms.map(({ rd }) => hex(rd, 8)).join(', ') || 'RMI_REALM_CREATE',
      found: realms.length,
    });
  const realm = at === undefined ? (realms[0] as RealmView) : realmAt(view, at);
  const { startLevel, rttBase, numStart, ipaBits, lpa2 } = realm;
  const lines = [`${hex(rttBase, 8)}  ${say('shell.show.start', { level: startLevel, count: numStart })}`];
  const entries: object[] = [];
  const visit = (pa: number, level: number, base: number, tables: number): void => {
    for (const range of rangesOf(view, pa, { level, base, tables, end: 2 ** ipaBits, lpa2 })) {
      lines.push(rangeLine(range, level - startLevel + 1));
      entries.push(rangeData(range));
      if (range.entry.hipas === Hipas.TABLE && level < LEVEL_MAX) visit(range.entry.addr, level + 1, range.base, 1);
    }
  };
  visit(rttBase, startLevel, 0, numStart);
  return { lines, result: { rd: BigInt(realm.rd), entries } };
}

type TableAt = {
  readonly level: number;
  readonly base: number;
  readonly tables: number;
  readonly end: number;
  readonly lpa2: boolean;
};

/** The entries of a table, or of several that follow each other, as far as the Realm's addresses go. */
function rangesOf(view: MachineView, pa: number, { level, base, tables, end, lpa2 }: TableAt): readonly Range[] {
  const ranges: Range[] = [];
  const size = entrySize(level);
  for (let i = 0; i < ENTRIES * tables && base + i * size < end; i++) {
    const page = view.page(Math.floor(pa / 4096) + Math.floor(i / ENTRIES));
    if (page === undefined) break;
    const words = new DataView(page.buffer, page.byteOffset + 8 * (i % ENTRIES), 8);
    const entry = decode(words.getUint32(0, true), words.getUint32(4, true), level, lpa2, scratch());
    const last = ranges.at(-1);
    const from = base + i * size;
    if (last !== undefined && goesOn(last, entry, from)) last.top = from + size;
    else ranges.push({ level, base: from, top: Math.min(from + size, end), entry });
  }
  return ranges;
}

/** Whether an entry says the same as the range before it; mappings have to be contiguous, tables stand alone. */
function goesOn({ entry: first, base }: Range, entry: RttEntry, from: number): boolean {
  if (entry.hipas !== first.hipas || entry.ripas !== first.ripas || entry.attr !== first.attr) return false;
  if (entry.hipas === Hipas.TABLE) return false;
  const isMapping = entry.hipas === Hipas.ASSIGNED || entry.hipas === Hipas.ASSIGNED_NS;
  return !isMapping || entry.addr === first.addr + (from - base);
}

const isProtected = ({ hipas }: RttEntry): boolean => hipas === Hipas.UNASSIGNED || hipas === Hipas.ASSIGNED;
const hasAddress = ({ hipas }: RttEntry): boolean => hipas !== Hipas.UNASSIGNED && hipas !== Hipas.UNASSIGNED_NS;

function rangeLine({ level, base, top, entry }: Range, depth: number): string {
  const place = `${'  '.repeat(depth)}${level}  ${hex(base)} .. ${hex(top - 1)}`.padEnd(42);
  const state = [hipasName(entry.hipas), ...(isProtected(entry) ? [ripasName(entry.ripas)] : [])].join(' ').padEnd(20);
  return `${place}  ${state}  ${hasAddress(entry) ? hex(entry.addr, 8) : ''}`.trimEnd();
}

const rangeData = ({ level, base, top, entry }: Range): object => ({
  level,
  base: BigInt(base),
  top: BigInt(top),
  state: hipasName(entry.hipas),
  ...(isProtected(entry) ? { ripas: ripasName(entry.ripas) } : {}),
  ...(hasAddress(entry) ? { addr: BigInt(entry.addr) } : {}),
});

/** Runs of granules in one state, and how many of each state there are. */
function granules({ say }: ShellContext, view: MachineView): Reply {
  const runs: { base: number; count: number; state: string }[] = [];
  const counts = new Map<string, number>();
  for (const { base, states } of view.granules()) {
    for (let i = states.findIndex((state) => state !== 0); i >= 0 && i < states.length; i++) {
      const state = granuleStateNames[states[i] as number] as string;
      if (states[i] === 0) continue;
      const pa = base + i * 4096;
      const last = runs.at(-1);
      counts.set(state, (counts.get(state) ?? 0) + 1);
      if (last?.state === state && last.base + last.count * 4096 === pa) last.count++;
      else runs.push({ base: pa, count: 1, state });
    }
  }
  return {
    lines:
      runs.length === 0
        ? [say('shell.show.noGranules')]
        : [
            [...counts].map(([state, count]) => `${state} ${count}`).join(', '),
            ...table(
              runs.map(({ base, count, state }) => [`  ${hex(base, 8)}`, sizeText(count * 4096).padStart(8), state]),
            ),
          ],
    result: {
      counts: Object.fromEntries(counts),
      granules: runs.map(({ base, count, state }) => ({ base: BigInt(base), count, state })),
    },
  };
}

function oneGranule(view: MachineView, pa: number): Reply {
  const at = pa - (pa % 4096);
  const bank = view.granules().find(({ base, size }) => at >= base && at < base + size);
  const state = bank === undefined ? undefined : granuleStateNames[bank.states[(at - bank.base) / 4096] as number];
  if (state === undefined)
    throw new InputError({
      code: 'SHELL_NOT_TRACKED',
      where: 'ADDR',
      expected: view
        .granules()
        .map(({ base, size }) => `${hex(base, 8)} .. ${hex(base + size - 1, 8)}`)
        .join(', '),
      found: hex(pa, 8),
    });
  return { lines: [`${hex(at, 8)}: ${state}`], result: { at: BigInt(at), state } };
}
