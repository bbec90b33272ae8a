// Calls that succeed in the world of rmi-world.ts, and what their arguments and the pages they name can be instead.

import type { CommandName } from '../spec/generated.ts';
import { GRANULE, type PageFields, type Places, ipas, realmParams, recParams } from './rmi-world.ts';

/** One call: registers from X1 on, and pages of the Host that are filled first. */
export type CallTemplate = {
  readonly name: CommandName;
  readonly args: readonly bigint[];
  /** What each argument is, for the values it may have. */
  readonly kinds: readonly Kind[];
  readonly page?: { readonly at: bigint; readonly fields: PageFields; readonly kind: 'realm' | 'rec' | 'run' };
  /** Where it is not the command's first one. */
  readonly fid?: bigint;
};
export type Kind =
  | 'granule'
  | 'host-page'
  | 'ipa'
  | 'ipa-top'
  | 'level'
  | 'desc'
  | 'number'
  | 'psci-status'
  | 'mpidr'
  | 'offset'
  | 'ripas'
  | 'fid';

const ONES = 2n ** 64n - 1n;
const LEVEL = (level: number): bigint => BigInt.asUintN(64, BigInt(level));

/** Values that some row or some state makes interesting. */
export function valuesOf(kind: Kind, places: Places): readonly bigint[] {
  const all = Object.values(places);
  const free = places['free'] as bigint;
  const hostile = [
    free + 1n,
    free + 0x800n,
    0n,
    1n,
    0x8800_0001n,
    2n ** 48n,
    2n ** 48n + 8n,
    2n ** 52n,
    2n ** 63n,
    ONES,
    ONES - 4095n,
    (1n << 63n) | free,
  ];
  switch (kind) {
    case 'granule':
    case 'host-page':
      return [...all, ...hostile];
    case 'ipa':
      return [
        ...Object.values(ipas),
        0x800n,
        0x1n,
        ipas['level2Empty']! + 0x1000n,
        ipas['sharedLevel2']! + 0x1000n,
        ipas['top']! - 0x1000n,
        ...hostile.slice(5),
      ];
    case 'ipa-top':
      return [
        ...Object.values(ipas).flatMap((at) => [at, at + 0x1000n, at + 0x20_0000n]),
        0x1801n,
        ipas['shared']! + 0x1000n,
        ...hostile.slice(5),
      ];
    case 'level':
      return [-2, -1, 0, 1, 2, 3, 4, 5].map(LEVEL).concat([2n ** 32n + 3n, 2n ** 63n, ONES - 10n]);
    case 'desc':
      return [
        0xd8n,
        0x8800_00d8n,
        0x8800_00ccn,
        0x8820_0098n,
        0x8800_1018n,
        0x8800_00d0n,
        0x8800_00f8n,
        0x8800_04d8n,
        0x8800_0001n,
        0x8800_0300n,
        (2n ** 48n) | 0xd8n,
        (2n ** 52n) | 0xd8n,
        2n ** 63n,
        0x4000_0000n,
        0n,
        0x9cn,
        ONES,
      ];
    case 'psci-status':
      return [0n, 1n, ONES, ONES - 1n, ONES - 2n, ONES - 3n, 2n ** 32n - 3n, 2n ** 63n];
    case 'mpidr':
      return [0n, 1n, 9n, 10n, 11n, 0xfn, 0x10n, 0x100n, 1n << 32n, (1n << 31n) | 1n, (1n << 24n) | 9n, ONES];
    case 'offset':
      return [0n, 1n, 8n, 0xfffn, 0x1000n, 0x1001n, 2n ** 52n, ONES, ONES - 0xfffn];
    case 'ripas':
      return [0n, 1n, 2n, 3n, 0xffn, 0x100n, 0x101n, ONES];
    case 'fid':
      return [
        0x8000_0000n,
        0x8400_0000n,
        0x8400_0001n,
        0xc400_0001n,
        0xc400_0002n,
        0x8400_0003n,
        0xc400_0004n,
        0x8400_0009n,
        0x8400_000an,
        0x8400_000bn,
        0xc400_0190n,
        0x1_8400_0000n,
        ONES,
      ];
    case 'number':
      return [0n, 1n, 2n, 3n, 4n, 5n, 64n, 65n, 0x1_0000n, 0x1_0001n, 2n ** 32n, 2n ** 63n, ONES];
  }
}

