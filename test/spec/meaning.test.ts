// What the conditions say of a small model: the cases of the interface that are easily got wrong.
import { describe, expect, test } from 'vitest';
import type { Value } from '../../src/spec/evaluate.ts';
import {
  BLOCK,
  broken,
  flags,
  FREE,
  HOST,
  L1,
  L2,
  L3,
  OTHER,
  PAGE,
  RD,
  REC,
  rows,
  smallModel,
  type Model,
} from './small-model.ts';

type Change = (model: Model) => void;
const changed = (change: Change, answers: Readonly<Record<string, Value>> = {}): Model => {
  const model = smallModel(answers);
  change(model);
  return model;
};
const setEntry = (model: Model, table: bigint, index: number, entry: Record<string, Value>): void => {
  (model.tables.get(table) as Record<string, Value>[])[index] = entry;
};
const nothing: Change = () => {};

describe('a version is agreed on', () => {
  test.each<[bigint[], bigint, boolean, bigint, bigint]>([
    [[0x1_0000n], 0x1_0000n, true, 0x1_0000n, 0x1_0000n],
    [[0x1_0000n, 0x1_0001n], 0x1_0000n, true, 0x1_0000n, 0x1_0001n],
    [[0x1_0000n], 0x1_0001n, false, 0x1_0000n, 0x1_0000n],
    [[0x1_0000n, 0x1_0001n], 0x2_0000n, false, 0x1_0001n, 0x1_0001n],
    [[0x1_0000n, 0x1_0001n, 0x1_0003n], 0x1_0002n, false, 0x1_0001n, 0x1_0003n],
    [[0x2_0000n, 0x2_0001n], 0x1_0000n, false, 0x2_0001n, 0x2_0001n],
  ])('%s, asked for %s', (revisions, req, isThere, lower, higher) => {
    const model = smallModel({ Rmm: { rmi_revisions: revisions } });
    const kind = isThere ? 'success' : 'onFailure';
    expect(rows('RMI_VERSION', { req }, model)).toEqual(isThere ? [] : ['incompatible']);
    expect(broken('RMI_VERSION', { req, lower, higher }, model, model, kind)).toEqual([]);
    expect(broken('RMI_VERSION', { req, lower: lower + 1n, higher }, model, model, kind)).toEqual(['lower']);
  });
});

describe('RMI_RTT_CREATE', () => {
  const good = { rd: RD, rtt: FREE, ipa: BLOCK, level: 3n };
  test.each<[string, Record<string, Value>, readonly string[]]>([
    ['a good call', {}, []],
    ['an RD that is none says nothing of its Realm', { rd: FREE }, ['rd_state']],
    ['an unaligned RD', { rd: RD + 8n }, ['rd_align']],
    ['an address that is nowhere', { rd: 0xffff_ffff_ffff_f000n }, ['rd_bound']],
    ['nowhere and unaligned', { rtt: 0xffff_ffff_ffff_ffffn }, ['rtt_align', 'rtt_bound', 'rtt_bound2']],
    ['a granule in use', { rtt: PAGE }, ['rtt_state']],
    ['a table in place of the starting one', { level: 1n, ipa: 0n }, ['level_bound']],
    ['a level that is none', { level: 4n }, ['level_bound', 'rtt_walk 2']],
    ['a negative level', { level: -5n }, ['level_bound']],
    ['an IPA that no table starts at', { ipa: 0x1000n }, ['ipa_align', 'rtte_state 2']],
    ['an IPA beyond the space', { ipa: 1n << 39n }, ['ipa_bound']],
    ['a table that is there', { ipa: 0n }, ['rtte_state 2']],
    ['a parent that is missing', { ipa: 1n << 30n }, ['rtt_walk 1']],
  ])('%s', (_, inputs, expected) => {
    expect(rows('RMI_RTT_CREATE', { ...good, ...inputs })).toEqual(expected);
  });

  const unfold: Change = (model) => {
    model.granules.set(FREE, { state: 'RTT', gpt: 'GPT_REALM' });
    setEntry(model, L2, 1, { state: 'TABLE', addr: FREE });
    const children = Array.from({ length: 512 }, (_, i) => ({
      state: 'ASSIGNED',
      ripas: 'RAM',
      addr: BigInt(i) * 0x1000n,
    }));
    model.tables.set(FREE, children);
  };
  const block: Change = (model) => setEntry(model, L2, 1, { state: 'ASSIGNED', ripas: 'RAM', addr: 0n });

  test('a block is spread over its pages', () => {
    expect(broken('RMI_RTT_CREATE', good, changed(block), changed(unfold))).toEqual([]);
  });

  test.each<[string, Record<string, Value>]>([
    ['child_states', { state: 'UNASSIGNED', ripas: 'RAM', addr: 0x1ff000n }],
    ['child_ripas', { state: 'ASSIGNED', ripas: 'EMPTY', addr: 0x1ff000n }],
    ['child_addrs', { state: 'ASSIGNED', ripas: 'RAM', addr: 0x1fe000n }],
  ])('one wrong page breaks %s', (id, entry) => {
    const after = changed((model) => {
      unfold(model);
      setEntry(model, FREE, 511, entry);
    });
    expect(broken('RMI_RTT_CREATE', good, changed(block), after)).toEqual([id]);
  });
});

