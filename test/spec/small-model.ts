// A few granules, one Realm and its tables, just enough to see what conditions say of them.
import { commandSpecs } from '../../src/spec/commands.generated.ts';
import { parseCondition } from '../../src/spec/condition.ts';
import { evaluate, holds, type Scope, type Value } from '../../src/spec/evaluate.ts';
import { decode, pureFunctions } from '../../src/spec/functions.ts';
import type { bitfields, CommandName } from '../../src/spec/generated.ts';
import type { CommandSpec } from '../../src/spec/specification.ts';

type Fields = Record<string, Value>;

export const RD = 0x8000_0000n;
/** Starting table, level 2 and level 3 tables for IPA 0, a free granule, a page, a REC, another Realm's REC. */
export const [L1, L2, L3, FREE, PAGE, REC, OTHER, HOST] = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n].map((n) => RD + n * 0x1000n) as [
  bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint,
]; // prettier-ignore
export const BLOCK = 0x20_0000n;

export interface Model {
  readonly granules: Map<bigint, Fields>;
  readonly realm: Fields;
  readonly recs: Map<bigint, Fields>;
  readonly tables: Map<bigint, Fields[]>;
  /** Of functions that have no place in the model. */
  readonly answers: Readonly<Record<string, Value>>;
}

/** A Realm of 39 bits, level 1 to 3 tables at IPA 0, a page at IPA 0x1000, everything else EMPTY. */
export function smallModel(answers: Readonly<Record<string, Value>> = {}): Model {
  const empty = (): Fields => ({ state: 'UNASSIGNED', ripas: 'EMPTY' });
  const table = (): Fields[] => Array.from({ length: 512 }, empty);
  const level1 = table().map((entry, i) => (i < 256 ? entry : { state: 'UNASSIGNED_NS' }));
  const level2 = table();
  const level3 = table();
  level1[0] = { state: 'TABLE', addr: L2 };
  level2[0] = { state: 'TABLE', addr: L3 };
  level3[1] = { state: 'ASSIGNED', ripas: 'RAM', addr: PAGE };
  const state = (name: string, gpt = 'GPT_REALM'): Fields => ({ state: name, gpt });
  return {
    granules: new Map([
      [RD, state('RD')],
      ...[L1, L2, L3].map((at) => [at, state('RTT')] as const),
      [FREE, state('DELEGATED')],
      [PAGE, state('DATA')],
      [REC, state('REC')],
      [OTHER, state('REC')],
      [HOST, state('UNDELEGATED', 'GPT_NS')],
    ]),
    realm: {
      state: 'REALM_NEW',
      ipa_width: 39n,
      feat_lpa2: false,
      rtt_base: L1,
      rtt_level_start: 1n,
      rtt_num_start: 1n,
      rec_index: 2n,
      num_recs: 2n,
      measurements: [[1n]],
    },
    recs: new Map([
      [REC, { owner: RD, state: 'REC_READY', runnable: true, mpidr: 0n, gprs: [0xc400_0003n, 1n, 2n, 3n] }],
      [OTHER, { owner: RD, state: 'REC_READY', runnable: false, mpidr: 1n, gprs: [] }],
    ]),
    tables: new Map([[L1, level1], [L2, level2], [L3, level3]]), // prettier-ignore
    answers: {
      // 48 bits, 6 breakpoints, 4 watchpoints, both hashes, 4 List Registers, 1023 RECs.
      Rmm: {
        feature_register_0: 48n | (5n << 14n) | (3n << 20n) | (3n << 32n) | (3n << 34n) | (10n << 38n),
        gic_priority_bits: 5n,
        sea_needs_abort: false,
        vmid_width: 8n,
        pa_width: 48n,
        feat_hpmn0: false,
      },
      IsWiped: true,
      AccessFaults: false,
      VmidIsUsed: false,
      RecAuxCount: 1n,
      ...answers,
    },
  };
}

function scopeOf(model: Model, command: CommandSpec, variables: Fields, before?: Scope): Scope {
  const defined = new Map(command.context.map(({ name, value }) => [name, value]));
  for (const { name, value } of before === undefined ? [] : (command.after ?? [])) defined.set(name, value);
  const isContext = new Set(command.context.map(({ name }) => name));
  const scope: Scope = {
    functions: functionsOf(model),
    variable(name) {
      if (before !== undefined && isContext.has(name)) return before.variable(name);
      const text = defined.get(name);
      return text === undefined ? variables[name] : evaluate(parseCondition(text), scope);
    },
    ...(before === undefined ? {} : { before }),
  };
  return scope;
}

