// One golden line for each kind of event: what people, graders and golden files read.
import { expect, test } from 'vitest';
import { type TraceBody, type TraceEvent, Trace, traceLine } from '../../src/arch/trace.ts';
import { Pas, World } from '../../src/arch/world.ts';

const host = { pe: 0, world: World.NonSecure, el: 2 } as const;
const monitor = { pe: 3, world: World.Root, el: 3 } as const;
const disk = { device: 'disk' } as const;

const events = {
  boot: { kind: 'boot', what: 'GPT', detail: 'enabled' },
  call: { kind: 'call', by: host, conduit: 'SMC', x: [0xc400_0151n, 0x8800_0000n, 0n, 0n] },
  return: { kind: 'return', by: host, fid: 0xc400_0151n, x: [0n, 0n, 7n, 0n], reason: 'why' },
  switch: { kind: 'switch', pe: 1, from: World.NonSecure, to: World.Realm },
  exception: { kind: 'exception', by: host, to: 3, esr: 0x7a03_4068n, elr: 0x8000_0000n, far: 0x8800_0008n },
  access: {
    kind: 'access',
    by: disk,
    what: 'store',
    pas: Pas.NonSecure,
    at: 0x8800_0000n,
    size: 8,
    value: 0xffff_ffff_ffff_ffffn,
  },
  'gpt-fault': {
    kind: 'gpt-fault',
    by: host,
    what: 'load',
    pas: Pas.NonSecure,
    at: 0x8800_0008n,
    fault: 'gpf',
    level: 1,
    gpi: 11,
  },
  'bus-abort': { kind: 'bus-abort', by: monitor, what: 'fetch', pas: Pas.Root, at: 0xff_ffff_ffff_ffffn },
  'gpt-change': { kind: 'gpt-change', frame: 2 ** 44 - 1, from: 9, to: 11, by: World.Realm },
  'gpt-size': { kind: 'gpt-size', frame: 0x8_8000, spanBits: 21, gpi: 9, what: 'shatter' },
  tlbi: { kind: 'tlbi', pe: 0, op: 'rpalos', frame: 0x8_8000, bits: 12 },
  popa: { kind: 'popa', frame: 0x8_8000, pas: Pas.NonSecure, wasDirty: true },
  rmi: { kind: 'rmi', pe: 0, name: 'RMI_GRANULE_DELEGATE', failed: 'gran_state' },
  rsi: { kind: 'rsi', pe: 0, name: 'RSI_IPA_STATE_SET', failed: 'size_valid' },
  wipe: { kind: 'wipe', frame: 0x8_8000 },
  'late-writeback': { kind: 'late-writeback', frame: 0x8_8000, pas: Pas.Secure, lines: 3 },
  power: { kind: 'power', pe: 2, what: 'system-off' },
  stop: { kind: 'stop', pe: 2, reason: 'no software' },
  finding: { kind: 'finding', invariant: 'STALE_GPT_TLB', by: host, frame: 0x8_8000, detail: 'NS used it' },
  interrupt: { kind: 'interrupt', by: host, to: 2, what: 'serror', elr: 0x8000_0000n },
} as const satisfies { readonly [Kind in TraceEvent['kind']]: Extract<TraceBody, { kind: Kind }> };

test('every kind of event is one line of fixed columns', () => {
  expect(Object.values(events).map((event, step) => traceLine({ step, ...event }))).toMatchInlineSnapshot(`
    [
      "     0              boot GPT                    enabled",
      "     1  PE0 NS.EL2  SMC RMI_GRANULE_DELEGATE    0x8800_0000",
      "     2  PE0 NS.EL2    = RMI_GRANULE_DELEGATE    0x0 0x0 0x7                               why",
      "     3  PE1         world switch                NS -> RL",
      "     4  PE0 NS.EL2  exception to EL3            ESR 0x7a03_4068 FAR 0x8800_0008 ELR 0x8000_0000  Gpc",
      "     5  disk        store                       NS 0x8800_0000 8                          0xffff_ffff_ffff_ffff",
      "     6  PE0 NS.EL2  load                        NS 0x8800_0008                            GPF level 1 REALM",
      "     7  PE3 RT.EL3  fetch                       RT 0xff_ffff_ffff_ffff                    EXTERNAL_ABORT",
      "     8  EL3         GPT entry                   0xff_ffff_ffff_f000                       NON_SECURE -> REALM",
      "     9  EL3         GPT shatter                 0x8800_0000 2^21                          NON_SECURE",
      "    10  PE0         TLBI RPALOS                 0x8800_0000 2^12",
      "    11  EL3         DC CIPAPA granule           NS 0x8800_0000                            dirty",
      "    12  RMM         RMI_GRANULE_DELEGATE        failed                                    gran_state",
      "    13  RMM         RSI_IPA_STATE_SET           failed                                    size_valid",
      "    14  RMM         wipe                        0x8800_0000",
      "    15  cache       late write-back             S 0x8800_0000                             3 lines",
      "    16  PE2         power                       system-off",
      "    17  PE2         stop                        no software",
      "    18  PE0 NS.EL2  FINDING STALE_GPT_TLB       0x8800_0000                               NS used it",
      "    19  PE0 NS.EL2  interrupt to EL2            ELR 0x8000_0000                           SERROR",
    ]
  `);
});

test('a fault that met no entry names none, a TLBI of everything no range, a call that succeeded nothing, and the last step of a long run fits', () => {
  expect(traceLine({ step: 0, ...events['gpt-fault'], fault: 'eabt', level: 0, gpi: -1 })).toMatch(/ EABT level 0$/);
  expect(traceLine({ step: 0, ...events.tlbi, op: 'paallos', bits: 0 })).toMatch(/TLBI PAALLOS$/);
  expect(traceLine({ step: 0, kind: 'rsi', pe: 0, name: 'RSI_VERSION' })).toMatch(/RMM {9}RSI_VERSION$/);
  expect(traceLine({ step: 12_345_678, ...events.wipe })).toMatch(/^12345678 {2}RMM/);
});

test('a trace numbers what it passes on, and nothing when nobody listens', () => {
  const trace = new Trace();
  const seen: TraceEvent[] = [];
  trace.emit(events.wipe);
  expect([trace.on, trace.step]).toEqual([false, 0]);
  trace.to((event) => seen.push(event));
  trace.emit(events.wipe);
  trace.emit(events.power);
  expect(seen.map(({ step, kind }) => [step, kind])).toEqual([
    [0, 'wipe'],
    [1, 'power'],
  ]);
  trace.to(undefined);
  trace.emit(events.wipe);
  expect([trace.on, trace.step, seen.length]).toEqual([false, 2, 2]);
});