describe('a page comes and goes', () => {
  const create = { rd: RD, data: FREE, ipa: 0x3000n, src: HOST, flags: flags('RmiDataFlags', 0n) };
  test.each<[string, Record<string, Value>, Change, readonly string[]]>([
    ['a good call', {}, nothing, []],
    ['a reserved flag', { flags: flags('RmiDataFlags', 2n) }, nothing, ['flags_valid']],
    ['a source in the Realm world', { src: PAGE }, nothing, ['src_pas']],
    ['a source of all worlds', {}, ({ granules }) => granules.set(HOST, { state: 'UNDELEGATED', gpt: 'GPT_AAP' }), []],
    ['the RD as data', { data: RD }, nothing, ['data_state']],
    ['an Unprotected IPA', { ipa: 1n << 38n }, nothing, ['ipa_bound', 'rtt_walk 1', 'rtte_state 1']],
    ['a page that is there', { ipa: 0x1000n }, nothing, ['rtte_state 3']],
    ['no table', { ipa: BLOCK }, nothing, ['rtt_walk 2']],
    ['a Realm that runs', {}, ({ realm }) => (realm['state'] = 'REALM_ACTIVE'), ['realm_state']],
    ['any RIPAS', {}, (model) => setEntry(model, L3, 3, { state: 'UNASSIGNED', ripas: 'DESTROYED' }), []],
  ])('DATA_CREATE: %s', (_, inputs, change, expected) => {
    expect(rows('RMI_DATA_CREATE', { ...create, ...inputs }, changed(change))).toEqual(expected);
  });

  test.each<[string, string, string, bigint]>([
    ['RAM', 'DESTROYED', 'RAM', 2n],
    ['EMPTY', 'EMPTY', 'DESTROYED', 2n],
    ['DESTROYED', 'DESTROYED', 'EMPTY', 2n],
  ])('DATA_DESTROY of %s leaves %s and says how far nothing is mapped', (ripas, left, wrong) => {
    const before = changed((model) => setEntry(model, L3, 1, { state: 'ASSIGNED', ripas, addr: PAGE }));
    const after = (rest: string): Model =>
      changed((model) => {
        model.granules.set(PAGE, { state: 'DELEGATED', gpt: 'GPT_REALM' });
        setEntry(model, L3, 1, { state: 'UNASSIGNED', ripas: rest });
      });
    const call = { rd: RD, ipa: 0x1000n, data: PAGE, top: BLOCK };
    expect(broken('RMI_DATA_DESTROY', call, before, after(left))).toEqual([]);
    expect(broken('RMI_DATA_DESTROY', call, before, after(wrong))).toEqual(['rtte_ripas']);
    expect(broken('RMI_DATA_DESTROY', { ...call, top: 0x1000n }, before, after(left))).toEqual(['top']);
  });

  test('DATA_DESTROY inside a block fails at its level with top where it was', () => {
    const model = changed((each) => setEntry(each, L2, 1, { state: 'ASSIGNED', ripas: 'RAM', addr: 0n }));
    const call = { rd: RD, ipa: BLOCK + 0x5000n };
    const result = { status: 'RMI_ERROR_RTT', index: 2n };
    expect(rows('RMI_DATA_DESTROY', call, model)).toEqual(['rtt_walk 2']);
    expect(broken('RMI_DATA_DESTROY', { ...call, result, data: 0n, top: call.ipa }, model, model, 'onFailure')).toEqual(
      [],
    );
    expect(broken('RMI_DATA_DESTROY', { ...call, result, data: 0n, top: BLOCK }, model, model, 'onFailure')).toEqual([
      'top',
    ]);
  });
});

