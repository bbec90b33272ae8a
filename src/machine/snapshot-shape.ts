// The shape of saved state, checked before any of it is used: a file may come from anywhere. The types tie each shape to what it
// describes, so that a field added to a part of the machine does not compile until it is here.

import { PA_BITS_MAX } from '../arch/address.ts';
import type { Action, Entry, Interrupt, Outcome } from '../arch/action.ts';
import type { GptConfig } from '../arch/gpt.ts';
import { SLOT_COUNT, WORLD_AND_EL1_SLOTS } from '../arch/registers.ts';
import type { El, Pas, World } from '../arch/world.ts';
import type { SmmuData } from '../board/smmu.ts';
import type { PeData } from '../cpu/pe.ts';
import type { GpcData } from '../memory/gpc.ts';
import type { GptTlbData } from '../memory/gpt-tlb.ts';
import type { FrameData } from '../memory/memory-data.ts';
import type { Region } from '../memory/regions.ts';
import { lowerWorlds } from '../monitor/context.ts';
import type { MonitorData } from '../monitor/monitor.ts';
import type { SpmcData } from '../monitor/spmc.ts';
import type { GranuleState, GranulesData } from '../rmm/granule.ts';
import { type RealmConfig, type RealmData, MEASUREMENTS, MEASUREMENT_SIZE } from '../rmm/realm.ts';
import { type RecData, LIST_REGISTERS, recSlots } from '../rmm/rec.ts';
import type { RmmData } from '../rmm/rmm.ts';
import { checkAction } from './actions.ts';
import { type Installed, type RunnerData, plainArgs } from './scripts.ts';
import { type Shape, shapes } from './shape.ts';
import type { Finding, SavedState } from './snapshot.ts';

const { refuse, is, integer, oneOf, flag, text, optional, list, object } = shapes('SNAPSHOT_DATA');

const word = is<bigint>((value) => typeof value === 'bigint' && value >> 64n === 0n, '64 bits');
const wide = is<bigint>((value) => typeof value === 'bigint' && BigInt.asUintN(128, value) === value, '128 bits');
const bytes = (length?: number): Shape<Uint8Array> =>
  is((value) => value instanceof Uint8Array && (length ?? value.length) === value.length, `${length ?? 'any'} bytes`);
const words = (length: number): Shape<BigUint64Array> =>
  is((value) => value instanceof BigUint64Array && value.length === length, `${length} words`);
const nothing = is<undefined>((value) => value === undefined, 'nothing');

const tuple =
  <T extends readonly unknown[]>(...parts: { readonly [K in keyof T]: Shape<T[K]> }): Shape<T> =>
  (value, where) => {
    list(() => undefined, parts.length)(value, where);
    return parts.map((shape: Shape<unknown>, i) => shape((value as unknown[])[i], `${where}[${i}]`)) as unknown as T;
  };

const el = oneOf<El>(0, 1, 2, 3);
const world = oneOf<World>(0, 1, 2, 3);
const pas: Shape<Pas> = world;
const frame = integer<number>(0, 2 ** (PA_BITS_MAX - 12) - 1);
const count = integer<number>(0, Number.MAX_SAFE_INTEGER);
const x = list(word);

/** 17 says that the 512 values beside it know; any other value is that of one entry of 2 MiB or more. */
const isChunkWhole = ({ value, spanBits, fine }: GptTlbData['chunks'][number]): boolean =>
  value === 17 ? fine !== undefined : fine === undefined && spanBits >= 21;

const chunk = object<GptTlbData['chunks'][number]>({
  chunk: integer(0, 2 ** 19 - 1),
  value: integer(1, 17),
  spanBits: integer(0, 39),
  fine: optional(list(integer(0, 16), 512)) as Shape<readonly number[]>,
  under: optional(integer<number>(0, 16)) as Shape<number>,
});

const tlb = object<GptTlbData>({
  chunks: list((value, where) => {
    const found = chunk(value, where);
    return isChunkWhole(found) ? found : refuse(where, '512 values with 17, a size without', found.value);
  }),
  tables: list(tuple<readonly [number, number]>(integer(0, 2 ** 26), frame)),
  far: list(tuple<readonly [number, number, number]>(integer(12, 39), frame, integer(0, 15))),
});

