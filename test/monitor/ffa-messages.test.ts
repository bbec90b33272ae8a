// FF-A over real SMCs: direct messages, by a host and by the partition, well meant and not.

import { describe, expect, test } from 'vitest';
import type { Outcome, Script, ScriptArgs } from '../../src/arch/action.ts';
import { Pstate, Scr } from '../../src/arch/registers.ts';
import { Fid } from '../../src/arch/smccc.ts';
import { type TraceEvent, traceLine } from '../../src/arch/trace.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { Prng } from '../../src/base/prng.ts';
import type { Driver } from '../../src/machine/driver.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { Spmc } from '../../src/monitor/spmc.ts';
import {
  ABORTED,
  BUSY,
  DENIED,
  ERROR,
  INVALID_PARAMETERS,
  NOT_SUPPORTED,
  ONES,
  RX,
  SP,
  SUCCESS,
  TX,
  answer,
  boot,
  error,
  mapped,
  nil,
  success,
} from './ffa-answers.ts';

const request = (host: Driver, x3: bigint | number, ...rest: readonly (bigint | number)[]): readonly bigint[] =>
  host.smc('FFA_MSG_SEND_DIRECT_REQ64', SP, 0, x3, ...rest);

describe('registers', () => {
  test('an SMC32 call ignores the upper halves and returns zeros in them', () => {
    const host = boot();
    const high = 0xa5a5_a5a5_0000_0000n;
    const x = host.smc(
      'FFA_MSG_SEND_DIRECT_REQ',
      high | 0x8001n,
      high,
      high,
      high | 7n,
      high | 8n,
      high | 9n,
      high | 10n,
    );
    expect(x).toEqual(answer(0x8400_0070n, 0x8001_0000n, 0n, 0n, 7n, 8n, 9n, 10n));
  });

  test('an SMC64 call carries 64 bits in X3 to X7, and W1 and W2 are 32-bit in it too', () => {
    const high = 0xa5a5_a5a5_0000_0000n;
    const x = boot().smc('FFA_MSG_SEND_DIRECT_REQ64', high | 0x8001n, high, 0n, ONES, high, high | 1n, 1n);
    expect(x).toEqual(answer(0xc400_0070n, 0x8001_0000n, 0n, 0n, ONES, high, high | 1n, 1n));
  });

  test('the partition sees none of the registers X8 and up, and leaves none behind', () => {
    const host = boot();
    const own = Array.from({ length: 18 }, (_, n) => (n < 8 ? 0n : 0x1111n * BigInt(n)));
    const call = [BigInt(Fid.FFA_MSG_SEND_DIRECT_REQ), 0x8001n, 0n, 0n, 1n, 2n, 3n, 4n];
    const outcome = host.perform({ op: 'smc', x: [...call, ...own.slice(8)] });
    const expected = [0x8400_0070n, 0x8001_0000n, 0n, 0n, 1n, 2n, 3n, 4n, ...own.slice(8)];
    expect(outcome).toEqual({ kind: 'done', value: 0n, x: expected });
  });
});