describe('RTT_FOLD wants a table whose entries say the same', () => {
  const fill =
    (make: (i: number) => Record<string, Value>): Change =>
    (model) => {
      for (let i = 0; i < 512; i++) setEntry(model, L3, i, make(i));
    };
  const page = (i: number): Record<string, Value> => ({ state: 'ASSIGNED', ripas: 'RAM', addr: BigInt(i) * 0x1000n });
  const shared = (i: number): Record<string, Value> => ({
    state: 'ASSIGNED_NS',
    addr: BigInt(i) * 0x1000n,
    mem_attr: 1n,
    s2ap: 3n,
  });
  const but = (make: typeof page, i: number, entry: Record<string, Value>): Change =>
    fill((j) => (i === j ? { ...make(j), ...entry } : make(j)));
  test.each<[string, Change, readonly string[]]>([
    ['nothing, all RAM', fill(() => ({ state: 'UNASSIGNED', ripas: 'RAM' })), []],
    [
      'nothing, but one DESTROYED',
      but(() => ({ state: 'UNASSIGNED', ripas: 'RAM' }), 511, { ripas: 'DESTROYED' }),
      ['rtt_homo 3'],
    ],
    ['nothing shared', fill(() => ({ state: 'UNASSIGNED_NS' })), []],
    ['contiguous pages', fill(page), []],
    ['a gap', but(page, 511, { addr: 0n }), ['rtt_homo 3']],
    ['a page that is EMPTY', but(page, 7, { ripas: 'EMPTY' }), ['rtt_homo 3']],
    ['pages that start off a block', fill((i) => page(i + 1)), ['rtt_homo 3']],
    ['contiguous shared pages', fill(shared), []],
    ['another attribute', but(shared, 7, { mem_attr: 5n }), ['rtt_homo 3']],
    ['another permission', but(shared, 7, { s2ap: 1n }), ['rtt_homo 3']],
    ['a page among none', nothing, ['rtt_homo 3']],
  ])('%s', (_, change, expected) => {
    expect(rows('RMI_RTT_FOLD', { rd: RD, ipa: 0n, level: 3n }, changed(change))).toEqual(expected);
  });

  test('a table of level 1 folds when nothing is mapped in it, and never when all of it is', () => {
    const below = (make: (i: number) => Record<string, Value>): readonly string[] => {
      const model = changed(({ realm, tables }) => {
        Object.assign(realm, { rtt_level_start: 0n, rtt_base: FREE, ipa_width: 48n });
        tables.set(FREE, [{ state: 'TABLE', addr: L1 }]);
        tables.set(
          L1,
          Array.from({ length: 512 }, (_, i) => make(i)),
        );
      });
      return rows('RMI_RTT_FOLD', { rd: RD, ipa: 0n, level: 1n }, model);
    };
    expect(below(() => ({ state: 'UNASSIGNED', ripas: 'RAM' }))).toEqual([]);
    expect(below((i) => ({ state: 'ASSIGNED', ripas: 'RAM', addr: BigInt(i) << 30n }))).toEqual(['rtt_homo 1']);
  });

  test('a table with a table in it never folds', () => {
    expect(rows('RMI_RTT_FOLD', { rd: RD, ipa: 0n, level: 2n })).toEqual(['rtt_homo 2']);
  });
});

