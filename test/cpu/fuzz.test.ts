// A host at EL2 that does anything an instruction can do, with any operand. It never leaves Normal world but by the calls that
// EL3 answers, never sees another world's memory, and never breaks the machine.

import { expect, it } from 'vitest';
import type { Action } from '../../src/arch/action.ts';
import { sysRegs } from '../../src/arch/registers.ts';
import { Fid } from '../../src/arch/smccc.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { Prng } from '../../src/base/prng.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { toPa } from '../../src/arch/address.ts';

const ACTIONS = 30_000;
const SECRET = 0x5ec2_e75e_c2e7_5ec2n;
const fatal = new Set<number>([Fid.PSCI_CPU_OFF, Fid.PSCI_SYSTEM_OFF, Fid.PSCI_SYSTEM_RESET]);

it(`${ACTIONS} random actions of a host stay in Normal world and read no secret, seed 0xc0`, () => {
  const prng = new Prng(0xc0);
  const pick = <T>(list: readonly T[]): T => list[prng.below(list.length)] as T;
  const machine = Machine.boot({ ...baseMachine, isStrict: true });
  const host = machine.host();
  const { pe } = host;
  host.smc('RMI_GRANULE_DELEGATE', 0x8800_0000);
  // A secret in every granule that is not the host's.
  const secrets = [
    [0x8800_0000, Pas.Realm],
    [0xfdc0_0000, Pas.Realm],
    [0xfc00_0000, Pas.Secure],
    [0xffc0_0000, Pas.Root],
  ] as const;
  for (const [at, pas] of secrets)
    expect(pe.port(pas, World.Root).fill64(toPa(at), 512, Number(SECRET & 0xffff_ffffn), Number(SECRET >> 32n))).toBe(
      0,
    );
  const snapshot = machine.snapshot();

  const bases = [...secrets.map(([at]) => BigInt(at)), 0x8800_1000n, 0x8000_0000n, 0x0403_e000n, 0x1c09_0000n];
  const operand = (): bigint => {
    const near = pick(bases) + BigInt(prng.below(0x2000)) - 0x1000n;
    return pick([
      prng.u64(),
      near,
      near,
      near,
      near | (1n << BigInt(40 + prng.below(24))),
      -1n,
      0n,
      BigInt(prng.below(32)),
    ]);
  };
  const actions: readonly (() => Action)[] = [
    () => ({ op: 'load', at: operand(), size: pick([1, 2, 4, 8, 16] as const), reg: prng.below(31) }),
    () => ({ op: 'load', at: operand(), size: 8, pas: pick([Pas.Secure, Pas.NonSecure, Pas.Root, Pas.Realm]) }),
    () => ({ op: 'store', at: operand(), size: pick([1, 2, 4, 8, 16] as const), value: operand() }),
    () => ({
      op: 'store',
      at: operand(),
      size: 8,
      value: 0n,
      pas: pick([Pas.Secure, Pas.NonSecure, Pas.Root, Pas.Realm]),
    }),
    () => ({ op: 'fetch', at: operand() }),
    () => ({ op: 'mrs', reg: pick(sysRegs) }),
    () => ({ op: 'msr', reg: pick(sysRegs), value: operand() }),
    () => ({ op: 'msr', reg: 'spsr_el2', value: pick([0b00000n, 0b00101n, 0b01001n, BigInt(prng.below(32))]) }),
    () => ({ op: 'eret' }),
    () => ({ op: 'svc', imm: prng.below(0x1_0000) }),
    () => ({ op: 'hvc', imm: prng.below(0x1_0000) }),
    () => {
      const fid = pick(Object.values(Fid));
      return { op: 'smc', x: [BigInt(fatal.has(fid) ? 0 : fid), ...Array.from({ length: 7 }, operand)] };
    },
    () => ({ op: 'tlbi', what: pick(['paall', 'paallos', 'rpaos', 'rpalos'] as const), xt: operand() }),
    () => ({ op: 'cipapa', xt: operand() }),
  ];
  const wrong: string[] = [];
  const isSecret = (value: bigint): boolean => value === SECRET || value === ((SECRET << 64n) | SECRET);
  const seen = new Map<string, number>();
  for (let n = 0; n < ACTIONS; n++) {
    const action = pick(actions)();
    const outcome = host.perform(action);
    seen.set(outcome.kind, (seen.get(outcome.kind) ?? 0) + 1);
    const read = outcome.kind === 'done' ? [outcome.value, ...outcome.x, ...pe.x.subarray(0, 31)] : [];
    const text = `${n} ${action.op}: ${outcome.kind}`;
    if (read.some(isSecret)) wrong.push(`${text} reads a secret`);
    if (machine.findings.length > 0) wrong.push(`${text} uses something stale`);
    if (machine.end !== undefined) wrong.push(`${text} ends the machine`);
    if (outcome.kind !== 'moved' && (pe.world !== World.NonSecure || pe.el !== 2)) wrong.push(`${text} leaves EL2`);
    if (outcome.kind === 'moved' && (outcome.to === 'off' || outcome.to.world !== World.NonSecure)) wrong.push(text);
    // It entered an EL where nothing lives, or has made its own life hard: start over.
    if (outcome.kind === 'moved' || n % 500 === 499) machine.restore(snapshot);
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(['done', 'fault', 'moved'].filter((kind) => (seen.get(kind) ?? 0) < 20)).toEqual([]);
  machine.restore(snapshot);
  for (const [at, pas] of secrets) expect(pe.port(pas, World.Root).read64(toPa(at))).toBe(SECRET);
});