const gpc = object<GpcData>({
  registers: object({ gpccr: word, gptbr: word, gpcbw: word }),
  config: optional(
    object<GptConfig>({
      enabled: flag,
      problem: optional(text as Shape<NonNullable<GptConfig['problem']>>),
      t: integer(32, 56),
      s: oneOf<number>(30, 34, 36, 39),
      p: oneOf<12 | 14 | 16>(12, 14, 16),
      tableFrame: frame,
      tableAbovePps: flag,
      validGpis: integer(0, 0xffff),
      closedPases: integer(0, 15),
      openAbovePps: flag,
      pairs: flag,
      wideTables: flag,
      window: optional(object({ base: integer(0, 2 ** 26 - 1), lowBit: integer(30, 36), highBit: integer(30, 55) })),
    }),
  ),
  tlb,
});

const pe = object<PeData>({
  x: words(SLOT_COUNT),
  power: oneOf<'on' | 'off' | 'pending'>('on', 'off', 'pending'),
  isWaiting: flag,
  gpc,
  tlbVersion: nothing,
});

const smmu = object<SmmuData>({ gpc, tlbVersion: nothing, accessEnabled: flag, gpfFar: word, gptCfgFar: word });

const caller = object<SpmcData['secure']>({
  version: word,
  buffers: object<SpmcData['secure']['buffers']>({ txFrame: frame, rxFrame: frame, pageCount: count, isRxFull: flag }),
});

const spmc = object<SpmcData>({
  state: oneOf<SpmcData['state']>('off', 'starting', 'waiting', 'running', 'failed'),
  pe: integer(0, 15),
  nonSecure: caller,
  secure: caller,
});

const monitor = (sample: MonitorData): Shape<MonitorData> =>
  object<MonitorData>({
    contexts: list(list(words(WORLD_AND_EL1_SLOTS), lowerWorlds.length), sample.contexts.length),
    stages: list(oneOf<MonitorData['stages'][number]>('off', 'secure', 'realm', 'run'), sample.stages.length),
    entries: list(object({ entry: word, context: word }), sample.entries.length),
    isRmmDisabled: flag,
    token: bytes(),
    spmc,
  });

const digits = integer<number>(0, Number.MAX_SAFE_INTEGER);
const address = count as Shape<RealmConfig['rd']>;

const realm = object<RealmData>({
  config: object<RealmConfig>({
    rd: address,
    ipaBits: integer(32, 52),
    lpa2: flag,
    hashAlgo: oneOf<RealmConfig['hashAlgo']>('SHA_256', 'SHA_512'),
    rttBase: address,
    startLevel: integer(-1, 3),
    numStart: integer(1, 16),
    vmid: integer(0, 0xffff),
    rpv: bytes(MEASUREMENT_SIZE),
    pmuNumCtrs: optional(integer<number>(0, 31)),
  }),
  state: oneOf<RealmData['state']>('REALM_NEW', 'REALM_ACTIVE', 'REALM_SYSTEM_OFF'),
  measurements: list(bytes(MEASUREMENT_SIZE), MEASUREMENTS),
  recIndex: digits,
  numRecs: digits,
});

const rec = object<RecData>({
  pa: digits,
  rd: digits,
  index: digits,
  aux: list(digits),
  regs: words(recSlots.length),
  state: object<RecData['state']>({
    isRunnable: flag,
    runningOn: optional(integer<number>(0, 15)),
    pc: word,
    pstate: word,
    psciPending: optional(oneOf<'CPU_ON' | 'AFFINITY_INFO'>('CPU_ON', 'AFFINITY_INFO')),
    hostCall: optional(digits),
    ripas: object<RecData['state']['ripas']>({
      addr: digits,
      top: digits,
      value: oneOf<0 | 1 | 2>(0, 1, 2),
      changeDestroyed: flag,
    }),
    lastExit: object<RecData['state']['lastExit']>({
      unprotectedAbort: flag,
      emulatable: flag,
      esr: word,
      far: word,
      ripasChange: flag,
    }),
    attest: optional(
      object<NonNullable<RecData['state']['attest']>>({ challenge: bytes(64), token: bytes(), sent: digits }),
    ),
    lrs: list(word, LIST_REGISTERS),
    gicHcr: word,
  }),
});

const rmm = object<RmmData>({
  granules: object<GranulesData>({
    banks: list(object({ base: address, size: count })),
    used: list(tuple<readonly [number, GranuleState]>(digits, integer<GranuleState>(1, 6))),
  }),
  isBooted: flag,
  realms: list(realm),
  recs: list(rec),
  running: list(
    object<RmmData['running'][number]>({
      pe: integer(0, 15),
      rec: digits,
      run: address,
      host: words(recSlots.length - 30),
      trapWfi: flag,
      trapWfe: flag,
    }),
  ),
});