describe('RTT_DESTROY', () => {
  const call = { rd: RD, ipa: 0n, level: 3n };
  test('a live table stays, an empty one and one with shared pages go', () => {
    expect(rows('RMI_RTT_DESTROY', call)).toEqual(['rtt_live 3']);
    expect(
      rows(
        'RMI_RTT_DESTROY',
        call,
        changed((model) => setEntry(model, L3, 1, { state: 'ASSIGNED_NS' })),
      ),
    ).toEqual([]);
    expect(rows('RMI_RTT_DESTROY', { ...call, ipa: BLOCK })).toEqual(['rtte_state 2']);
  });

  test('leaves DESTROYED even where all was EMPTY', () => {
    const before = changed((model) => setEntry(model, L3, 1, { state: 'UNASSIGNED', ripas: 'EMPTY' }));
    const after = (ripas: string): Model =>
      changed((model) => {
        model.granules.set(L3, { state: 'DELEGATED', gpt: 'GPT_REALM' });
        setEntry(model, L2, 0, { state: 'UNASSIGNED', ripas });
      });
    const done = { ...call, rtt: L3, top: 1n << 30n };
    expect(broken('RMI_RTT_DESTROY', done, before, after('DESTROYED'))).toEqual([]);
    expect(broken('RMI_RTT_DESTROY', done, before, after('EMPTY'))).toEqual(['rtte_ripas']);
  });
});

describe('RIPAS changes', () => {
  const destroyed: Change = (model) => setEntry(model, L3, 4, { state: 'UNASSIGNED', ripas: 'DESTROYED' });
  const init = (base: bigint, top: bigint, change: Change = nothing): readonly string[] =>
    rows('RMI_RTT_INIT_RIPAS', { rd: RD, base, top }, changed(change));
  test('INIT_RIPAS: good ranges, bad ones, and entries that end them', () => {
    expect(init(0x2000n, 0x4000n)).toEqual([]);
    expect(init(BLOCK, 2n * BLOCK)).toEqual([]);
    expect(init(0x2000n, 0x2000n)).toEqual(['size_valid', 'no_progress 3']);
    expect(init(0x1000n, 0x4000n)).toEqual(['rtte_state 3', 'no_progress 3']);
    expect(init(0x4000n, 0x6000n, destroyed)).toEqual(['rtte_state 3', 'no_progress 3']);
    expect(init(0x3000n, 0x6000n, destroyed)).toEqual([]);
    expect(init(BLOCK + 0x1000n, 2n * BLOCK)).toEqual(['base_align 2']);
    expect(init(BLOCK, BLOCK + 0x1000n)).toEqual(['no_progress 2']);
    expect(init(0x2001n, 0x4000n)).toEqual(['base_align 3']);
    expect(init(0x2000n, (1n << 38n) + 0x1000n)).toEqual(['top_bound']);
  });

  const set = (base: bigint, top: bigint, rec: Record<string, Value>, change: Change = nothing): readonly string[] => {
    const request = {
      ripas_addr: 0x2000n,
      ripas_top: 0x8000n,
      ripas_value: 'RAM',
      ripas_destroyed: 'NO_CHANGE_DESTROYED',
    };
    const model = changed((each) => {
      change(each);
      each.recs.set(REC, { ...each.recs.get(REC), ...request, ...rec });
    });
    return rows('RMI_RTT_SET_RIPAS', { rd: RD, rec_ptr: REC, base, top }, model);
  };
  test('SET_RIPAS: only what was asked for, and nothing DESTROYED unless the Realm allows it', () => {
    expect(set(0x2000n, 0x8000n, {})).toEqual([]);
    expect(set(0x3000n, 0x8000n, {})).toEqual(['base_bound']);
    expect(set(0x2000n, 0x9000n, {})).toEqual(['top_bound']);
    expect(set(0x2000n, 0x7800n, {})).toEqual(['top_gran_align']);
    expect(set(0n, 0x8000n, { ripas_addr: 0n, ripas_top: 0n })).toEqual(['top_bound']);
    expect(set(0x2000n, 0x8000n, { state: 'REC_RUNNING', owner: FREE })).toEqual(['rec_state', 'rec_owner']);
    expect(set(0x4000n, 0x8000n, { ripas_addr: 0x4000n }, destroyed)).toEqual(['no_progress 3']);
    expect(set(0x4000n, 0x8000n, { ripas_addr: 0x4000n, ripas_destroyed: 'CHANGE_DESTROYED' }, destroyed)).toEqual([]);
  });
});

