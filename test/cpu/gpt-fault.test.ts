// Granule protection faults as software finds them: target, ESR, FAR and MFAR through a PE, for every kind of fault, EL and
// control bit, beside a table of the manual's rules. Faults on table walks come with translation.

import { describe, expect, it } from 'vitest';
import { gpccrValue } from '../../src/arch/gpt.ts';
import { Hcr, Scr } from '../../src/arch/registers.ts';
import { type El, Pas, World, worldName } from '../../src/arch/world.ts';
import type { Pe } from '../../src/cpu/pe.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { type Bench, type Lower, PC, bench, taken, vbar } from './pe-at.ts';

/** The base machine with one level 0 block that nobody but Realm may use. */
const withBlock = {
  ...baseMachine,
  gpt: {
    ...baseMachine.gpt,
    regions: [
      ...baseMachine.gpt.regions,
      { name: 'block', base: 0x2_0000_0000, size: 2 ** 30, gpi: 'ROOT', how: 'block' as const },
    ],
  },
};

/** Level 0 is at 0x0403_e000; the table of 0x8000_0000 is the one that its entry 2 names. */
const L0 = 0x0403_e000;

/** What has to be broken, where the access goes, and what the check says: kind, level, GPCSC. */
type Fault = {
  readonly name: string;
  readonly at: bigint;
  readonly gpcsc: number;
  readonly isGpf: boolean;
  readonly isAbortOnFetch?: boolean;
  readonly breakIt?: (b: Bench) => void;
};

const root = (pe: Pe): ReturnType<Pe['port']> => pe.port(Pas.Root, World.Root);
const tableOf = (pe: Pe): number => Number((root(pe).read64((L0 + 16) as never) as bigint) & ~0xfffn);

/** Address in the Non-secure PCI window: 0x5000_0000, level 1 entry number 0x1000 of the second table. */
const faults: readonly Fault[] = [
  { name: 'GPF, level 1', at: 0xffc0_0004n, gpcsc: 0x0d, isGpf: true },
  { name: 'GPF, level 0 block', at: 0x2_0000_1238n, gpcsc: 0x0c, isGpf: true },
  {
    name: 'walk, level 1',
    at: 0x8800_0008n,
    gpcsc: 0x05,
    isGpf: false,
    breakIt: ({ pe }) => root(pe).write64((tableOf(pe) + 8 * 0x800) as never, 0x2n),
  },
  {
    name: 'walk, level 0',
    at: 0x8800_0008n,
    gpcsc: 0x04,
    isGpf: false,
    breakIt: ({ pe }) => root(pe).write64((L0 + 16) as never, 0x7n),
  },
  {
    name: 'walk, registers',
    at: 0x8800_0008n,
    gpcsc: 0x04,
    isGpf: false,
    breakIt: ({ pe }) => pe.write('gpccr_el3', pe.get('gpccr_el3') | gpccrValue({ PPS: 7 })),
  },
  {
    name: 'address size, table above PPS',
    at: 0x8800_0008n,
    gpcsc: 0x00,
    isGpf: false,
    breakIt: ({ pe }) => root(pe).write64((L0 + 16) as never, 0x100_0000_0003n),
  },
  {
    name: 'address size, base above PPS',
    at: 0x8800_0008n,
    gpcsc: 0x00,
    isGpf: false,
    breakIt: ({ pe }) => pe.write('gptbr_el3', 1n << 28n),
  },
  {
    name: 'external abort, level 0',
    at: 0x8800_0008n,
    gpcsc: 0x14,
    isGpf: false,
    isAbortOnFetch: true,
    breakIt: ({ machine }) => machine.memory.injectAbort(L0 >> 12, 16),
  },
  {
    name: 'external abort, level 1',
    at: 0x8800_0008n,
    gpcsc: 0x15,
    isGpf: false,
    isAbortOnFetch: true,
    breakIt: ({ machine, pe }) => machine.memory.injectAbort(tableOf(pe) / 4096 + 4, 0),
  },
];

type State = {
  readonly world: Lower;
  readonly el: El;
  readonly scrGpf: boolean;
  readonly ease: boolean;
  readonly hcrGpf: boolean;
  readonly tge: boolean;
  readonly eel2: boolean;
};

function* states(): Generator<State> {
  const both = [false, true];
  for (const world of [World.NonSecure, World.Secure, World.Realm] as const)
    for (const el of [0, 1, 2, 3] as const)
      for (const scrGpf of both)
        for (const ease of both)
          for (const hcrGpf of both)
            for (const tge of both)
              for (const eel2 of both) {
                const hasEl2 = world !== World.Secure || eel2;
                if ((el === 2 && !hasEl2) || (el === 1 && tge && hasEl2)) continue;
                yield { world, el, scrGpf, ease, hcrGpf, tge, eel2 };
              }
}

const ops = [
  { what: 'load', wnr: 0, ind: 0 },
  { what: 'store', wnr: 1 << 6, ind: 0 },
  { what: 'fetch', wnr: 0, ind: 1 << 20 },
] as const;