function functionsOf(model: Model): Scope['functions'] {
  const { granules, realm, recs, tables, answers } = model;
  const entry = (table: Value, index: Value): Value => tables.get(table as bigint)?.[Number(index)];
  const isLive = ({ state }: Fields): boolean => state === 'ASSIGNED' || state === 'TABLE';
  const entrySize = (level: bigint): bigint => 1n << (12n + 9n * (3n - level));

  function walk(rd: Value, ipa: Value, target: Value): Value {
    const { rtt_level_start: start, rtt_base: base, ipa_width: width } = realm as Readonly<Record<string, bigint>>;
    const isThere = rd === RD && (ipa as bigint) >> (width as bigint) === 0n;
    if (!isThere || (target as bigint) < (start as bigint) || (target as bigint) > 3n) return undefined;
    for (let level = start as bigint, table = base as bigint; ; level++) {
      const index = ((ipa as bigint) / entrySize(level)) & 0x1ffn;
      const rtte = tables.get(table)?.[Number(index)] as Fields;
      if (level === target || rtte['state'] !== 'TABLE') return { level, table, index, rtte };
      table = rtte['addr'] as bigint;
    }
  }

  /** From an entry on: how many until one stops the scan. */
  function run(table: Value, index: bigint, isEnd: (entry: Fields) => boolean): bigint {
    const entries = tables.get(table as bigint) ?? [];
    const end = entries.findIndex((each, i) => i >= Number(index) && isEnd(each));
    return BigInt(end === -1 ? 512 : end) - index;
  }

  function ripasTop(walked: Value, base: Value, top: Value, isEnd: (entry: Fields) => boolean): Value {
    const { level, table, index } = walked as { level: bigint; table: bigint; index: bigint };
    const size = entrySize(level);
    const start = ((base as bigint) / size) * size;
    const end = start + run(table, index, isEnd) * size;
    const limit = ((top as bigint) / size) * size;
    return end < limit ? end : limit;
  }

  return {
    ...pureFunctions,
    ...Object.fromEntries(Object.entries(answers).map(([name, value]) => [name, () => value])),
    PaIsDelegable: ([addr]) => granules.has(((addr as bigint) / 4096n) * 4096n),
    Granule: ([addr]) => granules.get(addr as bigint),
    Realm: ([rd]) => (granules.get(rd as bigint)?.['state'] === 'RD' ? realm : undefined),
    Rec: ([rec]) => recs.get(rec as bigint),
    RttEntry: ([table, index]) => entry(table, index),
    RttWalk: ([rd, ipa, level]) => walk(rd, ipa, level),
    RttIsLive: ([table]) => tables.get(table as bigint)?.some(isLive),
    WalkTop([table, level, ipa]) {
      const size = entrySize(level as bigint);
      const index = ((ipa as bigint) / size) & 0x1ffn;
      const length = run(table, index, (each) => isLive(each) || each['state'] === 'ASSIGNED_NS');
      return length === 0n ? ipa : ((ipa as bigint) / size + length) * size;
    },
    InitRipasTop: ([walked, base, top]) =>
      ripasTop(walked, base, top, ({ state, ripas }) => state !== 'UNASSIGNED' || ripas === 'DESTROYED'),
    SetRipasTop: ([walked, base, top, destroyed]) =>
      ripasTop(
        walked,
        base,
        top,
        ({ state, ripas }) => state === 'TABLE' || (ripas === 'DESTROYED' && destroyed === 'NO_CHANGE_DESTROYED'),
      ),
  };
}

const commandOf = (name: CommandName): CommandSpec =>
  commandSpecs.find((command) => command.name === name) as CommandSpec;

/** The rows that hold, as `id` or `id index`, in the order in which they are evaluated. */
export function rows(name: CommandName, inputs: Fields, model = smallModel()): readonly string[] {
  const command = commandOf(name);
  const scope = scopeOf(model, command, inputs);
  return command.evaluationOrder.flatMap((id) => {
    const row = command.failure.find((each) => each.id === id);
    if (row === undefined || !holds(parseCondition(row.pre), scope)) return [];
    return [row.index === undefined ? id : `${id} ${String(evaluate(parseCondition(row.index), scope))}`];
  });
}

/** The success conditions (or those of a failure) that do not hold. */
export function broken(
  name: CommandName,
  registers: Fields,
  before: Model,
  after: Model,
  kind: 'success' | 'onFailure' = 'success',
): readonly string[] {
  const command = commandOf(name);
  const scope = scopeOf(after, command, registers, scopeOf(before, command, registers));
  const conditions = (command[kind] ?? []).filter(({ at }) => at === undefined);
  return conditions.filter(({ post }) => !holds(parseCondition(post), scope)).map(({ id }) => id);
}

/** A flags word as conditions see it. */
export const flags = (name: keyof typeof bitfields, value: bigint): Value => decode(name, value);