describe('REC_ENTER', () => {
  const enter = (change: {
    flags?: bigint;
    hcr?: bigint;
    lrs?: bigint[];
    rec?: Record<string, Value>;
    rmm?: Record<string, Value>;
    realm?: string;
  }): readonly string[] => {
    const gicv3_lrs = Array.from({ length: 16 }, (_, i) => change.lrs?.[i] ?? 0n);
    const run = {
      enter: { flags: flags('RmiRecEnterFlags', change.flags ?? 0n), gicv3_hcr: change.hcr ?? 0n, gicv3_lrs },
    };
    const { Rmm } = smallModel().answers;
    const model = changed(
      ({ realm, recs }) => {
        realm['state'] = change.realm ?? 'REALM_ACTIVE';
        recs.set(REC, {
          ...recs.get(REC),
          psci_pending: false,
          emulatable_abort: false,
          unprotected_abort: false,
          ...change.rec,
        });
      },
      { RecRun: run, GicIntidIsValid: true, Rmm: { ...(Rmm as Record<string, Value>), ...change.rmm } },
    );
    return rows('RMI_REC_ENTER', { rec: REC, run_ptr: HOST }, model);
  };
  const lr = (state: bigint, rest: bigint): bigint => (state << 62n) | rest;

  test.each<[string, Parameters<typeof enter>[0], readonly string[]]>([
    ['a good call', {}, []],
    ['all bits that a Host may set', { hcr: 0x40fen }, []],
    ['bit 8 of hcr', { hcr: 1n << 8n }, ['rec_gicv3']],
    ['bit 11 of hcr', { hcr: 1n << 11n }, ['rec_gicv3']],
    ['a pending interrupt', { lrs: [lr(1n, 27n)] }, []],
    ['the same one twice', { lrs: [lr(1n, 27n), lr(2n, 27n)] }, ['rec_gicv3']],
    ['two inactive ones alike', { lrs: [lr(0n, 27n), lr(0n, 27n)] }, []],
    ['EOI maintenance', { lrs: [lr(1n, 27n | (1n << 41n))] }, []],
    ['another pINTID bit', { lrs: [lr(1n, 27n | (1n << 40n))] }, ['rec_gicv3']],
    ['priority bits that are not there', { lrs: [lr(1n, 27n | (1n << 48n))] }, ['rec_gicv3']],
    ['priority bits that are there', { lrs: [lr(1n, 27n | (1n << 51n))] }, []],
    ['a List Register beyond the last', { lrs: [0n, 0n, 0n, 0n, lr(1n, 27n | (1n << 61n))] }, []],
    ...[0n, 1n, 2n, 3n].map((state): [string, Parameters<typeof enter>[0], readonly string[]] => {
      return [`HW with state ${state}`, { lrs: [lr(state, 27n | (1n << 61n))] }, ['rec_gicv3']];
    }),
    ['a REC that is off', { rec: { runnable: false } }, ['rec_runnable']],
    ['a REC that runs and waits', { rec: { state: 'REC_RUNNING', psci_pending: true } }, ['rec_state', 'rec_psci']],
    ['emulation without an abort', { flags: 1n }, ['rec_mmio']],
    ['emulation of an abort', { flags: 1n, rec: { emulatable_abort: true, unprotected_abort: true } }, []],
    ['emulation of an abort without syndrome', { flags: 1n, rec: { unprotected_abort: true } }, ['rec_mmio']],
    ['an SEA without an abort', { flags: 2n }, []],
    ['the same where it is an error', { flags: 2n, rmm: { sea_needs_abort: true } }, ['rec_sea']],
    ['an SEA and emulation of an abort without syndrome', { flags: 3n, rec: { unprotected_abort: true } }, []],
    ['an SEA and emulation without an abort', { flags: 3n }, ['rec_mmio']],
  ])('%s', (_, change, expected) => {
    expect(enter(change)).toEqual(expected);
  });

  test('the state of the Realm is the index', () => {
    expect(enter({ realm: 'REALM_NEW' })).toEqual(['realm_new 0']);
    expect(enter({ realm: 'REALM_SYSTEM_OFF' })).toEqual(['system_off 1']);
  });
});

