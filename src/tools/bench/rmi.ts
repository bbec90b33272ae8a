// RMI calls through the whole SMC path with tracing off: host, EL3, world switch, RMM, tables in memory, and back.
import { execFileSync } from 'node:child_process';
import { smc } from '../../cpu/act.ts';
import type { Pe } from '../../cpu/pe.ts';
import { Fid } from '../../arch/smccc.ts';
import { scriptImage } from '../../guest/image.ts';
import type { Script } from '../../arch/action.ts';
import { Machine } from '../../machine/machine.ts';
import { baseMachine } from '../../machine/machines/base.ts';
import { nodeHasher } from '../../node/hasher.ts';
import { toPa } from '../../arch/address.ts';
import { Pas, World } from '../../arch/world.ts';
import { type Figures, timed } from './measure.ts';

export const measures = 'RMI calls a second through the SMC path, and the share of the native figures they reach';

/** Calls a second of a native x86 build of the reference RMM, on another day and machine. */
const native = {
  RMI_VERSION: 56_000_000,
  'delegate + undelegate': 1_500_000,
  'RTT create + destroy': 1_000_000,
  'DATA_CREATE_UNKNOWN + DESTROY': 1_200_000,
  'DATA_CREATE measured': 90_000,
  'REALM_CREATE + DESTROY': 144_000,
  'REC_ENTER, immediate exit': 61_000,
  'a life of 61 calls': 532_000,
} as const;
type Work = keyof typeof native;

const BASE = 0x9000_0000;
const NS = 0x8f00_0000;
const BATCH = 500;

export async function run({ rounds }: { readonly rounds: number }): Promise<Figures> {
  const works = prepare();
  const rates = new Map<Work, number[]>();
  for (const [, work] of works) work();
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of works) rates.set(name, [...(rates.get(name) ?? []), await timed(work)()]);
  }
  const sha = shaOfOpenssl();
  return {
    title: 'RMI calls through the SMC path, tracing off, hashing by node:crypto; native: another day, another machine',
    figures: [
      ...[...rates].flatMap(([name, values]) => [
        { name, unit: 'calls/s', values },
        { name: '  share of native', unit: '', values: values.map((value) => value / native[name]), ...wanted(name) },
      ]),
      ...(sha === undefined ? [] : [{ name: 'yardstick: openssl SHA-256 of 4 KiB', unit: 'pages/s', values: [sha] }]),
    ],
  };
}

const wanted = (name: Work): { atLeast?: number } =>
  name === 'RMI_VERSION' ? {} : { atLeast: name === 'a life of 61 calls' ? 1 : 0.5 };