describe('FFA_MSG_SEND_DIRECT_REQ from the host', () => {
  test.each([
    ['a VM’s id as sender', 0x1_8001, 0],
    ['the partition’s own id as sender', 0x8001_8001n, 0],
    ['the SPMC’s id as sender', 0x8000_8001n, 0],
    ['no such receiver', 0x8002, 0],
    ['the SPMC as receiver', 0x8000, 0],
    ['a VM as receiver', 1, 0],
    ['the sender itself', 0, 0],
    ['every bit', 0xffff_ffffn, 0],
    ['a framework message', 0x8001, 0x8000_0000n],
    ['a reserved flag', 0x8001, 1],
  ] as const)('%s: refused, and the partition does not run', (_, w1, w2) => {
    const events: TraceEvent[] = [];
    const host = Machine.boot(baseMachine, { trace: (event) => events.push(event) }).host();
    events.length = 0;
    expect(host.smc('FFA_MSG_SEND_DIRECT_REQ', w1, w2, 0)).toEqual(error(INVALID_PARAMETERS));
    expect(host.smc('FFA_MSG_SEND_DIRECT_REQ64', w1, w2, 0)).toEqual(error(INVALID_PARAMETERS));
    expect(events.some(({ kind }) => kind === 'switch')).toBe(false);
  });

  test('the partition runs on the PE that booted it: another PE is denied, and nothing changes', () => {
    const { machine } = mapped();
    const host = machine.host();
    expect(host.smc('PSCI_CPU_ON64', 0x100, 0x8800_0000, 0)[0]).toBe(0n);
    const other = machine.driver(1);
    expect(other.smc('FFA_ID_GET')).toEqual(success(0n));
    expect(request(other, 0)).toEqual(error(DENIED));
    expect(request(host, 0, 5)[4]).toBe(5n);
    // The buffers are the host's, whichever PE it calls from.
    expect(other.smc('FFA_PARTITION_INFO_GET', ...nil)).toEqual(success(1n, 24n));
    expect(host.smc('FFA_RX_RELEASE')).toEqual(success());
  });

  test('which PE that is belongs to the saved state', () => {
    const host = boot();
    const { spmc } = host.machine.monitor;
    spmc.setData({ ...spmc.data(), pe: 1 });
    expect(request(host, 0)).toEqual(error(DENIED));
  });

  test('the PE of the partition can go off and on again: the partition is as it was', () => {
    const { machine } = boot();
    const host = machine.host();
    expect(host.smc('PSCI_CPU_ON64', 0x100, 0x8800_0000, 0)[0]).toBe(0n);
    expect(request(host, 1)[6]).toBe(1n);
    expect(host.perform({ op: 'smc', x: [BigInt(Fid.PSCI_CPU_OFF)] })).toEqual({ kind: 'moved', to: 'off' });
    expect(machine.driver(1).smc('PSCI_CPU_ON64', 0, 0x8800_0000, 0)[0]).toBe(0n);
    expect(request(machine.host(), 1)[6]).toBe(2n);
  });

  test('a system reset starts the partition and its books afresh', () => {
    const host = mapped();
    expect(request(host, 1)[6]).toBe(1n);
    host.perform({ op: 'smc', x: [BigInt(Fid.PSCI_SYSTEM_RESET)] });
    const again = host.machine.host();
    expect(again.smc('FFA_RXTX_UNMAP')).toEqual(error(INVALID_PARAMETERS));
    expect(request(again, 1)[6]).toBe(1n);
  });
});

describe('hostile registers', () => {
  const odd = [
    0n,
    1n,
    0xfffn,
    0x1000n,
    BigInt(TX),
    BigInt(RX),
    0x0600_1000n,
    0xfdc0_0000n,
    0x8000_0000n,
    1n << 48n,
    ONES,
  ];
  const ids = [0n, 1n, 0x8000n, 0x8001n, 0x1_8001n, 0x8001_0000n, 0x8001_8001n];
  const fids = Object.entries(Fid).flatMap(([name, fid]) => (name.startsWith('FFA_') ? [fid] : []));

  test.each([1, 2, 3, 4])('4000 calls with odd values all come back to the host (seed %i)', (seed) => {
    const host = boot();
    const prng = new Prng(seed);
    const pick = <T>(of: readonly T[]): T => of[prng.below(of.length)] as T;
    const value = (): bigint => pick([pick(odd), pick(odd), pick(ids), pick(ids), prng.u64(), BigInt(prng.below(3))]);
    const known = new Set([ERROR, SUCCESS, 0xc400_0061n, 0x8400_0070n, 0xc400_0070n, 0x1_0001n, NOT_SUPPORTED]);
    for (let n = 0; n < 4000; n++) {
      const fid = pick(fids);
      const x = host.smc(fid, ...Array.from({ length: 7 }, value));
      const code = BigInt.asIntN(32, x[2] as bigint);
      // An error has a code of FF-A in W2, and nothing beside it.
      const isWell =
        known.has(x[0] as bigint) &&
        (x[0] !== ERROR || (code < 0n && code > -10n && [1, 3, 4, 5, 6, 7].every((at) => x[at] === 0n))) &&
        ((fid & 0x4000_0000) !== 0 || x.every((word) => word < 1n << 32n));
      expect({ isWell, fid, x }).toEqual({ isWell: true, fid, x });
      expect([host.pe.world, host.pe.el, host.machine.end]).toEqual([World.NonSecure, 2, undefined]);
      if (n % 16 === 0) host.smc(pick(['RMI_GRANULE_DELEGATE', 'RMI_GRANULE_UNDELEGATE']), pick([TX, RX]));
    }
    expect(request(host, 0, 5)).toEqual(answer(0xc400_0070n, 0x8001_0000n, 0n, 0n, 5n));
  });
});