describe('REALM_CREATE', () => {
  const good = {
    flags: flags('RmiRealmFlags', 0n),
    s2sz: 40n,
    sve_vl: 0n,
    num_bps: 5n,
    num_wps: 3n,
    pmu_num_ctrs: 0n,
    hash_algo: 'SHA_256',
    vmid: 1n,
    rtt_base: RD + 0x10_0000n,
    rtt_level_start: 1n,
    rtt_num_start: 2n,
  };
  const create = (params: Record<string, Value>, rd = FREE): readonly string[] => {
    const model = changed(({ granules }) => {
      for (let i = 0n; i < 32n; i++) granules.set(good.rtt_base + i * 0x1000n, { state: 'DELEGATED', gpt: 'GPT_REALM' });
    }, { RealmParams: { ...good, ...params } }); // prettier-ignore
    return rows('RMI_REALM_CREATE', { rd, params_ptr: HOST }, model);
  };
  test.each<[string, Record<string, Value>, readonly string[]]>([
    ['good parameters', {}, []],
    ['32 bits from level 2', { s2sz: 32n, rtt_level_start: 2n, rtt_num_start: 4n }, []],
    ['34 bits from level 2', { s2sz: 34n, rtt_level_start: 2n, rtt_num_start: 16n }, []],
    ['42 bits from level 1', { s2sz: 42n, rtt_num_start: 8n }, []],
    ['one table too few', { rtt_num_start: 1n }, ['rtt_num_level']],
    ['no table at all', { rtt_num_start: 0n }, ['rtt_num_level']],
    ['four thousand million tables', { rtt_num_start: 0xffff_ffffn }, ['rtt_num_level', 'rtt_align']],
    ['tables in use', { rtt_base: L1, rtt_num_start: 1n, s2sz: 39n }, ['rtt_state']],
    ['tables not aligned together', { rtt_base: good.rtt_base + 0x1000n }, ['rtt_align']],
    ['31 bits', { s2sz: 31n, rtt_num_start: 1n }, ['params_supp', 'rtt_num_level']],
    ['49 bits', { s2sz: 49n, rtt_level_start: 0n }, ['params_supp', 'rtt_num_level']],
    ['53 bits', { s2sz: 53n, rtt_level_start: 0n }, ['params_valid', 'params_supp', 'rtt_num_level']],
    ['no breakpoints', { num_bps: 0n }, ['params_supp']],
    ['more watchpoints than there are', { num_wps: 4n }, ['params_supp']],
    ['LPA2 that is not there', { flags: flags('RmiRealmFlags', 1n) }, ['params_supp']],
    ['a PMU that is not there', { flags: flags('RmiRealmFlags', 4n), pmu_num_ctrs: 1n }, ['params_supp']],
    ['a hash that is none', { hash_algo: 2n }, ['params_valid']],
    ['a VMID of nine bits', { vmid: 256n }, ['vmid_valid']],
  ])('%s', (_, params, expected) => {
    expect(create(params)).toEqual(expected);
  });

  test('an RD among the tables is an alias', () => {
    expect(create({}, good.rtt_base + 0x1000n)).toEqual(['alias']);
    expect(create({}, good.rtt_base + 0x2000n)).toEqual([]);
  });
});