/** Fields of a page, and what each can hold instead. */
export function pageValues(
  kind: 'realm' | 'rec' | 'run',
  places: Places,
): readonly (readonly [offset: number, size: number, values: readonly bigint[]])[] {
  const free = places['free'] as bigint;
  const granules = [
    places['newData']!,
    places['hostPage']!,
    places['newRealm']!,
    free + 0x800n,
    free,
    2n ** 52n,
    ONES,
    0n,
    places['root']!,
  ];
  switch (kind) {
    case 'realm':
      return [
        [0x000, 8, [0n, 1n, 2n, 4n, 7n, 8n, ONES]],
        [0x008, 1, [0n, 31n, 32n, 34n, 39n, 40n, 41n, 43n, 48n, 49n, 52n, 53n, 255n]],
        [0x010, 1, [1n, 15n]],
        [0x018, 1, [0n, 5n, 6n, 255n]],
        [0x020, 1, [0n, 3n, 4n]],
        [0x028, 1, [0n, 6n, 7n]],
        [0x030, 1, [0n, 1n, 2n, 255n]],
        [0x800, 2, [0n, 1n, 2n, 0xffffn]],
        [0x808, 8, [...granules, places['free']! + 2n * GRANULE, places['free']! + 3n * GRANULE]],
        [0x810, 8, [LEVEL(-1), 0n, 1n, 2n, 3n, 4n, 2n ** 32n + 1n]],
        [0x818, 4, [0n, 1n, 3n, 4n, 16n, 17n, 2n ** 32n - 1n]],
      ];
    case 'rec':
      return [
        [0x000, 8, [0n, 1n, 2n, ONES]],
        [0x100, 8, [0n, 1n, 3n, 0x10n, 0x100n, 2n ** 32n, ONES]],
        [0x200, 8, [0n, ONES]],
        [0x308, 8, [5n]],
        [0x800, 8, [0n, 15n, 17n, 2n ** 32n, ONES]],
        [0x808, 8, granules],
        [0x880, 8, [...granules, places['free']! + 2n * GRANULE]],
      ];
    case 'run':
      return [
        [0x000, 8, [1n, 2n, 3n, 4n, 8n, 16n, 17n, 31n, 32n, ONES]],
        [0x200, 8, [0x8765_4321_8765_4321n]],
        [0x300, 8, [1n, 2n, 0x40fen, 0x8000n, ONES]],
        [
          0x308,
          8,
          [
            (1n << 62n) | 27n,
            (1n << 61n) | 27n,
            (1n << 63n) | 27n,
            (1n << 62n) | 1020n,
            (1n << 62n) | 8192n,
            (1n << 62n) | 65_536n,
            (1n << 62n) | (1n << 41n) | 27n,
            (1n << 62n) | (1n << 42n) | 27n,
            (1n << 62n) | (1n << 32n) | 27n,
            (1n << 62n) | (1n << 48n) | 27n,
            (1n << 62n) | (0xf8n << 48n) | 27n,
            27n,
          ],
        ],
        [0x380, 8, [(1n << 62n) | 27n, 1n << 61n]],
      ];
  }
}