describe('two PEs at the same time', () => {
  /** PE 0 asks, PE 1 is ready, and the partition is in the middle of its answer. */
  function inTheMiddle(): Machine {
    function* asking(): Script {
      yield { op: 'smc', x: [BigInt(Fid.PSCI_CPU_ON64), 0x100n, 0x8810_0000n, 0n] };
      const outcome: Outcome = yield { op: 'smc', x: [BigInt(Fid.FFA_MSG_SEND_DIRECT_REQ64), 0x8001n, 0n, 1n] };
      if (outcome.kind !== 'done') return;
      for (let n = 0; n < 8; n++)
        yield { op: 'store', at: 0x8820_0000n + BigInt(8 * n), size: 8, value: outcome.x[n] ?? 0n };
    }
    const machine = Machine.boot(baseMachine, { scripts: { asking } });
    machine.install({ world: World.NonSecure, el: 2, script: 'asking' });
    const [pe] = machine.pes;
    if (pe === undefined) throw new Error('PE 0');
    while (pe.world !== World.Secure) machine.step(pe);
    machine.step(pe);
    machine.step(pe);
    expect(pe.world).toBe(World.Secure);
    return machine;
  }

  test('the second is told that the partition is busy, and the first gets its answer', () => {
    const machine = inTheMiddle();
    const other = machine.driver(1);
    expect(other.smc('FFA_MSG_SEND_DIRECT_REQ', 0x8001, 0, 1)).toEqual(error(BUSY));
    expect(other.smc('FFA_ID_GET')).toEqual(success(0n));
    while (machine.step(machine.pes[0] as never));
    expect(other.read(0x8820_0000).value).toBe(0xc400_0070n);
    expect(other.read(0x8820_0030).value).toBe(1n);
  });

  test('what the other PE does in Secure world does not answer for the partition', () => {
    const machine = inTheMiddle();
    const other = machine.driver(1);
    expect(other.smc('FFA_ID_GET')).toEqual(success(0n));
    other.pe.set('scr_el3', other.pe.get('scr_el3') & ~Scr.NS);
    other.pe.pstate = Pstate.DAIF | 0b0101n;
    expect(other.smc('FFA_MSG_SEND_DIRECT_RESP', 0x8001_0000n)).toEqual(error(DENIED));
    expect(other.smc('FFA_ERROR', 0, DENIED)).toEqual(error(DENIED));
  });
});