describe('REC_CREATE', () => {
  const aux = (...first: bigint[]): bigint[] => Array.from({ length: 16 }, (_, i) => first[i] ?? 0n);
  const EXTRA = RD + 0x9000n;
  const create = (params: Record<string, Value>, state = 'REALM_NEW'): readonly string[] => {
    const model = changed(({ granules, realm }) => {
      granules.set(EXTRA, { state: 'DELEGATED', gpt: 'GPT_REALM' });
      realm['state'] = state;
    }, { RecParams: { mpidr: 2n, num_aux: 1n, aux: aux(EXTRA), ...params } }); // prettier-ignore
    return rows('RMI_REC_CREATE', { rd: RD, rec: FREE, params_ptr: HOST }, model);
  };
  test('indices go up one by one, and every aux granule is one of its own', () => {
    expect(create({})).toEqual([]);
    expect(create({ mpidr: 1n })).toEqual(['mpidr_index']);
    expect(create({ mpidr: 0x12n })).toEqual(['mpidr_index']);
    expect(create({ aux: aux(FREE) })).toEqual(['aux_alias']);
    expect(create({ aux: aux(PAGE) })).toEqual(['aux_state']);
    expect(create({ aux: aux(EXTRA + 1n) })).toEqual(['aux_align']);
    expect(create({ num_aux: 2n, aux: aux(EXTRA, EXTRA) })).toEqual(['aux_alias', 'num_aux']);
  });

  test('a count above 16 is refused early, a smaller wrong one late', () => {
    expect(create({ num_aux: 17n }, 'REALM_ACTIVE').slice(0, 1)).toEqual(['aux_align']);
    expect(create({ num_aux: 0n }, 'REALM_ACTIVE')).toEqual(['realm_state', 'num_aux']);
  });
});

describe('PSCI_COMPLETE', () => {
  const complete = (
    status: string,
    target: Record<string, Value> = {},
    calling: Record<string, Value> = {},
  ): readonly string[] => {
    const model = changed(({ recs }) => {
      recs.set(REC, { ...recs.get(REC), psci_pending: true, ...calling });
      recs.set(OTHER, { ...recs.get(OTHER), ...target });
    });
    return rows('RMI_PSCI_COMPLETE', { calling_rec: REC, target_rec: OTHER, status }, model);
  };
  test('a Host may agree, and deny CPU_ON of a REC that is off', () => {
    expect(complete('PSCI_SUCCESS')).toEqual([]);
    expect(complete('PSCI_DENIED')).toEqual([]);
    expect(complete('PSCI_DENIED', { runnable: true })).toEqual(['status']);
    expect(complete('PSCI_DENIED', {}, { gprs: [0xc400_0004n, 1n] })).toEqual(['status']);
    expect(complete('PSCI_ALREADY_ON')).toEqual(['status']);
    expect(complete('PSCI_SUCCESS', {}, { psci_pending: false })).toEqual(['pending']);
    expect(complete('PSCI_SUCCESS', { owner: FREE })).toEqual(['owner']);
    expect(complete('PSCI_SUCCESS', { mpidr: 0n })).toEqual(['target']);
  });
});

describe('MAP_UNPROTECTED', () => {
  const map = (inputs: Record<string, Value>): readonly string[] =>
    rows('RMI_RTT_MAP_UNPROTECTED', { rd: RD, ipa: 1n << 38n, level: 1n, desc: 0xc4n, ...inputs });
  test('wants a shared IPA, a level of its own and a clean descriptor', () => {
    expect(map({})).toEqual([]);
    expect(map({ ipa: 0n })).toEqual(['ipa_bound', 'rtte_state 1']);
    expect(map({ ipa: 1n << 39n })).toEqual(['ipa_bound']);
    expect(map({ level: 0n })).toEqual(['level_bound', 'ipa_align']);
    expect(map({ level: 2n })).toEqual(['rtt_walk 1']);
    expect(map({ desc: 0xd0n })).toEqual(['attr_valid']);
    expect(map({ desc: 1n << 52n })).toEqual(['attr_valid']);
    expect(map({ desc: 1n << 5n })).toEqual(['attr_valid']);
    expect(map({ desc: 1n << 48n })).toEqual(['addr_bound']);
    expect(map({ desc: 0x1000n })).toEqual(['addr_align']);
  });
});
