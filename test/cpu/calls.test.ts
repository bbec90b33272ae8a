// SVC, HVC and SMC over every state that a PE can be in, beside a list of rules written from the manual's pseudocode.
// DDI 0487 J1: AArch64.CallSupervisor, CallHypervisor, CheckForSMCUndefOrTrap.

import { describe, expect, it } from 'vitest';
import { Hcr, Pstate, Scr } from '../../src/arch/registers.ts';
import { type El, World, worldName } from '../../src/arch/world.ts';
import { PC, bench, taken, vbar, pstateOf, type Lower } from './pe-at.ts';

type Case = {
  readonly op: 'svc' | 'hvc' | 'smc';
  readonly world: Lower;
  readonly el: El;
  readonly tge: boolean;
  readonly tsc: boolean;
  readonly smd: boolean;
  readonly hce: boolean;
  readonly eel2: boolean;
};

/** EL2 is there: always outside Secure state, in Secure state with EEL2. */
const hasEl2 = ({ world, eel2 }: Case): boolean => world !== World.Secure || eel2;

type Rule = readonly [(c: Case) => boolean, string];
// prettier-ignore
const rules: Readonly<Record<Case['op'], readonly Rule[]>> = {
  svc: [
    [(c) => c.el === 0 && c.tge && hasEl2(c),           'EL2 0x15 next'],
    [(c) => c.el === 0,                                 'EL1 0x15 next'],
    [(c) => c.el === 1,                                 'EL1 0x15 next'],
    [(c) => c.el === 2,                                 'EL2 0x15 next'],
    [(c) => c.el === 3,                                 'EL3 0x15 next'],
  ],
  hvc: [
    [(c) => c.el === 0 && c.tge && hasEl2(c),           'EL2 0x00 same'],
    [(c) => c.el === 0,                                 'EL1 0x00 same'],
    [(c) => c.el === 1 && !hasEl2(c),                   'EL1 0x00 same'],
    [(c) => c.el === 1 && !c.hce,                       'EL1 0x00 same'],
    [(c) => c.el === 1,                                 'EL2 0x16 next'],
    [(c) => c.el === 2 && !c.hce,                       'EL2 0x00 same'],
    [(c) => c.el === 2,                                 'EL2 0x16 next'],
    [(c) => c.el === 3 && !c.hce,                       'EL3 0x00 same'],
    [(c) => c.el === 3,                                 'EL3 0x16 next'],
  ],
  smc: [
    [(c) => c.el === 0 && c.tge && hasEl2(c),           'EL2 0x00 same'],
    [(c) => c.el === 0,                                 'EL1 0x00 same'],
    [(c) => c.el === 1 && c.tsc && hasEl2(c),           'EL2 0x17 same'],
    [(c) => c.el === 1 && c.smd,                        'EL1 0x00 same'],
    [(c) => c.el === 2 && c.smd,                        'EL2 0x00 same'],
    [(c) => c.el === 3 && c.smd,                        'EL3 0x00 same'],
    [() => true,                                        'EL3 0x17 next'],
  ],
};

function* cases(): Generator<Case> {
  const both = [false, true];
  for (const op of ['svc', 'hvc', 'smc'] as const)
    for (const world of [World.NonSecure, World.Secure, World.Realm] as const)
      for (const el of [0, 1, 2, 3] as const)
        for (const tge of both)
          for (const tsc of both)
            for (const smd of both)
              for (const hce of both)
                for (const eel2 of both) {
                  const c = { op, world, el, tge, tsc, smd, hce, eel2 };
                  // No software runs at EL2 where there is none, or at EL1 below a host with TGE.
                  if ((el === 2 && !hasEl2(c)) || (el === 1 && tge && hasEl2(c))) continue;
                  yield c;
                }
}

const named = (c: Case): string =>
  `${c.op} ${worldName(c.world)} EL${c.el} ${(['tge', 'tsc', 'smd', 'hce', 'eel2'] as const).filter((bit) => c[bit]).join(' ')}`;

describe('calls', () => {
  it('go where the manual sends them, from every EL of every world under every control bit', () => {
    const { put, act, pe } = bench();
    const expected: string[] = [];
    const found: string[] = [];
    for (const c of cases()) {
      expected.push(`${named(c)}: ${rules[c.op].find(([when]) => when(c))?.[1] ?? ''}`);
      const scr = (c.smd ? Scr.SMD : 0n) | (c.hce ? Scr.HCE : 0n) | (c.eel2 ? Scr.EEL2 : 0n);
      put({ world: c.world, el: c.el, scr, hcr: (c.tge ? Hcr.TGE : 0n) | (c.tsc ? Hcr.TSC : 0n) });
      const outcome = act({ op: c.op, imm: 0x1234 });
      const target = ([1, 2, 3] as const).find((el) => taken(pe, el).esr !== 0n) as 1 | 2 | 3;
      const { esr, elr } = taken(pe, target);
      const ec = Number(esr >> 26n);
      found.push(
        `${named(c)}: EL${target} 0x${ec.toString(16).padStart(2, '0')} ${elr === PC ? 'same' : elr === PC + 4n ? 'next' : 'lost'}`,
      );
      // The immediate is in the ISS of a call; an undefined instruction has none.
      if ((esr & 0x1ff_ffffn) !== (ec === 0 ? 0n : 0x1234n)) found.push(`${named(c)}: ISS 0x${esr.toString(16)}`);
      if (taken(pe, target).spsr !== pstateOf(c.el)) found.push(`${named(c)}: SPSR ${taken(pe, target).spsr}`);
      // An exception to one's own EL is told to the script; one to a higher EL leaves the PE at the vector.
      const isHome = target === c.el;
      if ((outcome !== undefined) !== isHome) found.push(`${named(c)}: outcome`);
      const pc = isHome ? PC + 4n : vbar[target] + 0x400n;
      if (pe.pc !== pc) found.push(`${named(c)}: PC 0x${pe.pc.toString(16)}`);
      if (!isHome && pe.pstate !== (Pstate.N | Pstate.C | Pstate.DAIF | BigInt(4 * target + 1)))
        found.push(`${named(c)}: PSTATE 0x${pe.pstate.toString(16)}`);
    }
    expect(expected.length).toBe(3 * (3 * 4 * 32 - 16 - 40));
    expect(found).toEqual(expected);
  });

  it('put their arguments into X0 and up before anything else, cut to 64 bits', () => {
    const { put, act, pe } = bench();
    put({ el: 2 });
    pe.x[3] = 0x33n;
    act({ op: 'smc', x: [1n, -1n, 1n << 64n] });
    expect([...pe.x.subarray(0, 4)]).toEqual([1n, 0xffff_ffff_ffff_ffffn, 0n, 0x33n]);
  });
});