describe('the partition’s side', () => {
  /** Boots with a partition that makes calls while it initialises itself, and others for each request; keeps the answers. */
  function withPartition(
    initial: readonly (readonly bigint[])[],
    later: readonly (readonly bigint[])[] = [],
  ): { readonly host: Driver; readonly told: (readonly bigint[])[]; readonly events: TraceEvent[] } {
    const told: (readonly bigint[])[] = [];
    function* partition(_: ScriptArgs): Script {
      const padded = (x: readonly bigint[]): readonly bigint[] => Array.from({ length: 8 }, (_, n) => x[n] ?? 0n);
      for (const x of [...initial, [BigInt(Fid.FFA_MSG_WAIT)], ...later]) {
        const outcome: Outcome = yield { op: 'smc', x: padded(x) };
        if (outcome.kind === 'done') told.push(outcome.x.slice(0, 8));
      }
    }
    const events: TraceEvent[] = [];
    const trace = (event: TraceEvent): void => void events.push(event);
    const machine = Machine.boot(baseMachine, { scripts: { 'secure-partition': partition }, trace });
    return { host: machine.host(), told, events };
  }
  const eight = (x: readonly bigint[]): readonly bigint[] => x.slice(0, 8);
  const response = (w1 = 0x8001_0000n, w2 = 0n): readonly bigint[] => [
    BigInt(Fid.FFA_MSG_SEND_DIRECT_RESP),
    w1,
    w2,
    0x51n,
  ];

  test('it has id 0x8001, and more functions than the host', () => {
    const { told } = withPartition([
      [BigInt(Fid.FFA_ID_GET)],
      [BigInt(Fid.FFA_FEATURES), BigInt(Fid.FFA_MSG_WAIT)],
      [BigInt(Fid.FFA_FEATURES), BigInt(Fid.FFA_MSG_SEND_DIRECT_RESP64)],
      [BigInt(Fid.FFA_FEATURES), BigInt(Fid.FFA_RUN)],
    ]);
    expect(told).toEqual([success(0x8001n), success(), success(), error(NOT_SUPPORTED)].map(eight));
  });

  test('its buffers are in Secure memory, and its own', () => {
    const { told, host } = withPartition([
      [BigInt(Fid.FFA_RXTX_MAP64), BigInt(TX), BigInt(RX), 1n],
      [BigInt(Fid.FFA_RXTX_MAP64), 0x0601_0000n, 0x0602_0000n, 1n],
      [BigInt(Fid.FFA_PARTITION_INFO_GET)],
    ]);
    expect(told).toEqual([error(INVALID_PARAMETERS), success(), success(1n, 24n)].map(eight));
    expect(host.pe.port(Pas.Secure, World.Secure).read64(0x0602_0000 as never)).toBe(0x101_0001_8001n);
    expect(host.smc('FFA_RX_RELEASE')).toEqual(error(DENIED));
    const data = host.machine.monitor.spmc.data();
    const other = new Spmc();
    other.setData(data);
    expect([other.data(), data.secure.buffers.pageCount]).toEqual([data, 1]);
  });

  test('while it initialises itself, requests and responses are no business of its', () => {
    const { told } = withPartition([
      response(),
      [BigInt(Fid.FFA_MSG_SEND_DIRECT_REQ), 0x8001_0000n],
      [BigInt(Fid.FFA_MSG_SEND_DIRECT_REQ), 0x0000_8001n],
      [BigInt(Fid.FFA_RUN), 0x8001_0000n],
    ]);
    expect(told).toEqual([error(DENIED), error(DENIED), error(INVALID_PARAMETERS), error(NOT_SUPPORTED)].map(eight));
  });

  test('a response is only for the one who asked, from the partition itself, and is due before the next wait', () => {
    const { told, host } = withPartition(
      [],
      [
        [BigInt(Fid.FFA_MSG_WAIT)],
        response(0x8001_0001n),
        response(0x0000_0000n),
        response(0x8002_0000n),
        response(0x8001_0000n, 1n),
        response(),
      ],
    );
    expect(host.smc('FFA_MSG_SEND_DIRECT_REQ', SP, 0, 9)).toEqual(answer(0x8400_0070n, 0x8001_0000n, 0n, 0x51n));
    const refused = [DENIED, DENIED, INVALID_PARAMETERS, INVALID_PARAMETERS, INVALID_PARAMETERS].map(error);
    expect(told).toEqual([answer(0x8400_006fn, 0x8001n, 0n, 9n), ...refused].map(eight));
  });

  test('a request reaches it with W1 and W2 as 32 bits, whatever stood above them', () => {
    const { told, host } = withPartition([], [response()]);
    const high = 0xa5a5_a5a5_0000_0000n;
    host.smc('FFA_MSG_SEND_DIRECT_REQ64', high | 0x8001n, high, high | 9n);
    expect(told[0]).toEqual(eight(answer(0xc400_006fn, 0x8001n, 0n, high | 9n)));
  });

  test('FFA_ERROR instead of a response reaches the one who asked, and the next request is taken', () => {
    const { host } = withPartition([], [[BigInt(Fid.FFA_ERROR), 0n, 0xffff_fffbn], response()]);
    expect(host.smc('FFA_MSG_SEND_DIRECT_REQ', SP)).toEqual(error(0xffff_fffbn));
    expect(host.smc('FFA_MSG_SEND_DIRECT_REQ', SP)[3]).toBe(0x51n);
  });

  test('one that cannot initialise itself does not hold up the boot; requests to it are aborted', () => {
    const { host, events } = withPartition([[BigInt(Fid.FFA_ERROR), 0n, 0xffff_fffdn]]);
    expect(
      events
        .map(traceLine)
        .filter((line) => line.includes('Secure partition'))
        .at(-1),
    ).toMatch(/failed -3$/);
    expect(host.smc('FFA_MSG_SEND_DIRECT_REQ', SP)).toEqual(error(ABORTED));
    expect(host.smc('FFA_PARTITION_INFO_GET', ...nil, 1)).toEqual(success(1n));
    expect(host.smc('RMI_VERSION', 0x1_0000)[0]).toBe(0n);
  });

  test('Secure software that nobody asked cannot leave to Normal world by FF-A', () => {
    const host = boot();
    const { pe } = host;
    pe.set('scr_el3', pe.get('scr_el3') & ~Scr.NS);
    pe.pstate = Pstate.DAIF | 0b0101n;
    expect(host.smc('FFA_MSG_WAIT')).toEqual(error(DENIED));
    expect(host.smc('FFA_MSG_SEND_DIRECT_RESP', 0x8001_0000n)).toEqual(error(DENIED));
    expect(host.smc('FFA_ERROR', 0, DENIED)).toEqual(error(NOT_SUPPORTED));
    expect(pe.world).toBe(World.Secure);
  });
});