function shaOfOpenssl(): number | undefined {
  try {
    const out = execFileSync('openssl', ['speed', '-seconds', '1', '-evp', 'sha256', '-bytes', '4096'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const rate = /sha256\s+([\d.]+)k/i.exec(out)?.[1];
    return rate === undefined ? undefined : (Number(rate) * 1000) / 4096;
  } catch {
    return undefined;
  }
}

/** A guest that asks for something its RMM has to pass on, again and again. */
function* suspender(): Script {
  for (;;) yield { op: 'smc', x: [0xc400_0001n] };
}

/** One machine with a realm on it, and each kind of work as a function that returns how many calls it made. */
function prepare(): readonly (readonly [Work, () => number])[] {
  const machine = Machine.boot(baseMachine, { hasher: nodeHasher, scripts: { suspender } });
  const [pe] = machine.pes as readonly [Pe];
  const memory = pe.port(Pas.NonSecure, World.NonSecure);
  let calls = 0;
  const call = (fid: number, ...args: readonly number[]): number => {
    const { words } = pe;
    words[0] = fid;
    words[1] = 0;
    for (let n = 0; n < args.length; n++) {
      words[2 * n + 2] = (args[n] as number) % 2 ** 32;
      words[2 * n + 3] = Math.floor((args[n] as number) / 2 ** 32);
    }
    smc(pe);
    machine.settle(pe);
    calls++;
    return pe.words[0] as number;
  };
  const must = (fid: number, ...args: readonly number[]): void => {
    const status = call(fid, ...args);
    if (status !== 0) throw new Error(`0x${fid.toString(16)} gave 0x${status.toString(16)}`);
  };
  const counted = (work: () => void): (() => number) => {
    return () => {
      calls = 0;
      work();
      return calls;
    };
  };
  const write = (at: number, value: bigint): void => void memory.write64(toPa(at), value);

  /** Granules of a realm: two starting tables, RD, tables of level 2 and 3, data, REC and sixteen auxiliary ones. */
  const granules = Array.from({ length: 32 }, (_, i) => BASE + i * 4096);
  const [rtt0, , rd, rtt2, rtt3, data, data2, rec] = granules as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const aux = granules.slice(8, 24);
  const params = NS;
  const recParams = NS + 0x1000;
  const source = NS + 0x2000;
  const runPage = NS + 0x3000;
  write(params + 0x008, 40n);
  write(params + 0x018, 5n);
  write(params + 0x020, 3n);
  write(params + 0x800, 1n);
  write(params + 0x808, BigInt(rtt0));
  write(params + 0x810, 1n);
  write(params + 0x818, 2n);
  write(recParams, 1n);
  write(recParams + 0x200, 0x1000n);
  write(recParams + 0x800, 16n);
  for (const [i, pa] of aux.entries()) write(recParams + 0x808 + 8 * i, BigInt(pa));
  memory.writeBytes(toPa(source), scriptImage('suspender'));
  // A neighbour that stays delegated keeps the tables split, as on a host that runs realms.
  must(Fid.RMI_GRANULE_DELEGATE, BASE + 0x3f000);

  const build = (): void => {
    must(Fid.RMI_REALM_CREATE, rd, params);
    must(Fid.RMI_RTT_CREATE, rd, rtt2, 0, 2);
    must(Fid.RMI_RTT_CREATE, rd, rtt3, 0, 3);
  };
  const takeDown = (): void => {
    must(Fid.RMI_RTT_DESTROY, rd, 0, 3);
    must(Fid.RMI_RTT_DESTROY, rd, 0, 2);
    must(Fid.RMI_REALM_DESTROY, rd);
  };
  const used = [...granules.slice(0, 6), rec, ...aux];
  const life = (): void => {
    for (const pa of used) must(Fid.RMI_GRANULE_DELEGATE, pa);
    build();
    must(Fid.RMI_RTT_INIT_RIPAS, rd, 0, 0x4000);
    must(Fid.RMI_DATA_CREATE, rd, data, 0x1000, source, 1);
    must(Fid.RMI_REC_AUX_COUNT, rd);
    must(Fid.RMI_REC_CREATE, rd, rec, recParams);
    must(Fid.RMI_REALM_ACTIVATE, rd);
    must(Fid.RMI_REC_DESTROY, rec);
    must(Fid.RMI_DATA_DESTROY, rd, 0x1000);
    takeDown();
    for (const pa of used) must(Fid.RMI_GRANULE_UNDELEGATE, pa);
  };

  life();
  const repeat = (times: number, work: (i: number) => void): (() => number) =>
    counted(() => {
      for (let i = 0; i < times; i++) work(i);
    });
  /** Work on a realm that stands for as long as the work takes. */
  const onRealm = (work: () => void): (() => number) => {
    return () => {
      for (const pa of granules.slice(0, 24)) must(Fid.RMI_GRANULE_DELEGATE, pa);
      build();
      calls = 0;
      work();
      const made = calls;
      takeDown();
      for (const pa of granules.slice(0, 24)) must(Fid.RMI_GRANULE_UNDELEGATE, pa);
      return made;
    };
  };
  return [
    ['RMI_VERSION', repeat(BATCH * 10, () => must(Fid.RMI_VERSION, 0x1_0000))],
    [
      'delegate + undelegate',
      repeat(BATCH * 4, () => {
        must(Fid.RMI_GRANULE_DELEGATE, data);
        must(Fid.RMI_GRANULE_UNDELEGATE, data);
      }),
    ],
    [
      'RTT create + destroy',
      onRealm(() => {
        must(Fid.RMI_RTT_DESTROY, rd, 0, 3);
        for (let i = 0; i < BATCH * 2; i++) {
          must(Fid.RMI_RTT_CREATE, rd, rtt3, 0, 3);
          must(Fid.RMI_RTT_DESTROY, rd, 0, 3);
        }
        must(Fid.RMI_RTT_CREATE, rd, rtt3, 0, 3);
      }),
    ],
    [
      'DATA_CREATE_UNKNOWN + DESTROY',
      onRealm(() => {
        for (let i = 0; i < BATCH * 4; i++) {
          must(Fid.RMI_DATA_CREATE_UNKNOWN, rd, data, 0x1000);
          must(Fid.RMI_DATA_DESTROY, rd, 0x1000);
        }
      }),
    ],
    [
      'DATA_CREATE measured',
      () => {
        // The destroys between are not counted, but are part of the time: the figure is on the low side.
        return onRealm(() => {
          for (let i = 0; i < BATCH; i++) {
            must(Fid.RMI_DATA_CREATE, rd, data2, 0x2000, source, 1);
            must(Fid.RMI_DATA_DESTROY, rd, 0x2000);
            calls--;
          }
        })();
      },
    ],
    [
      'REALM_CREATE + DESTROY',
      onRealm(() => {
        takeDown();
        calls = 0;
        for (let i = 0; i < BATCH; i++) {
          must(Fid.RMI_REALM_CREATE, rd, params);
          must(Fid.RMI_REALM_DESTROY, rd);
        }
        const made = calls;
        build();
        calls = made;
      }),
    ],
    [
      'REC_ENTER, immediate exit',
      onRealm(() => {
        must(Fid.RMI_RTT_INIT_RIPAS, rd, 0, 0x4000);
        must(Fid.RMI_DATA_CREATE, rd, data, 0x1000, source, 1);
        must(Fid.RMI_REC_CREATE, rd, rec, recParams);
        must(Fid.RMI_REALM_ACTIVATE, rd);
        calls = 0;
        for (let i = 0; i < BATCH; i++) {
          call(Fid.RMI_REC_ENTER, rec, runPage);
          while (pe.el < 2) machine.step(pe);
        }
        const made = calls;
        must(Fid.RMI_REC_DESTROY, rec);
        must(Fid.RMI_DATA_DESTROY, rd, 0x1000);
        calls = made;
      }),
    ],
    ['a life of 61 calls', repeat(20, life)],
  ];
}