/** For every RMI command, calls that succeed, and a few that one row refuses; each is varied by itself. */
export function validCalls(places: Places): readonly CallTemplate[] {
  const at = (name: string): bigint => places[name] as bigint;
  const ipa = (name: string): bigint => ipas[name] as bigint;
  const free = (n: bigint): bigint => at('free') + n * GRANULE;
  const [rd, active] = [at('newRealm'), at('activeRealm')];
  const aux = Array.from({ length: 16 }, (_, i) => free(BigInt(i)));
  const recAux = [...aux.slice(1), at('spare')];
  const g: Kind = 'granule';
  const calls: CallTemplate[] = [
    { name: 'RMI_VERSION', args: [0x1_0000n], kinds: ['number'] },
    { name: 'RMI_FEATURES', args: [0n], kinds: ['number'] },
    { name: 'RMI_GRANULE_DELEGATE', args: [at('hostPage')], kinds: [g] },
    { name: 'RMI_GRANULE_UNDELEGATE', args: [free(0n)], kinds: [g] },
    { name: 'RMI_REALM_ACTIVATE', args: [rd], kinds: [g] },
    { name: 'RMI_REALM_DESTROY', args: [at('emptyRealm')], kinds: [g] },
    { name: 'RMI_REC_AUX_COUNT', args: [active], kinds: [g] },
    { name: 'RMI_REC_DESTROY', args: [at('ready')], kinds: [g] },
    { name: 'RMI_DATA_DESTROY', args: [rd, ipa('data')], kinds: [g, 'ipa'] },
    { name: 'RMI_DATA_DESTROY', args: [active, ipa('assignedEmpty')], kinds: [g, 'ipa'] },
    { name: 'RMI_RTT_SET_RIPAS', args: [active, at('ripas'), 0n, 0x3000n], kinds: [g, g, 'ipa', 'ipa-top'] },
    ...['holeEmpty', 'holeRam', 'holeDestroyed'].flatMap((hole): CallTemplate[] => [
      {
        name: 'RMI_DATA_CREATE',
        args: [rd, free(0n), ipa(hole), at('source'), 1n],
        kinds: [g, g, 'ipa', 'host-page', 'number'],
      },
      { name: 'RMI_DATA_CREATE_UNKNOWN', args: [active, free(0n), ipa(hole)], kinds: [g, g, 'ipa'] },
    ]),
    ...(
      [
        ['level2Empty', 3],
        ['level2Ram', 3],
        ['level2Destroyed', 3],
        ['block', 3],
        ['level1Empty', 2],
        ['sharedBlock', 3],
        ['sharedLevel2', 3],
        ['sharedLevel1Block', 2],
        ['sharedLevel1', 2],
      ] as const
    ).map(([name, level]): CallTemplate => {
      return {
        name: 'RMI_RTT_CREATE',
        args: [rd, free(0n), ipa(name), BigInt(level)],
        kinds: [g, g, 'ipa', 'level'],
      };
    }),
    ...(
      [
        ['tableEmpty', 3],
        ['tableRam', 3],
        ['tableDestroyed', 3],
        ['level2Table', 2],
        ['sharedBlockTable', 3],
        ['sharedEmptyTable', 3],
      ] as const
    ).flatMap(([name, level]): CallTemplate[] =>
      (['RMI_RTT_FOLD', 'RMI_RTT_DESTROY'] as const).map((command) => {
        return { name: command, args: [rd, ipa(name), BigInt(level)], kinds: [g, 'ipa', 'level'] };
      }),
    ),
    { name: 'RMI_RTT_INIT_RIPAS', args: [rd, ipa('holeRam'), ipa('holeDestroyed')], kinds: [g, 'ipa', 'ipa-top'] },
    {
      name: 'RMI_RTT_INIT_RIPAS',
      args: [rd, ipa('level2Empty'), 3n * ipa('level2Empty')],
      kinds: [g, 'ipa', 'ipa-top'],
    },
    {
      name: 'RMI_RTT_MAP_UNPROTECTED',
      args: [rd, ipa('sharedHole'), 3n, 0x8800_00d8n],
      kinds: [g, 'ipa', 'level', 'desc'],
    },
    {
      name: 'RMI_RTT_MAP_UNPROTECTED',
      args: [rd, ipa('sharedLevel2'), 2n, 0x8800_00d8n],
      kinds: [g, 'ipa', 'level', 'desc'],
    },
    {
      name: 'RMI_RTT_MAP_UNPROTECTED',
      args: [rd, ipa('sharedLevel1'), 1n, 0x4000_0098n],
      kinds: [g, 'ipa', 'level', 'desc'],
    },
    { name: 'RMI_RTT_MAP_UNPROTECTED', args: [rd, ipa('shared'), 0n, 0xd8n], kinds: [] },
    { name: 'RMI_RTT_UNMAP_UNPROTECTED', args: [rd, ipa('shared'), 3n], kinds: [g, 'ipa', 'level'] },
    { name: 'RMI_RTT_UNMAP_UNPROTECTED', args: [rd, ipa('sharedBlock'), 2n], kinds: [g, 'ipa', 'level'] },
    { name: 'RMI_RTT_READ_ENTRY', args: [rd, ipa('data'), 3n], kinds: [g, 'ipa', 'level'] },
    { name: 'RMI_PSCI_COMPLETE', args: [at('cpuOn'), at('off'), 0n], kinds: [g, g, 'psci-status'] },
    { name: 'RMI_PSCI_COMPLETE', args: [at('off'), at('ready'), 0n], kinds: [g, g, 'psci-status'] },
    { name: 'RMI_PSCI_COMPLETE', args: [at('cpuOn'), at('off'), ONES - 2n], kinds: [g, g, 'psci-status'] },
    { name: 'RMI_PSCI_COMPLETE', args: [at('affinity'), at('off'), 0n], kinds: [g, g, 'psci-status'] },
    {
      name: 'RMI_REALM_CREATE',
      args: [free(2n), at('params')],
      kinds: [g, 'host-page'],
      page: {
        at: at('params'),
        kind: 'realm',
        fields: realmParams({ ipaBits: 40, startLevel: 1, tables: 2, vmid: 77 }, free(0n)),
      },
    },
    {
      name: 'RMI_REALM_CREATE',
      args: [free(2n), at('outside')],
      kinds: [],
      page: {
        at: at('outside'),
        kind: 'realm',
        fields: realmParams({ ipaBits: 40, startLevel: 1, tables: 2, vmid: 77 }, free(0n)),
      },
    },
    {
      name: 'RMI_REC_CREATE',
      args: [rd, free(0n), at('outside')],
      kinds: [],
      page: { at: at('outside'), kind: 'rec', fields: recParams(2, recAux) },
    },
    {
      name: 'RMI_REALM_CREATE',
      args: [free(4n), at('params')],
      kinds: [g, 'host-page'],
      page: {
        at: at('params'),
        kind: 'realm',
        fields: realmParams({ ipaBits: 32, startLevel: 2, tables: 4, vmid: 78, hash: 1 }, free(0n)),
      },
    },
    ...[true, false].map((isRunnable): CallTemplate => {
      const fields = recParams(2, recAux, isRunnable);
      return {
        name: 'RMI_REC_CREATE',
        args: [rd, free(0n), at('params')],
        kinds: [g, g, 'host-page'],
        page: { at: at('params'), kind: 'rec', fields },
      };
    }),
    ...['ready', 'hostCall', 'ripas', 'emulatable', 'unprotected'].map((rec): CallTemplate => {
      const page = { at: at('run'), kind: 'run', fields: [[0x208, 0x55n, 8]] } as const;
      return { name: 'RMI_REC_ENTER', args: [at(rec), at('run')], kinds: [g, 'host-page'], page };
    }),
  ];
  return calls;
}

