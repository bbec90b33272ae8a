// Calls of a Realm that the RMM or the Host answers: Host calls, RIPAS changes, PSCI, the attestation token, and buffers that are
// not there. RMM 1.0 sections 7.5, 7.7 and 9.

import { describe, expect, it } from 'vitest';
import type { Action, Outcome } from '../../src/arch/action.ts';
import {
  EMPTY,
  ENTRY,
  Flag,
  Lab,
  RAM,
  Rsi,
  SHARED,
  STOPPED,
  UNBACKED,
  dataAbort,
  fields,
  hpfarOf,
  load,
  record,
  smc,
  store,
} from './realm-lab.ts';

const xOf = (outcome: Outcome | undefined, count = 4): readonly bigint[] | undefined =>
  outcome?.kind === 'done' ? outcome.x.slice(0, count) : undefined;
const valueOf = (outcome: Outcome | undefined): bigint | undefined =>
  outcome?.kind === 'done' ? outcome.value : undefined;
const [SUCCESS, INPUT, STATE, INCOMPLETE] = [0n, 1n, 2n, 3n];

describe('a Host call', () => {
  const call = smc(Rsi.HOST_CALL, RAM + 0x100);
  const answer = Array.from({ length: 31 }, (_, n) => 0x1000n + BigInt(n));

  it('writes the answer where the question was, and only the registers', () => {
    const around = [store(RAM + 0x100, 0x1234_5678_9abcn), store(RAM + 0xf8, 5n), store(RAM + 0x200, 6n)];
    const reads = Array.from({ length: 34 }, (_, n) => load(RAM + 0xf8 + 8 * n, 8));
    const lab = new Lab({ guests: [[...around, call, ...reads]] });
    expect(lab.enter().exit).toEqual(record({ reason: 5, imm: 0x9abc }));
    expect(lab.enter({ gprs: answer }).exit).toEqual(STOPPED);
    expect(xOf(lab.seen[0]?.[3])).toEqual([SUCCESS, 0n, 0n, 0n]);
    expect(lab.seen[0]?.slice(4, 38).map(valueOf)).toEqual([5n, 0x1234_5678_9abcn, ...answer, 6n]);
  });

  it('restarts at the call when the page is not there, with the registers as they were', () => {
    const lab = new Lab({ guests: [[smc(Rsi.HOST_CALL, UNBACKED + 0x300, 7n, 8n)]] });
    const abort = record({ esr: dataAbort(7), hpfar: hpfarOf(UNBACKED) });
    for (let n = 0; n < 2; n++) {
      expect(lab.enter().exit).toEqual(abort);
      expect([lab.rec().pc, lab.rec().x(0), lab.rec().x(1), lab.rec().x(2)]).toEqual([
        BigInt(ENTRY),
        BigInt(Rsi.HOST_CALL),
        BigInt(UNBACKED + 0x300),
        7n,
      ]);
    }
    expect(lab.enter({ flags: Flag.emulMmio }).status).toBe('RMI_ERROR_REC');
    lab.do(lab.host.populateUnknown(lab.realm, UNBACKED));
    expect(lab.enter().exit[0]).toBe(5);
  });

  it('whose page goes away before the answer exits at once, as often as it is tried', () => {
    const lab = new Lab({ guests: [[call, load(RAM + 0x108, 8)]] });
    expect(lab.enter().exit).toEqual(record({ reason: 5 }));
    lab.rmi('RMI_DATA_DESTROY', lab.realm.rd, RAM);
    const abort = record({ esr: dataAbort(7), hpfar: hpfarOf(RAM) });
    for (let n = 0; n < 3; n++) {
      const entered = lab.enter({ gprs: answer });
      expect([entered.status, fields(entered.exit)]).toEqual(['RMI_SUCCESS', fields(abort)]);
      expect([lab.rec().isRunning, lab.rec().hostCall]).toEqual([false, RAM + 0x100]);
    }
    expect(lab.seen[0]).toEqual([]);
  });

  it('whose page the Realm has given up meanwhile is an input error, and the answer is dropped', () => {
    const lab = new Lab({ guests: [[call], [smc(Rsi.IPA_STATE_SET, RAM, RAM + 0x1000, 0n)]] });
    lab.enter({}, 0);
    expect(lab.enter({}, 1).exit[0]).toBe(4);
    expect(lab.rmi('RMI_RTT_SET_RIPAS', lab.realm.rd, lab.vcpu(1).rec, RAM, RAM + 0x1000).status).toBe('RMI_SUCCESS');
    expect(lab.enter({ gprs: answer }, 0).exit).toEqual(STOPPED);
    expect(xOf(lab.seen[0]?.[0])).toEqual([INPUT, 0n, 0n, 0n]);
  });
});

