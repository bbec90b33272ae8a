// Random SMCs with hostile registers from a host that means harm. Nothing throws, nothing panics, and at every checkpoint the
// tables, the RMM and what software can reach agree: every granule of every bank is Non-secure, or Realm and the RMM's.

import { expect, it } from 'vitest';
import { Fid } from '../../src/arch/smccc.ts';
import { Gpi } from '../../src/arch/gpi.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { Prng } from '../../src/base/prng.ts';
import { Machine } from '../../src/machine/machine.ts';
import type { MachineDescription } from '../../src/machine/description.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { become, callerName, smcToMonitor, topMachine } from './callers.ts';
import { gpiOfWord } from './gpt-bench.ts';
import type { Pe } from '../../src/cpu/pe.ts';
import { memoryDigest } from './state.ts';

const CALLS = 50_000;
const valid = new Set<number>([Gpi.NoAccess, Gpi.Secure, Gpi.NonSecure, Gpi.Root, Gpi.Realm, Gpi.All]);
/** What ends the machine or the caller's PE is not part of the game. */
const fatal = new Set<number>([Fid.PSCI_CPU_OFF, Fid.PSCI_SYSTEM_OFF, Fid.PSCI_SYSTEM_RESET]);

const edges = [
  0n,
  (1n << 64n) - 1n,
  1n << 63n,
  1n << 48n,
  (1n << 48n) - 4096n,
  1n << 40n,
  (1n << 40n) - 4096n,
  1n << 53n,
];
const bases = [
  0x8000_0000n,
  0x8800_0000n,
  0xfbff_f000n,
  0xfc00_0000n,
  0xfdc0_0000n,
  0xffbf_f000n,
  0xffee_0000n,
  0x8_8000_0000n,
  0x9_0000_0000n,
  0xff_ffff_f000n,
];

/** Frames of the banks that are not Non-secure, read from the words in memory. */
function foreignFrames(machine: Machine): { readonly frame: number; readonly gpi: number | 'invalid' }[] {
  const { memory, description } = machine;
  const { l0Base } = description.gpt;
  const word = (at: number): bigint => {
    memory.fetch64(Math.floor(at / 4096), at % 4096);
    return (BigInt(memory.hi >>> 0) << 32n) | BigInt(memory.lo >>> 0);
  };
  const found: { frame: number; gpi: number | 'invalid' }[] = [];
  for (const { base, size } of description.banks)
    for (let at = base; at < base + size; at += 0x1_0000) {
      const table = Number(word(l0Base + 8 * Math.floor(at / 2 ** 30)) & ~0xfffn);
      const entry = word(table + 8 * ((at % 2 ** 30) / 0x1_0000));
      if (entry === 0x9999_9999_9999_9999n || (entry & 0xffn) === 0x91n) continue;
      for (let i = 0; i < 16; i++) {
        const gpi = gpiOfWord(entry, i, valid);
        if (gpi !== Gpi.NonSecure) found.push({ frame: at / 4096 + i, gpi });
      }
    }
  return found;
}

/** Register values that look like something, and some that look like nothing. */
function values(prng: Prng): { readonly pick: <T>(list: readonly T[]) => T; readonly value: () => bigint } {
  const pick = <T>(list: readonly T[]): T => list[prng.below(list.length)] as T;
  const value = (): bigint => {
    switch (prng.below(6)) {
      case 0:
        return prng.u64();
      case 1:
        return BigInt.asUintN(64, pick(edges) + BigInt(prng.below(3)) - 1n);
      case 2:
        return BigInt(prng.below(4));
      case 3:
        return pick(edges) | pick(bases);
      default:
        return pick(bases) + BigInt(prng.below(64)) * 0x1000n + (prng.below(16) === 0 ? BigInt(prng.below(4096)) : 0n);
    }
  };
  return { pick, value };
}