/** The same for the calls of a Realm whose REC is `guest`. `attests`: after RSI_ATTESTATION_TOKEN_INIT. */
export function realmCalls(): readonly (CallTemplate & { readonly attests?: true })[] {
  const values: readonly Kind[] = Array.from({ length: 8 }, (): Kind => 'number');
  const eight = [1n, 2n, 3n, 4n, 5n, 6n, 7n, ONES];
  const top = ipas['holeEmpty'] as bigint;
  return [
    { name: 'RSI_VERSION', args: [0x1_0000n], kinds: ['number'] },
    { name: 'RSI_FEATURES', args: [0n], kinds: ['number'] },
    { name: 'RSI_MEASUREMENT_READ', args: [0n], kinds: ['number'] },
    { name: 'RSI_MEASUREMENT_READ', args: [4n], kinds: ['number'] },
    { name: 'RSI_MEASUREMENT_EXTEND', args: [1n, 64n, ...eight], kinds: ['number', 'number'] },
    { name: 'RSI_MEASUREMENT_EXTEND', args: [4n, 13n, ...eight], kinds: ['number', 'number'] },
    { name: 'RSI_ATTESTATION_TOKEN_INIT', args: eight, kinds: values },
    { name: 'RSI_ATTESTATION_TOKEN_INIT', args: eight, kinds: [], attests: true },
    { name: 'RSI_ATTESTATION_TOKEN_CONTINUE', args: [0n, 0n, 0x1000n], kinds: ['ipa', 'offset', 'offset'] },
    { name: 'RSI_ATTESTATION_TOKEN_CONTINUE', args: [0n, 8n, 16n], kinds: ['ipa', 'offset', 'offset'], attests: true },
    {
      name: 'RSI_ATTESTATION_TOKEN_CONTINUE',
      args: [0n, 0n, 0x1000n],
      kinds: ['ipa', 'offset', 'offset'],
      attests: true,
    },
    { name: 'RSI_ATTESTATION_TOKEN_CONTINUE', args: [0n, 0x1000n, 0n], kinds: [], attests: true },
    { name: 'RSI_REALM_CONFIG', args: [0n], kinds: ['ipa'] },
    { name: 'RSI_IPA_STATE_SET', args: [0n, 0x6000n, 1n, 1n], kinds: ['ipa', 'ipa-top', 'ripas', 'number'] },
    { name: 'RSI_IPA_STATE_SET', args: [0x1000n, 0x6000n, 0n, 0n], kinds: ['ipa', 'ipa-top', 'ripas', 'number'] },
    { name: 'RSI_IPA_STATE_GET', args: [0n, top], kinds: ['ipa', 'ipa-top'] },
    {
      name: 'RSI_IPA_STATE_GET',
      args: [ipas['level2Empty'] as bigint, ipas['block'] as bigint],
      kinds: ['ipa', 'ipa-top'],
    },
    { name: 'RSI_HOST_CALL', args: [0n], kinds: ['ipa'] },
    { name: 'RSI_HOST_CALL', args: [0x700n], kinds: ['ipa'] },
    { name: 'PSCI_VERSION', args: [], kinds: [] },
    { name: 'PSCI_FEATURES', args: [0x8400_0000n], kinds: ['fid'] },
    { name: 'PSCI_CPU_SUSPEND', args: [0n, 0n, 0n], kinds: ['number', 'number', 'number'] },
    { name: 'PSCI_CPU_SUSPEND', args: [0n, 0n, 0n], kinds: [], fid: 0x8400_0001n },
    { name: 'PSCI_CPU_OFF', args: [], kinds: [] },
    { name: 'PSCI_CPU_ON', args: [1n, 0x100n, 5n], kinds: ['mpidr', 'ipa', 'number'] },
    { name: 'PSCI_CPU_ON', args: [1n, 0x100n, 5n], kinds: ['mpidr'], fid: 0x8400_0003n },
    { name: 'PSCI_AFFINITY_INFO', args: [1n, 0n], kinds: ['mpidr', 'number'] },
    { name: 'PSCI_AFFINITY_INFO', args: [9n, 0n], kinds: ['mpidr'], fid: 0x8400_0004n },
    { name: 'PSCI_SYSTEM_OFF', args: [], kinds: [] },
    { name: 'PSCI_SYSTEM_RESET', args: [], kinds: [] },
  ];
}