describe('trace and snapshot', () => {
  test('the trace names the calls and shows both world switches', () => {
    const lines: string[] = [];
    const host = Machine.boot(baseMachine, { trace: (event) => lines.push(traceLine(event).slice(8)) }).host();
    lines.length = 0;
    host.smc('FFA_MSG_SEND_DIRECT_REQ', SP, 0, 0, 1);
    host.smc('FFA_RUN');
    expect(lines).toEqual([
      'PE0 NS.EL2  SMC FFA_MSG_SEND_DIRECT_REQ  0x8001 0x0 0x0 0x1',
      'PE0         world switch                NS -> S',
      'PE0 S.EL1     = FFA_MSG_SEND_DIRECT_REQ  0x8400_006f 0x8001 0x0 0x0 0x1',
      'PE0 S.EL1   SMC FFA_MSG_SEND_DIRECT_RESP  0x8001_0000 0x0 0x0 0x1',
      'PE0         world switch                S -> NS',
      'PE0 NS.EL2    = FFA_MSG_SEND_DIRECT_RESP  0x8400_0070 0x8001_0000 0x0 0x0 0x1',
      'PE0 NS.EL2  SMC FFA_RUN',
      'PE0 NS.EL2    = FFA_RUN                 0x8400_0060 0x0 0xffff_ffff',
    ]);
  });

  test('buffers, ownership and version are part of a snapshot', () => {
    const host = mapped();
    const { machine } = host;
    host.smc('FFA_VERSION', 0x1_0000);
    host.smc('FFA_PARTITION_INFO_GET', ...nil);
    const full = machine.snapshot();
    const saved = JSON.stringify(machine.save());
    host.smc('FFA_RX_RELEASE');
    host.smc('FFA_RXTX_UNMAP');
    host.smc('FFA_VERSION', 0x1_0001);
    machine.restore(full);
    for (const again of [machine, Machine.load(JSON.parse(saved))]) {
      const driver = again.host();
      expect(driver.smc('FFA_PARTITION_INFO_GET', ...nil)).toEqual(error(BUSY));
      expect(driver.smc('FFA_RXTX_MAP64', 0x8801_0000, 0x8802_0000, 1)).toEqual(error(DENIED));
      expect(driver.smc('FFA_RX_RELEASE')).toEqual(success());
      expect(driver.smc('FFA_PARTITION_INFO_GET', ...nil)).toEqual(success(1n, 0n));
    }
  });
});
