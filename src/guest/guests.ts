// Programs for a Realm. Each does one thing, tells the host what came of it by a host call, and ends.

import type { Entry, Script, ScriptArgs, ScriptFactory } from '../arch/action.ts';
import { type CommonArgs, type Num, argsOf, big, call, finish, hostCall, load, pageOf, store } from './realm.ts';

/** Immediates of the host calls: what the host is told. */
export const Told = {
  hello: 1,
  computed: 2,
  touched: 3,
  mmio: 4,
  answers: 5,
  ripas: 6,
  token: 7,
  measured: 8,
  started: 9,
};

const STATUS_INCOMPLETE = 3n;
const AFFINITY_OFF = 1n;
const GRANULE = 0x1000n;

/** Asks for the version and the configuration. Tells both revisions, IPA width and hash algorithm. */
function* hello(args: ScriptArgs, _entry: Entry): Script {
  const common = argsOf<CommonArgs>(args);
  const [, lower = 0n, higher = 0n] = yield* call('RSI_VERSION', 0x1_0000);
  const page = pageOf(common);
  yield* call('RSI_REALM_CONFIG', page);
  const width = yield* load(page);
  const hash = yield* load(page + 8n, 1);
  yield* finish(common, Told.hello, [lower, higher, ...[width, hash].map(known)]);
}

/** Adds 1 to `count` and keeps the sum in its page. Tells the sum. */
function* compute(args: ScriptArgs, _entry: Entry): Script {
  const common = argsOf<CommonArgs & { readonly count: number }>(args);
  const at = pageOf(common) + 0x800n;
  yield* store(at, 0n);
  for (let n = 1; n <= (common.count ?? 10); n++) {
    const sum = known(yield* load(at));
    yield* store(at, sum + BigInt(n));
  }
  yield* finish(common, Told.computed, [known(yield* load(at))]);
}

/** Writes to `count` pages from `base`, then reads them again. Tells how many pages kept what was written. */
function* toucher(args: ScriptArgs, _entry: Entry): Script {
  const common = argsOf<CommonArgs & { readonly base: Num; readonly count: number }>(args);
  const { base = 0x3000, count = 1 } = common;
  const place = (n: number): bigint => big(base) + GRANULE * BigInt(n);
  for (let n = 0; n < count; n++) yield* store(place(n), BigInt(n + 1));
  let kept = 0n;
  for (let n = 0; n < count; n++) if ((yield* load(place(n))) === BigInt(n + 1)) kept++;
  yield* finish(common, Told.touched, [kept]);
}

/** Writes `value` to a device at `at` and reads it. Tells what it read; all ones after a fault. */
function* mmioUser(args: ScriptArgs, _entry: Entry): Script {
  const common = argsOf<CommonArgs & { readonly at: Num; readonly value: Num }>(args);
  const at = big(common.at ?? 2 ** 39);
  yield* store(at, big(common.value ?? 1), 4, 6);
  const read = yield* load(at, 4, 5);
  yield* finish(common, Told.mmio, [typeof read === 'bigint' ? read : 2n ** 64n - 1n]);
}

/** Calls the host `count` times, with the number of the call. Tells the sum of the answers. */
function* hostCaller(args: ScriptArgs, _entry: Entry): Script {
  const common = argsOf<CommonArgs & { readonly count: number }>(args);
  let sum = 0n;
  for (let n = 1; n <= (common.count ?? 1); n++) {
    const [answer = 0n] = yield* hostCall(pageOf(common), 0x100 + n, [BigInt(n)]);
    sum += answer;
  }
  yield* finish(common, Told.answers, [sum]);
}

/** Gives `base` to `top` up and takes it back. Tells both responses, whether a load faults in between, and what it finds at last. */
function* ripasChanger(args: ScriptArgs, _entry: Entry): Script {
  const common = argsOf<CommonArgs & { readonly base: Num; readonly top: Num }>(args);
  const base = big(common.base ?? 0x3000);
  const top = big(common.top ?? 0x4000);
  yield* store(base, 77n);
  const shrunk = yield* change(base, top, 0n);
  const between = yield* load(base);
  const grown = yield* change(base, top, 1n);
  const after = yield* load(base);
  const faulted = typeof between === 'bigint' ? 0n : 1n;
  yield* finish(common, Told.ripas, [shrunk, faulted, grown, known(after)]);
}

