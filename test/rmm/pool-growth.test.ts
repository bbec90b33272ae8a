// Registers live in the pool that page frames live in, and move when it grows. A command whose own tables make it grow has to
// answer in the registers as they are then. Found by a realm of 1 GiB: the 208th table was the one.

import { expect, it } from 'vitest';
import type { El } from '../../src/arch/world.ts';
import { type Step, GRANULE, must, write } from '../../src/host/abi.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';

const RD = 0x9000_0000;
const RTT = 0x9000_2000;
const TABLES = 0x9010_0000;
const PARAMS = 0x8f00_0000;
const EL2: El = 2;

function run<T>(machine: Machine, step: Step<T>): T {
  const [pe] = machine.pes;
  for (let next = step.next(); ;) {
    if (next.done === true) return next.value;
    if (pe === undefined || pe.el !== EL2) throw new Error('the host runs at EL2');
    next = step.next(machine.perform(pe, next.value));
  }
}

function* tables(count: number): Step<void> {
  for (const pa of [RD, RTT, RTT + GRANULE, TABLES]) yield* must('RMI_GRANULE_DELEGATE', pa);
  for (const [at, value] of [
    [0x008, 40],
    [0x018, 5],
    [0x020, 3],
    [0x800, 1],
    [0x808, RTT],
    [0x810, 1],
    [0x818, 2],
  ] as const)
    yield* write(PARAMS + at, BigInt(value));
  yield* must('RMI_REALM_CREATE', RD, PARAMS);
  yield* must('RMI_RTT_CREATE', RD, TABLES, 0, 2);
  for (let i = 1; i <= count; i++) {
    yield* must('RMI_GRANULE_DELEGATE', TABLES + i * GRANULE);
    yield* must('RMI_RTT_CREATE', RD, TABLES + i * GRANULE, (i - 1) * 2 ** 21, 3);
  }
}

it('answers every call of a Host whose tables make the pool grow', () => {
  const machine = Machine.boot(baseMachine);
  const { pool } = machine.memory;
  const before = pool.capacity;
  run(machine, tables(500));
  expect(pool.capacity).toBeGreaterThan(before);
});