const outcomes: Readonly<Record<string, Shape<Outcome>>> = {
  done: object<Extract<Outcome, { kind: 'done' }>>({ kind: oneOf('done'), value: signed, x }),
  fault: object<Extract<Outcome, { kind: 'fault' }>>({
    kind: oneOf('fault'),
    fault: object({ el, esr: word, far: word, ec: integer(0, 63), fsc: integer(0, 63) }),
  }),
  exception: object<Extract<Outcome, { kind: 'exception' }>>({
    kind: oneOf('exception'),
    exception: object<Extract<Outcome, { kind: 'exception' }>['exception']>({
      interrupt: optional(oneOf<Interrupt>('irq', 'fiq', 'serror')),
      from: el,
      esr: word,
      far: word,
      elr: word,
      x,
    }),
  }),
};

/** A sign-extended load gives a negative value. */
function signed(value: unknown, where: string): bigint {
  return typeof value === 'bigint' && value < 0n ? -wide(-value, where) : wide(value, where);
}

function outcome(value: unknown, where: string): Outcome {
  const kind = typeof value === 'object' && value !== null ? (value as { readonly kind?: unknown }).kind : undefined;
  const shape = Object.hasOwn(outcomes, String(kind)) ? outcomes[String(kind)] : undefined;
  return shape === undefined ? refuse(where, Object.keys(outcomes).join(', '), kind) : shape(value, where);
}

const runner = object<RunnerData>({
  key: is(
    (value) => /^(?:(?:[0-9]|1[0-5]) (?:S|NS|RL|RT) [0-3]|vm [0-9a-f]{1,16} [0-9a-f]{1,16} [01])$/.test(String(value)),
    'a PE, a world, an EL; or a vCPU and an EL',
  ),
  script: text,
  args: plainArgs,
  entry: object<Entry>({ pe: integer(0, 15), world, el, x }),
  isStarted: flag,
  log: list(outcome),
  action: optional<Action>(checkAction),
  waiting: optional(outcome),
  pc: word,
});

/** The state of a machine whose fresh state is `sample`. */
export const savedState = (sample: {
  readonly monitor: MonitorData;
  readonly pes: readonly PeData[];
}): Shape<SavedState> =>
  object<SavedState>({
    pes: list(pe, sample.pes.length),
    smmu,
    monitor: monitor(sample.monitor),
    rmm,
    installed: list(object<Installed>({ world, el, entry: word, script: text, args: plainArgs })),
    runners: list(runner),
    prng: tuple<SavedState['prng']>(int32, int32, int32, int32),
    end: optional(oneOf<'system-off' | 'panic'>('system-off', 'panic')),
    panic: optional(text),
    time: count,
    step: count,
    unsettled: list(integer(0, sample.pes.length - 1)),
    findings: list(object<Finding>({ invariant: text, frame: count, detail: text })),
  });

function int32(value: unknown, where: string): number {
  return integer<number>(-(2 ** 31), 2 ** 32 - 1)(value, where);
}

const page = object<FrameData>({
  frame,
  bytes: bytes(4096),
  dirty: optional(
    object<NonNullable<FrameData['dirty']>>({
      pas,
      behind: optional(bytes(4096)),
      late: optional(object({ pas, bytes: bytes(4096) })) as Shape<{ pas: Pas; bytes: Uint8Array }>,
    }),
  ) as Shape<NonNullable<FrameData['dirty']>>,
  cipher: integer(0, 4),
  behindCipher: optional(integer<number>(0, 4)) as Shape<number>,
  lateCipher: optional(integer<number>(0, 4)) as Shape<number>,
});

/** Frames of a machine's RAM, each once. */
export function savedFrames(value: unknown, find: (frame: number) => Region | undefined): readonly FrameData[] {
  const frames = list(page)(value, 'frames');
  const seen = new Set<number>();
  for (const [i, item] of frames.entries()) {
    if (find(item.frame)?.kind !== 'ram') refuse(`frames[${i}]`, 'RAM of the machine', item.frame);
    if (seen.has(item.frame)) refuse(`frames[${i}]`, 'each frame once', item.frame);
    seen.add(item.frame);
  }
  return frames;
}