/** RSI_IPA_STATE_SET until the whole range is done or the host refuses: the response. */
function* change(base: bigint, top: bigint, ripas: bigint) {
  for (let at = base; at < top;) {
    const [status, next = top, response = 1n] = yield* call('RSI_IPA_STATE_SET', at, top, ripas, 1);
    if (status !== 0n || response !== 0n) return 1n;
    at = next;
  }
  return 0n;
}

/** Gets an attestation token for `challenge` in pieces. Tells its length and the number of calls. */
function* tokenGetter(args: ScriptArgs, _entry: Entry): Script {
  const common = argsOf<CommonArgs & { readonly challenge: Num; readonly piece: number }>(args);
  const { challenge = 1, piece = 0x400 } = common;
  yield* call('RSI_ATTESTATION_TOKEN_INIT', ...Array.from({ length: 8 }, () => challenge));
  let length = 0n;
  let calls = 0n;
  for (let status = STATUS_INCOMPLETE; status === STATUS_INCOMPLETE; calls++) {
    const [result = 0n, size = 0n] = yield* call('RSI_ATTESTATION_TOKEN_CONTINUE', pageOf(common), 0, piece);
    length += size;
    status = result;
  }
  yield* finish(common, Told.token, [length, calls]);
}

/** Extends a REM with one 64-bit `value` and reads it. Tells both results and the first eight bytes of the REM. */
function* measurer(args: ScriptArgs, _entry: Entry): Script {
  const common = argsOf<CommonArgs & { readonly index: number; readonly value: Num }>(args);
  const { index = 1, value = 1 } = common;
  const [extended = 1n] = yield* call('RSI_MEASUREMENT_EXTEND', index, 8, value);
  const [read = 1n, first = 0n] = yield* call('RSI_MEASUREMENT_READ', index);
  yield* finish(common, Told.measured, [extended, read, first]);
}

/** Turns another vCPU on at `entry` with `context` in X0, and asks up to `polls` times until it is off. Tells both results of PSCI. */
function* starter(args: ScriptArgs, _entry: Entry): Script {
  type StarterArgs = {
    readonly mpidr: Num;
    readonly entry: Num;
    readonly context: Num;
    readonly polls: number;
  };
  const common = argsOf<CommonArgs & StarterArgs>(args);
  const { mpidr = 1, entry = 0x3000, context = 0, polls = 1 } = common;
  const [on = 1n] = yield* call('PSCI_CPU_ON', mpidr, entry, context);
  let state = 0n;
  for (let n = 0; n < polls && state !== AFFINITY_OFF; n++)
    state = (yield* call('PSCI_AFFINITY_INFO', mpidr, 0))[0] ?? 0n;
  yield* finish(common, Told.started, [on, state]);
}

/** A secondary vCPU: stores what it was given in X0 at `at`, and turns itself off. */
function* secondary(args: ScriptArgs, entry: Entry): Script {
  const { at = 0x2800 } = argsOf<{ readonly at: Num }>(args);
  yield* store(big(at), entry.x[0] ?? 0n);
  yield* call('PSCI_CPU_OFF');
}

/** Counts in its page without ever leaving; `count` bounds it. */
function* spinner(args: ScriptArgs, _entry: Entry): Script {
  const common = argsOf<CommonArgs & { readonly count: number }>(args);
  const at = pageOf(common) + 0x800n;
  for (let n = 1; n <= (common.count ?? 1000); n++) yield* store(at, BigInt(n));
  yield* finish(common, Told.computed, [known(yield* load(at))]);
}

const known = (value: unknown): bigint => (typeof value === 'bigint' ? value : 0n);

/** All of them by name. */
export const guests: Readonly<Record<string, ScriptFactory>> = {
  hello,
  compute,
  toucher,
  'mmio-user': mmioUser,
  'host-caller': hostCaller,
  'ripas-changer': ripasChanger,
  'token-getter': tokenGetter,
  measurer,
  starter,
  secondary,
  spinner,
};