/** Plays all calls; the number of delegations that succeeded. */
function play(description: MachineDescription, seed: number): number {
  const prng = new Prng(seed);
  const machine = Machine.boot({ ...description, isStrict: true });
  const host = machine.host();
  const known = Object.values(Fid).filter((fid) => !fatal.has(fid));
  const { pick, value } = values(prng);
  const fidOf = (): bigint => {
    const fid =
      prng.below(3) === 0
        ? pick([Fid.RMI_GRANULE_DELEGATE, Fid.RMI_GRANULE_UNDELEGATE])
        : prng.below(4) === 0
          ? Number(prng.u64() & 0xffff_ffffn)
          : pick(known);
    const more = prng.below(8) === 0 ? (prng.u64() & 0xffff_ffffn) << 32n : 0n;
    const hint = prng.below(8) === 0 ? 0x1_0000n : 0n;
    return fatal.has(fid) || fatal.has((fid & ~0x1_0000) >>> 0) ? 0n : BigInt(fid) | more | hint;
  };
  const check = (at: number): void => {
    const foreign = foreignFrames(machine);
    expect({ at, wrong: foreign.filter(({ gpi }) => gpi !== Gpi.Realm) }).toEqual({ at, wrong: [] });
    const delegated = machine.rmm
      .data()
      .granules.used.map(([pa]) => pa / 4096)
      .sort((a, b) => a - b);
    expect(foreign.map(({ frame }) => frame).sort((a, b) => a - b)).toEqual(delegated);
    for (const frame of delegated.slice(0, 20)) {
      expect(host.read(BigInt(frame) * 4096n).fault).toMatchObject({ fsc: 0x28 });
      expect(machine.smmu.read('disk', Pas.NonSecure, BigInt(frame) * 4096n, 8).kind).toBe('aborted');
    }
    expect({ end: machine.end, panic: machine.monitor.panic, findings: machine.findings }).toEqual({
      end: undefined,
      panic: undefined,
      findings: [],
    });
  };
  let delegations = 0;
  for (let n = 0; n < CALLS; n++) {
    const x = [fidOf(), ...Array.from({ length: 7 + prng.below(11) }, value)];
    const outcome = host.perform({ op: 'smc', imm: prng.below(32) === 0 ? prng.below(0x1_0000) : 0, x });
    if (outcome.kind !== 'done')
      throw new Error(`seed ${seed}, call ${n}: ${x.map((item) => item.toString(16)).join(' ')}: ${outcome.kind}`);
    if (outcome.x[0] === 0n && Number((x[0] as bigint) & 0xffff_ffffn) === Fid.RMI_GRANULE_DELEGATE) delegations++;
    if (n % 10_000 === 9_999) check(n);
  }
  return delegations;
}

it(`${CALLS} hostile calls leave the base machine consistent, seed 0xf1`, { timeout: 120_000 }, () =>
  expect(play(baseMachine, 0xf1)).toBeGreaterThan(300),
);
it('so they do where banks reach the end of the protected range, seed 0xf2', { timeout: 120_000 }, () =>
  expect(play(topMachine, 0xf2)).toBeGreaterThan(300),
);

it('hostile calls from Secure EL1 and Realm EL1 end in the monitor and move no granule, seed 0xf3', () => {
  for (const caller of [
    { world: World.Secure, el: 1 },
    { world: World.Realm, el: 1 },
  ] as const) {
    const prng = new Prng(0xf3);
    const { pick, value } = values(prng);
    const machine = Machine.boot(baseMachine);
    const pe = machine.pes[0] as Pe;
    const before = memoryDigest(machine);
    const snapshot = machine.snapshot();
    for (let n = 0; n < 20_000; n++) {
      become(pe, caller);
      const fid = prng.below(4) === 0 ? prng.u64() : BigInt(pick(Object.values(Fid)));
      pe.x[0] = fid;
      for (let i = 1; i < 18; i++) pe.x[i] = value();
      smcToMonitor(machine, pe);
      // Below EL3 again, wherever the call went.
      if (pe.el === 3 || machine.monitor.panic !== undefined)
        throw new Error(`${callerName(caller)} ${fid.toString(16)}`);
      if (pe.world !== caller.world) machine.restore(snapshot);
    }
    expect(foreignFrames(machine)).toEqual([]);
    machine.restore(snapshot);
    expect(memoryDigest(machine)).toBe(before);
  }
});
