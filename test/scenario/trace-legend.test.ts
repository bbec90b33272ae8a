// docs/reference/trace.md shows one line of every kind of event. The lines below are those of the page, made by the code.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Gpi } from '../../src/arch/gpi.ts';
import { Fid } from '../../src/arch/smccc.ts';
import { type TraceBody, traceLine } from '../../src/arch/trace.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { inRepo } from '../../src/tools/repo.ts';

const host = { pe: 0, world: World.NonSecure, el: 2 } as const;
const frame = 0x8_8001;
const at = 0x8800_1000n;

/** An example of each kind: a kind without one does not compile. */
const examples: { readonly [K in TraceBody['kind']]: Extract<TraceBody, { kind: K }> } = {
  boot: { kind: 'boot', what: 'EL3', detail: 'GPT for 2^40 bytes' },
  call: { kind: 'call', by: host, conduit: 'SMC', x: [BigInt(Fid.RMI_GRANULE_DELEGATE), at, 0n] },
  return: { kind: 'return', by: host, fid: BigInt(Fid.RMI_GRANULE_DELEGATE), x: [0n] },
  switch: { kind: 'switch', pe: 0, from: World.NonSecure, to: World.Realm },
  exception: { kind: 'exception', by: host, to: 2, esr: 0x9600_0028n, elr: 0x8800_000cn, far: at },
  access: { kind: 'access', by: host, what: 'store', pas: Pas.NonSecure, at, size: 8, value: 0x1234n },
  'gpt-fault': {
    kind: 'gpt-fault',
    by: host,
    what: 'load',
    pas: Pas.NonSecure,
    at,
    fault: 'gpf',
    level: 1,
    gpi: Gpi.Realm,
  },
  'bus-abort': { kind: 'bus-abort', by: { device: 'disk' }, what: 'load', pas: Pas.NonSecure, at: 0x7000_0000n },
  'gpt-change': { kind: 'gpt-change', frame, from: Gpi.NonSecure, to: Gpi.Realm, by: World.Realm },
  'gpt-size': { kind: 'gpt-size', frame, spanBits: 25, gpi: Gpi.NonSecure, what: 'shatter' },
  tlbi: { kind: 'tlbi', pe: 0, op: 'rpalos', frame, bits: 12 },
  popa: { kind: 'popa', frame, pas: Pas.NonSecure, wasDirty: true },
  rmi: { kind: 'rmi', pe: 0, name: 'RMI_GRANULE_DELEGATE', failed: 'gran_state' },
  rsi: { kind: 'rsi', pe: 0, name: 'RSI_IPA_STATE_SET', failed: 'size_valid' },
  wipe: { kind: 'wipe', frame },
  'late-writeback': { kind: 'late-writeback', frame, pas: Pas.NonSecure, lines: 2 },
  power: { kind: 'power', pe: 1, what: 'on' },
  stop: { kind: 'stop', pe: 0, reason: 'no software in NS EL2 at 0x88000000' },
  finding: {
    kind: 'finding',
    invariant: 'STALE_GPT_TLB',
    by: host,
    frame,
    detail: 'NS used NON_SECURE, table says REALM',
  },
  interrupt: { kind: 'interrupt', by: { pe: 0, world: World.Realm, el: 1 }, to: 2, what: 'irq', elr: 0x1004n },
};

const page = readFileSync(inRepo('docs/reference/trace.md'), 'utf8');

test.each(Object.entries(examples))('the legend shows %s', (kind, body) => {
  expect(page).toContain(`\`${kind}\``);
  expect(page.split('\n')).toContain(traceLine({ step: Object.keys(examples).indexOf(kind), ...body }));
});

test('the legend names no kind that does not exist', () => {
  const named = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, kind]) => kind);
  expect(named).toEqual(Object.keys(examples));
});