describe('a buffer that is not there', () => {
  const calls = [
    ['RSI_REALM_CONFIG', (at: number) => smc(Rsi.REALM_CONFIG, at)],
    ['RSI_HOST_CALL', (at: number) => smc(Rsi.HOST_CALL, at)],
    ['RSI_ATTESTATION_TOKEN_CONTINUE', (at: number) => smc(Rsi.TOKEN_CONTINUE, at, 0, 0x40)],
  ] as const;
  const init = smc(Rsi.TOKEN_INIT, 1, 2, 3, 4, 5, 6, 7, 8);

  it.each(calls)('%s exits as a data abort at its page and is made again', (_, call) => {
    const lab = new Lab({ guests: [[init, call(UNBACKED)]] });
    expect(lab.enter().exit).toEqual(record({ esr: dataAbort(7), hpfar: hpfarOf(UNBACKED) }));
    expect(lab.rec().pc).toBe(BigInt(ENTRY) + 4n);
    lab.do(lab.host.populateUnknown(lab.realm, UNBACKED));
    lab.enter();
    lab.enter();
    expect([SUCCESS, INCOMPLETE]).toContain(xOf(lab.seen[0]?.[1])?.[0]);
  });

  it.each(calls)('%s to an EMPTY page is an input error', (_, call) => {
    const lab = new Lab({ guests: [[init, call(EMPTY)]] });
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(xOf(lab.seen[0]?.[1])).toEqual([INPUT, 0n, 0n, 0n]);
  });

  it.each(calls)('%s to a DESTROYED page exits', (_, call) => {
    const lab = new Lab({ guests: [[init, call(RAM)]] });
    lab.rmi('RMI_DATA_DESTROY', lab.realm.rd, RAM);
    expect(lab.enter().exit).toEqual(record({ esr: dataAbort(7), hpfar: hpfarOf(RAM) }));
  });

  it('names the level at which the walk ended', () => {
    const lab = new Lab({
      guests: [[smc(Rsi.REALM_CONFIG, 0x4000_0000)]],
      layout: {
        ram: [
          { base: 0x4000_0000, size: 0x20_0000 },
          { base: RAM, size: 0x8000 },
        ],
      },
    });
    expect(lab.enter().exit).toEqual(record({ esr: dataAbort(6), hpfar: hpfarOf(0x4000_0000) }));
  });
});

describe('a RIPAS change', () => {
  const set = (value: bigint, flags = 0n): Action => smc(Rsi.IPA_STATE_SET, RAM, RAM + 0x3000, value, flags);
  // prettier-ignore
  const cases = [
    ['RAM, done by half, accepted',    1n, 1, 0,           0n],
    ['RAM, done by half, rejected',    1n, 1, Flag.reject, 1n],
    ['RAM, not begun, rejected',       1n, 0, Flag.reject, 1n],
    ['RAM, complete, rejected',        1n, 3, Flag.reject, 0n],
    ['EMPTY, done by half, rejected',  0n, 1, Flag.reject, 0n],
    ['EMPTY, not begun, accepted',     0n, 0, 0,           0n],
  ] as const;
  it.each(cases)('%s: the Realm hears how far it went', (_, value, pages, flags, response) => {
    const lab = new Lab({ guests: [[set(value)]] });
    expect(lab.enter().exit).toEqual(record({ reason: 4, ripas: [BigInt(RAM), BigInt(RAM + 0x3000), Number(value)] }));
    const top = RAM + 0x1000 * pages;
    const done = pages === 0 ? undefined : lab.rmi('RMI_RTT_SET_RIPAS', lab.realm.rd, lab.vcpu().rec, RAM, top);
    expect([undefined, 'RMI_SUCCESS']).toContain(done?.status);
    expect(lab.enter({ flags }).exit).toEqual(STOPPED);
    expect(xOf(lab.seen[0]?.[0])).toEqual([SUCCESS, BigInt(top), response, 0n]);
    expect([lab.rec().ripas.addr, lab.rec().ripas.top]).toEqual([0, 0]);
  });

  it('is over with the next entry: the Host cannot go on with it', () => {
    const lab = new Lab({ guests: [[set(0n)]] });
    lab.enter();
    lab.enter();
    const late = lab.rmi('RMI_RTT_SET_RIPAS', lab.realm.rd, lab.vcpu().rec, RAM, RAM + 0x1000);
    expect(late.status).toBe('RMI_ERROR_INPUT');
  });
});

