// Realms of every IPA width and starting level, with and without LPA2: tables down to a page, a page beyond 2^48 where one can be,
// a shared page, everything read back, folded and taken away. Every call is judged by the specification.

import { describe, expect, it } from 'vitest';
import { Runner } from '../../src/fuzz/rmi-runner.ts';
import {
  FAR,
  GRANULE,
  WorldBuilder,
  pageOf,
  realmParams,
  smallMachine,
  wideMachine,
} from '../../src/fuzz/rmi-world.ts';
import type { Judgement } from '../../src/fuzz/oracle/oracle.ts';
import { Machine } from '../../src/machine/machine.ts';
import { type CommandName, commandFids } from '../../src/spec/generated.ts';

const LPA2 = 1;
const entrySize = (level: number): bigint => 1n << BigInt(12 + 9 * (3 - level));
const register = (value: number): bigint => BigInt.asUintN(64, BigInt(value));

type Shape = readonly [ipaBits: number, startLevel: number, tables: number];
const shapes: readonly Shape[] = [
  [32, 2, 4], [33, 2, 8], [34, 2, 16],
  [32, 1, 1], [39, 1, 1], [40, 1, 2], [41, 1, 4], [42, 1, 8], [43, 1, 16],
  [40, 0, 1], [44, 0, 1], [48, 0, 1],
]; // prettier-ignore
const wideShapes: readonly Shape[] = [[48, 0, 1], [49, 0, 2], [50, 0, 4], [51, 0, 8], [52, 0, 16], [49, -1, 1], [52, -1, 1], [34, 2, 16], [43, 1, 16]]; // prettier-ignore

/** Builds and takes down one Realm; returns what was judged. */
function lifeOf(machine: Machine, [ipaBits, startLevel, tables]: Shape, flags: number): readonly Judgement[] {
  const b = new WorldBuilder(machine);
  const runner = new Runner(machine);
  const judged: Judgement[] = [];
  const call = (name: CommandName, ...args: readonly bigint[]): void => {
    judged.push(...runner.smc([BigInt(commandFids[name][0]), ...args]).judgements);
  };
  const rtt = b.delegate(BigInt(tables));
  const rd = b.delegate();
  b.fill(b.params, pageOf(realmParams({ ipaBits, startLevel, tables, vmid: 9, flags, hash: 1 }, rtt)));
  call('RMI_REALM_CREATE', rd, b.params);

  const half = 1n << BigInt(ipaBits - 1);
  const levels = Array.from({ length: 3 - startLevel }, (_, i) => startLevel + 1 + i);
  // First and last entries of both halves: concatenated tables are all used.
  for (const [base, isShared] of [
    [0n, false],
    [half - entrySize(2), false],
    [half, true],
    [2n * half - entrySize(2), true],
  ] as const) {
    for (const level of levels) {
      const at = base - (base % entrySize(level - 1));
      call('RMI_RTT_CREATE', rd, b.delegate(), at, register(level));
      call('RMI_RTT_READ_ENTRY', rd, at, register(level - 1));
    }
    if (isShared) {
      call('RMI_RTT_MAP_UNPROTECTED', rd, base, 3n, b.source | 0xd8n);
      call('RMI_RTT_READ_ENTRY', rd, base, 3n);
      call('RMI_RTT_FOLD', rd, base, 3n);
      call('RMI_RTT_UNMAP_UNPROTECTED', rd, base, 3n);
    } else {
      const data = base === 0n && flags === LPA2 ? BigInt(FAR) : b.delegate();
      if (data === BigInt(FAR)) call('RMI_GRANULE_DELEGATE', data);
      call('RMI_RTT_INIT_RIPAS', rd, base, base + 4n * GRANULE);
      call('RMI_DATA_CREATE', rd, data, base, b.source, 1n);
      call('RMI_RTT_READ_ENTRY', rd, base, 3n);
      call('RMI_DATA_DESTROY', rd, base);
      if (data === BigInt(FAR)) call('RMI_GRANULE_UNDELEGATE', data);
    }
    for (const level of levels.toReversed()) {
      const at = base - (base % entrySize(level - 1));
      call(level === 3 ? 'RMI_RTT_DESTROY' : 'RMI_RTT_FOLD', rd, at, register(level));
      call('RMI_RTT_DESTROY', rd, at, register(level));
    }
  }
  call('RMI_REALM_DESTROY', rd);
  return judged;
}

const failures = (judged: readonly Judgement[]): readonly unknown[] => judged.flatMap(({ violations }) => violations);

describe.each([
  ['48-bit addresses', smallMachine, shapes, 0],
  ['52-bit addresses, without LPA2', wideMachine, shapes, 0],
  ['52-bit addresses, with LPA2', wideMachine, wideShapes, LPA2],
] as const)('Realms with %s', (_, description, list, flags) => {
  it.each(list)('%i bits from level %i with %i tables live and go', (...shape) => {
    const judged = lifeOf(Machine.boot(description), shape, flags);
    expect(failures(judged)).toEqual([]);
    expect(judged.at(-1)).toMatchObject({ command: 'RMI_REALM_DESTROY', rows: [] });
  });
});