/** What software finds: `EL ESR MFAR vector`. */
function expectation(fault: Fault, state: State, op: (typeof ops)[number], pas: Pas): string {
  const { el, world } = state;
  const hasEl2 = world !== World.Secure || state.eel2;
  if (!fault.isGpf || (el !== 3 && state.scrGpf)) {
    const iss = op.ind | (fault.gpcsc << 14) | op.wnr | 0x28;
    const nsNse = (BigInt(pas & 1) << 63n) | (BigInt(pas >> 1) << 62n);
    const offset = (el === 3 ? 0x200 : 0x400) + (fault.isAbortOnFetch === true && state.ease ? 0x180 : 0);
    return line(3, 0x7a00_0000n | BigInt(iss), nsNse | (fault.at & ~0xfffn), BigInt(offset), el);
  }
  const target = el >= 2 ? el : hasEl2 && (state.tge || state.hcrGpf) ? 2 : 1;
  const ec = (op.what === 'fetch' ? 0x20 : 0x24) + (target === el ? 1 : 0);
  const esr = (BigInt(ec) << 26n) | (1n << 25n) | BigInt(op.wnr | 0x28);
  return line(target as 1, esr, 0n, target === el ? 0x200n : 0x400n, el);
}

/** A fault taken at the software's own EL is told to the script: where the vector was cannot be seen any more. */
const line = (target: 1 | 2 | 3, esr: bigint, mfar: bigint, offset: bigint, el: El): string =>
  `EL${target} ESR ${esr.toString(16)} MFAR ${mfar.toString(16)} ${target === el ? 'home' : `+${offset.toString(16)}`}`;

/** The PAS that an access of a state goes to, and one that the fault's granule does not grant. */
const pasOf = (state: State): Pas => (state.el === 3 ? Pas.NonSecure : (state.world as Pas));

describe('a granule protection fault', () => {
  for (const fault of faults) {
    it(`of the kind "${fault.name}" is reported as the manual says, from every EL under every control bit`, () => {
      const b = bench(withBlock);
      const { pe, put, act } = b;
      fault.breakIt?.(b);
      pe.gpc.invalidate('paall');
      const wrong: string[] = [];
      let count = 0;
      for (const state of states())
        for (const op of ops) {
          const pas = pasOf(state);
          // Fetches of EL3 from another PAS end before the check.
          if (state.el === 3 && op.what === 'fetch') continue;
          count++;
          put({
            world: state.world,
            el: state.el,
            scr: (state.scrGpf ? Scr.GPF : 0n) | (state.ease ? Scr.EASE : 0n) | (state.eel2 ? Scr.EEL2 : 0n),
            hcr: (state.hcrGpf ? Hcr.GPF : 0n) | (state.tge ? Hcr.TGE : 0n),
          });
          const { at } = fault;
          const outcome =
            op.what === 'load'
              ? act({ op: 'load', at, size: 4, pas })
              : op.what === 'store'
                ? act({ op: 'store', at, size: 4, value: 0x77n, pas })
                : act({ op: 'fetch', at, pas });
          const target = ([1, 2, 3] as const).find((el) => taken(pe, el).esr !== 0n) ?? 3;
          const { esr, far, elr } = taken(pe, target);
          const found = line(target, esr, pe.get('mfar_el3'), pe.pc - vbar[target], state.el);
          const expected = expectation(fault, state, op, pas);
          const isTold = (outcome?.kind === 'fault') === (target === state.el);
          if (found !== expected || far !== at || elr !== PC || !isTold || pe.get('hpfar_el2') !== 0n)
            wrong.push(`${worldName(state.world)} ${JSON.stringify(state)} ${op.what}: ${found}, not ${expected}`);
        }
      expect(count).toBeGreaterThan(700);
      expect(wrong.slice(0, 5)).toEqual([]);
    });
  }

  it('has the syndromes of the worked examples', () => {
    const b = bench(withBlock);
    const { pe, put, act } = b;
    put({ el: 1, scr: Scr.GPF });
    act({ op: 'store', at: 0xfdc0_0000n, size: 8, value: 0n });
    expect({ esr: taken(pe, 3).esr, mfar: pe.get('mfar_el3') }).toEqual({
      esr: 0x7a00_0000n | 0x003_4068n,
      mfar: (1n << 63n) | 0xfdc0_0000n,
    });
    put({ el: 1, scr: Scr.GPF });
    act({ op: 'load', at: 0x2_0000_0000n, size: 8 });
    expect(taken(pe, 3).esr).toBe(0x7a00_0000n | 0x003_0028n);
    root(pe).write64((tableOf(pe) + 8 * 0x800) as never, 0x3n);
    put({ el: 1 });
    act({ op: 'fetch', at: 0x8800_0000n });
    expect(taken(pe, 3).esr).toBe(0x7a00_0000n | 0x011_4028n);
  });

  it('above PPS is a GPF of level 0 for all but Non-secure', () => {
    const { pe, put, act } = bench();
    const found: string[] = [];
    for (const world of [World.NonSecure, World.Secure, World.Realm] as const) {
      put({ world, el: 1, scr: Scr.GPF });
      act({ op: 'load', at: 0x100_0000_0000n, size: 8 });
      const target = pe.el as 1 | 3;
      found.push(`${worldName(world)} EL${target} ${taken(pe, target).esr.toString(16)}`);
    }
    put({ el: 3 });
    act({ op: 'load', at: 0x100_0000_0000n, size: 8, pas: Pas.Root });
    found.push(`RT EL3 ${taken(pe, 3).esr.toString(16)}`);
    // Non-secure passes the check; nothing answers there.
    expect(found).toEqual(['NS EL1 96000010', 'S EL3 7a030028', 'RL EL3 7a030028', 'RT EL3 96000028']);
  });
});