/** A change of one thing about a call. */
export type Variation = { readonly what: string; readonly apply: (call: CallTemplate) => CallTemplate };

/** Values that differ from a good one in little: unaligned, or with a bit above every address range. */
const nearby = (value: bigint): readonly bigint[] =>
  [value + 1n, value + 0x800n, value | (1n << 52n), value | (1n << 63n)].map((each) => BigInt.asUintN(64, each));

/** All changes of one argument or one field, by what they change. */
export function variationsOf(call: CallTemplate, places: Places): readonly (readonly Variation[])[] {
  const args = call.kinds.map((kind, i) =>
    [...valuesOf(kind, places), ...nearby(call.args[i] ?? 0n)].map((value): Variation => {
      return { what: `X${i + 1} 0x${value.toString(16)}`, apply: (c) => ({ ...c, args: c.args.with(i, value) }) };
    }),
  );
  const { page } = call;
  const fields = page === undefined ? [] : pageValues(page.kind, places);
  return [
    ...args,
    ...fields.map(([offset, size, values]) =>
      values.map((value): Variation => {
        const apply = (c: CallTemplate): CallTemplate =>
          c.page === undefined ? c : { ...c, page: { ...c.page, fields: [...c.page.fields, [offset, value, size]] } };
        return { what: `[0x${offset.toString(16)}] 0x${value.toString(16)}`, apply };
      }),
    ),
  ];
}
