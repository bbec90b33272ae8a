// Sequences that varying one call does not come to: RIPAS changes, PSCI between RECs, blocks of each RIPAS, the end of a Realm.
// Every call in them is judged.

import { commandFids, type CommandName } from '../spec/generated.ts';
import type { Result, Runner } from './rmi-runner.ts';
import { type Places, type WorldBuilder, ipas, pageOf } from './rmi-world.ts';

const ONES = 2n ** 64n - 1n;
const DENIED = ONES - 2n;
const L2 = 2n ** 21n;
const PAGE = 0x1000n;

/** One story on its way: calls of the Host, and of the Realm that runs on PE 0. */
export class Teller {
  readonly results: Result[] = [];
  readonly runner: Runner;
  readonly places: Places;

  constructor(runner: Runner, places: Places) {
    this.runner = runner;
    this.places = places;
  }

  at(name: string): bigint {
    const place = this.places[name] ?? ipas[name];
    if (place === undefined) throw new Error(`no place ${name}`);
    return place;
  }

  /** A call of whoever has PE 0; places by name. */
  call(name: CommandName, ...args: readonly (bigint | string)[]): Result {
    const x = args.map((arg) => (typeof arg === 'string' ? this.at(arg) : arg));
    const result = this.runner.smc([BigInt(commandFids[name][0]), ...x]);
    this.results.push(result);
    return result;
  }

  /** Enters a REC with flags in the run page, and an answer for its X0 or its Host call. */
  enter(rec: string, flags = 0n, value = 0n): Result {
    this.runner.machine.memory.load(
      Number(this.at('run') / PAGE),
      0,
      pageOf([
        [0, flags, 8],
        [0x200, value, 8],
        [0x208, 0x1234n, 8],
      ]),
    );
    return this.call('RMI_REC_ENTER', rec, 'run');
  }

  act(action: Parameters<Runner['act']>[0]): Result {
    const { result } = this.runner.act(action);
    this.results.push(result);
    return result;
  }
}

export type Story = { readonly name: string; readonly tell: (t: Teller, b: WorldBuilder) => void };
const REJECT = 16n;
const EMUL_MMIO = 1n;
const INJECT_SEA = 2n;
const RAM = 1n;
const EMPTY = 0n;
const WITH_DESTROYED = 1n;