describe('PSCI between RECs', () => {
  const on = smc(0xc400_0003, 1n, 0x2000, 0x77n);

  it('the caller waits until the Host has answered, and the target starts afresh', () => {
    const lab = new Lab({
      guests: [[on], [{ op: 'mrs', reg: 'mpidr_el1' }]],
      layout: { vcpus: [{ entry: ENTRY }, { entry: 0, isRunnable: false }] },
    });
    expect(lab.enter({}, 1).status).toBe('RMI_ERROR_REC');
    expect(lab.enter().exit).toEqual(record({ reason: 3, gprs: [0xc400_0003n, 1n] }));
    expect(lab.enter().status).toBe('RMI_ERROR_REC');
    expect(lab.rmi('RMI_PSCI_COMPLETE', lab.vcpu(0).rec, lab.vcpu(1).rec, 0).status).toBe('RMI_SUCCESS');
    expect(lab.rec(1).regs.slice(0, 31)).toEqual(BigUint64Array.from({ length: 31 }, (_, n) => (n === 0 ? 0x77n : 0n)));
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(xOf(lab.seen[0]?.[0])).toEqual([0n, 0n, 0n, 0n]);
    expect(lab.enter({}, 1).exit).toEqual(STOPPED);
    expect(valueOf(lab.seen[1]?.[0])).toBe(0x8000_0001n);
  });

  it('a REC that turned itself off is not entered again', () => {
    const lab = new Lab({ guests: [[smc(0x8400_0002)]] });
    lab.enter();
    expect(lab.enter()).toMatchObject({ status: 'RMI_ERROR_REC', index: 0 });
  });
});