/** Begins with PE 0 in the Host. */
export const stories: readonly Story[] = [
  {
    name: 'RIPAS RAM, then EMPTY twice, with leave to change DESTROYED',
    tell(t) {
      t.enter('guest');
      for (const value of [RAM, EMPTY, EMPTY]) {
        t.call('RSI_IPA_STATE_SET', 0x1000n, 0x6000n, value, WITH_DESTROYED);
        t.call('RMI_RTT_SET_RIPAS', 'activeRealm', 'guest', 0x1000n, 0x6000n);
        t.enter('guest');
      }
    },
  },
  {
    name: 'RIPAS EMPTY where it is DESTROYED, with leave',
    tell(t) {
      t.enter('guest');
      t.call('RSI_IPA_STATE_SET', 0x4000n, 0x6000n, EMPTY, WITH_DESTROYED);
      t.call('RMI_RTT_SET_RIPAS', 'activeRealm', 'guest', 0x4000n, 0x6000n);
      t.enter('guest');
    },
  },
  {
    name: 'RIPAS that stops at DESTROYED without leave, and goes no further',
    tell(t) {
      t.enter('guest');
      t.call('RSI_IPA_STATE_SET', 0x2000n, 0x6000n, RAM, 0n);
      t.call('RMI_RTT_SET_RIPAS', 'activeRealm', 'guest', 0x2000n, 0x6000n);
      t.call('RMI_RTT_SET_RIPAS', 'activeRealm', 'guest', 0x4000n, 0x6000n);
      t.enter('guest', REJECT);
      t.call('RSI_IPA_STATE_SET', 0n, 0x1000n, RAM, 0n);
      t.call('RMI_RTT_SET_RIPAS', 'activeRealm', 'guest', 0n, 0x1000n);
      t.enter('guest', REJECT);
    },
  },
  {
    name: 'RIPAS that begins inside a large entry, and one that is smaller than it',
    tell(t) {
      t.enter('guest');
      t.call('RSI_IPA_STATE_SET', L2 + PAGE, 2n * L2, RAM, 0n);
      t.call('RMI_RTT_SET_RIPAS', 'activeRealm', 'guest', L2 + PAGE, 2n * L2);
      t.enter('guest');
      t.call('RSI_IPA_STATE_SET', L2, L2 + PAGE, RAM, 0n);
      t.call('RMI_RTT_SET_RIPAS', 'activeRealm', 'guest', L2, L2 + PAGE);
      t.enter('guest');
      t.call('RSI_IPA_STATE_SET', L2, 3n * L2 + PAGE, RAM, 0n);
      t.call('RMI_RTT_SET_RIPAS', 'activeRealm', 'guest', L2, 3n * L2 + PAGE);
      t.call('RMI_RTT_SET_RIPAS', 'activeRealm', 'guest', 3n * L2, 3n * L2 + PAGE);
      t.enter('guest');
    },
  },
  {
    name: 'a REC turns another on, is told that it is on, and is denied',
    tell(t) {
      t.enter('guest');
      t.call('PSCI_CPU_ON', 1n, 0x100n, 7n);
      t.call('RMI_PSCI_COMPLETE', 'guest', 'off', DENIED);
      t.enter('guest');
      t.call('PSCI_AFFINITY_INFO', 1n, 0n);
      t.call('RMI_PSCI_COMPLETE', 'guest', 'off', 0n);
      t.enter('guest');
      t.call('PSCI_CPU_ON', 1n, 0x100n, 7n);
      t.call('RMI_PSCI_COMPLETE', 'guest', 'off', 0n);
      t.enter('guest');
      t.call('PSCI_CPU_ON', 1n, 0x100n, 7n);
      t.call('RMI_PSCI_COMPLETE', 'guest', 'off', DENIED);
      t.call('RMI_PSCI_COMPLETE', 'guest', 'off', 0n);
      t.enter('guest');
      t.call('PSCI_AFFINITY_INFO', 3n, 0n);
      t.call('RMI_PSCI_COMPLETE', 'guest', 'running', 0n);
      t.enter('off');
      t.call('PSCI_CPU_OFF');
      t.enter('off');
    },
  },
  {
    name: 'Host calls: answered, its page gone, its page EMPTY',
    tell(t) {
      t.enter('guest');
      t.call('RSI_HOST_CALL', 0x100n);
      t.enter('guest');
      t.call('RSI_IPA_STATE_SET', 0x1000n, 0x2000n, RAM, 0n);
      t.call('RMI_RTT_SET_RIPAS', 'activeRealm', 'guest', 0x1000n, 0x2000n);
      t.enter('guest');
      t.call('RSI_HOST_CALL', 0x1f00n);
      t.call('RMI_DATA_DESTROY', 'activeRealm', 0x1000n);
      t.enter('guest');
      t.enter('second');
      t.call('RSI_IPA_STATE_SET', 0x1000n, 0x2000n, EMPTY, WITH_DESTROYED);
      t.call('RMI_RTT_SET_RIPAS', 'activeRealm', 'second', 0x1000n, 0x2000n);
      t.enter('guest');
    },
  },
  {
    name: 'calls with a buffer that is not there begin again',
    tell(t) {
      t.enter('guest');
      t.call('RSI_REALM_CONFIG', 0x2000n);
      t.call('RMI_DATA_CREATE_UNKNOWN', 'activeRealm', 'free', 0x2000n);
      t.enter('guest');
      t.call('RSI_REALM_CONFIG', 0x2000n);
      t.call('RSI_HOST_CALL', 0x4000n);
      t.enter('guest');
      t.call('RSI_ATTESTATION_TOKEN_INIT', 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n);
      t.call('RSI_ATTESTATION_TOKEN_CONTINUE', 0x4000n, 0n, PAGE);
      t.enter('guest');
      t.call('RSI_ATTESTATION_TOKEN_CONTINUE', 0x2000n, 0n, 8n);
      t.call('RSI_ATTESTATION_TOKEN_CONTINUE', 0x2000n, 8n, PAGE - 8n);
    },
  },
  {
    name: 'accesses that the Host emulates, or answers with an external abort',
    tell(t) {
      const device = (ipas['sharedHole'] as bigint) + 0x18n;
      t.enter('guest');
      for (const size of [1, 2, 4, 8] as const) {
        for (const signed of [true, false]) {
          t.act({ op: 'load', at: device, size, signed, reg: 3 });
          t.enter('guest', EMUL_MMIO, 0xffff_ffff_8765_89abn);
        }
      }
      t.act({ op: 'store', at: device, size: 4, value: 0x1122_3344_5566_7788n, reg: 4 });
      t.enter('guest', EMUL_MMIO, 1n);
      t.act({ op: 'load', at: device, size: 8 });
      t.enter('guest', EMUL_MMIO, 1n);
      t.act({ op: 'load', at: device, size: 8, reg: 2 });
      t.enter('guest', INJECT_SEA);
      t.act({ op: 'load', at: device, size: 16 });
      t.enter('guest', INJECT_SEA | EMUL_MMIO);
      t.act({ op: 'load', at: 0x2000n, size: 8 });
      t.enter('guest', INJECT_SEA);
      t.act({ op: 'load', at: ipas['shared'] as bigint, size: 8 });
    },
  },
  {
    name: 'a Realm shut down, and one that resets itself, are taken down',
    tell(t) {
      t.enter('guest');
      t.call('PSCI_SYSTEM_RESET');
      t.enter('guest');
      for (const rec of ['offRec', 'offRecToo']) t.call('RMI_REC_DESTROY', rec);
      t.call('RMI_DATA_DESTROY', 'offRealm', 0n);
      t.call('RMI_RTT_DESTROY', 'offRealm', 0n, 3n);
      t.call('RMI_RTT_DESTROY', 'offRealm', 0n, 2n);
      t.call('RMI_REALM_DESTROY', 'offRealm');
      t.call('RMI_REALM_ACTIVATE', 'emptyRealm');
      t.call('RMI_REALM_DESTROY', 'emptyRealm');
    },
  },
  ...(['tableEmpty', 'tableRam', 'tableDestroyed'] as const).map((name): Story => ({
    name: `512 pages at ${name} become a block and pages again`,
    tell(t, b) {
      b.block(t.at('newRealm'), t.at(name));
      t.call('RMI_RTT_FOLD', 'newRealm', name, 3n);
      t.call('RMI_RTT_READ_ENTRY', 'newRealm', name, 3n);
      t.call('RMI_RTT_CREATE', 'newRealm', 'free', name, 3n);
      t.call('RMI_DATA_DESTROY', 'newRealm', t.at(name) + 5n * PAGE);
      t.call('RMI_RTT_FOLD', 'newRealm', name, 3n);
    },
  })),
];