describe('the attestation token', () => {
  const init = smc(Rsi.TOKEN_INIT, 1, 2, 3, 4, 5, 6, 7, 8);
  const next = (size: number, at = 0, page = RAM): Action => smc(Rsi.TOKEN_CONTINUE, page, at, size);
  const run = (actions: readonly Action[]) => {
    const lab = new Lab({ guests: [actions] });
    expect(lab.enter().exit).toEqual(STOPPED);
    return { lab, x: lab.seen[0]?.map((outcome) => xOf(outcome, 2)) ?? [] };
  };

  it('comes in pieces of any size, the same bytes as in one', () => {
    const whole = run([init, next(0x1000), ...Array.from({ length: 32 }, (_, n) => load(RAM + 8 * n, 8))]);
    const length = whole.x[1]?.[1] as bigint;
    expect(whole.x.slice(0, 2)).toEqual([
      [SUCCESS, 4096n],
      [SUCCESS, length],
    ]);
    for (const size of [1, 7, 64, Number(length) - 1, Number(length)]) {
      const pieces = Math.ceil(Number(length) / size);
      const calls = Array.from({ length: pieces }, (_, n) => next(size, n * size));
      const { x, lab } = run([
        init,
        ...calls,
        ...Array.from({ length: 32 }, (_, n) => load(RAM + 8 * n, 8)),
        next(size),
      ]);
      const results = x.slice(1, 1 + pieces);
      expect(results.map((result) => result?.[0])).toEqual(
        calls.map((_, n) => (n === pieces - 1 ? SUCCESS : INCOMPLETE)),
      );
      expect(results.reduce((sum, result) => sum + (result?.[1] ?? 0n), 0n)).toBe(length);
      const bytes = (lab.seen[0] ?? []).slice(1 + pieces, 33 + pieces).map(valueOf);
      expect(bytes).toEqual((whole.lab.seen[0] ?? []).slice(2, 34).map(valueOf));
      expect(x[33 + pieces]).toEqual([STATE, 0n]);
    }
  });

  it('of size zero is no piece, and the state stays', () => {
    const { x } = run([init, next(0), next(0), next(0x1000)]);
    expect(x.slice(1, 3)).toEqual([
      [INCOMPLETE, 0n],
      [INCOMPLETE, 0n],
    ]);
    expect(x[3]?.[0]).toBe(SUCCESS);
  });

  it('begins again with another INIT', () => {
    const other = smc(Rsi.TOKEN_INIT, 9, 9, 9, 9, 9, 9, 9, 9);
    const words = Array.from({ length: 32 }, (_, n) => load(RAM + 8 * n, 8));
    const dropped = run([init, next(40), other, next(0x1000), ...words]);
    const fresh = run([other, next(0x1000), ...words]);
    expect(dropped.lab.seen[0]?.slice(4, 36).map(valueOf)).toEqual(fresh.lab.seen[0]?.slice(2, 34).map(valueOf));
  });

  it('has the measurements of its INIT, not those that came later', () => {
    const extend = smc(Rsi.MEASUREMENT_EXTEND, 1, 8, 1);
    const words = Array.from({ length: 32 }, (_, n) => load(RAM + 8 * n, 8));
    const late = run([init, extend, next(0x1000), ...words]);
    const never = run([init, next(0x1000), ...words]);
    expect(late.lab.seen[0]?.slice(3, 35).map(valueOf)).toEqual(never.lab.seen[0]?.slice(2, 34).map(valueOf));
  });

  it('is an error without INIT, unless the arguments are wrong: those come first', () => {
    const bad: readonly Action[] = [
      next(8, 0, RAM + 8),
      next(8, 0x1000),
      next(0x10, 0xff8),
      next(8, 0, SHARED),
      smc(Rsi.TOKEN_CONTINUE, RAM, 8n, (1n << 64n) - 4n),
    ];
    const { x } = run([next(8), next(0), ...bad, init, ...bad]);
    expect(x.slice(0, 2)).toEqual([
      [STATE, 0n],
      [STATE, 0n],
    ]);
    expect(x.slice(2, 7)).toEqual(bad.map(() => [INPUT, 0n]));
    expect(x.slice(8, 13)).toEqual(bad.map(() => [INPUT, 0n]));
  });

  it('of one REC is not that of another', () => {
    const lab = new Lab({ guests: [[init, { op: 'wfe' }, next(0x1000)], [next(8)]] });
    lab.enter({ flags: Flag.trapWfe });
    lab.enter({}, 1);
    expect(xOf(lab.seen[1]?.[0], 2)).toEqual([STATE, 0n]);
    lab.enter();
    expect(xOf(lab.seen[0]?.[2], 1)).toEqual([SUCCESS]);
  });

  it('goes on across exits, and a missing page costs none of it', () => {
    const lab = new Lab({
      guests: [[init, next(16), next(16, 0, UNBACKED), load(UNBACKED, 8), load(UNBACKED + 8, 8), next(0x1000, 0x20)]],
    });
    expect(lab.enter().exit).toEqual(record({ esr: dataAbort(7), hpfar: hpfarOf(UNBACKED) }));
    lab.do(lab.host.populateUnknown(lab.realm, UNBACKED));
    expect(lab.enter().exit).toEqual(STOPPED);
    const whole = new Lab({ guests: [[init, next(0x1000), load(RAM + 16, 8), load(RAM + 24, 8)]] });
    whole.enter();
    expect(lab.seen[0]?.slice(3, 5).map(valueOf)).toEqual(whole.seen[0]?.slice(2, 4).map(valueOf));
  });
});
