// One set of promises about memory that changes hands, kept by the machine as it is, and by no machine with one step taken out.
// What shows a flaw is contents, a granted access or a finding: never the trace.

import { describe, expect, it } from 'vitest';
import { toPa } from '../../src/arch/address.ts';
import { Gpi } from '../../src/arch/gpi.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { asRmm } from './callers.ts';

const MiB = 2 ** 20;
const PAGE = 0x9000_0000;
/** A page in the same 2 MiB, so that the table around PAGE has been split before. */
const OTHER = PAGE + 64 * 1024;
const HOST = 0x4057_4057_4057_4057n;
const REALM = 0x2ea1_2ea1_2ea1_2ea1n;

const delegate = (machine: Machine, at = PAGE): void => void machine.host().smc('RMI_GRANULE_DELEGATE', at);
const undelegate = (machine: Machine, at = PAGE): void => void machine.host().smc('RMI_GRANULE_UNDELEGATE', at);
/** The granule by EL3 alone: no RMM wipes it. */
const moveByEl3 = (machine: Machine, target: Gpi): void =>
  void machine.monitor.gpt.transition(machine.pes[0] as never, PAGE, 1, target, World.Realm);

const inRealm = (machine: Machine, at = PAGE): bigint | undefined =>
  asRmm(machine, (pe) => {
    const bytes = pe.realm.readBytes(toPa(at), 8);
    return bytes === undefined ? undefined : new DataView(bytes.buffer).getBigUint64(0, true);
  });
function writeInRealm(machine: Machine, value: bigint): void {
  asRmm(machine, (pe) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    pe.realm.writeBytes(toPa(PAGE), bytes);
  });
}

/** Who else could still hold something old: the host on both PEs, and a device. */
function readers(machine: Machine): Readonly<Record<string, (at: number) => bigint | undefined>> {
  return {
    'PE 0': (at) => machine.host().read(at).value,
    'PE 1': (at) => machine.driver(1).read(at).value,
    device: (at) => {
      const outcome = machine.smmu.read('disk', Pas.NonSecure, BigInt(at), 8);
      return outcome.kind === 'done' ? outcome.value : undefined;
    },
  };
}

/** All of them look, so that what they hold is warm. */
function warm(machine: Machine, ...at: readonly number[]): void {
  for (const read of Object.values(readers(machine))) at.forEach(read);
}
const nobodyReads = (machine: Machine, at = PAGE): boolean =>
  Object.values(readers(machine)).every((read) => read(at) === undefined);
const allRead = (machine: Machine, value: bigint, at = PAGE): boolean =>
  Object.values(readers(machine)).every((read) => read(at) === value);

/** What has to hold, whatever order the steps inside have. */
const promises: Readonly<Record<string, (machine: Machine) => boolean>> = {
  'the host reads no Root memory': (machine) => machine.host().read(0xffc0_0000).value === undefined,

  'a delegated page is out of reach': (machine) => {
    delegate(machine);
    return nobodyReads(machine);
  },
  'a delegated page is out of reach of who used its neighbourhood': (machine) => {
    warm(machine, PAGE, PAGE + MiB);
    delegate(machine);
    return nobodyReads(machine);
  },
  'a delegated page is out of reach of who used it when its neighbours were split already': (machine) => {
    delegate(machine, OTHER);
    warm(machine, PAGE);
    delegate(machine);
    return nobodyReads(machine);
  },
  'a page moved by EL3 alone is out of reach': (machine) => {
    moveByEl3(machine, Gpi.Realm);
    return nobodyReads(machine);
  },
  'the neighbours of a delegated page stay as they were': (machine) => {
    const around = [PAGE - 4096, PAGE + 4096, PAGE + 2 * MiB, PAGE + 32 * MiB];
    for (const at of around) machine.host().write(at, HOST);
    delegate(machine);
    return around.every((at) => allRead(machine, HOST, at));
  },
  'Realm finds a new page empty': (machine) => {
    machine.host().write(PAGE, HOST);
    delegate(machine);
    return inRealm(machine) === 0n;
  },
  'what Realm writes is not overwritten by lines of the host': (machine) => {
    machine.host().write(PAGE, HOST);
    moveByEl3(machine, Gpi.Realm);
    writeInRealm(machine, REALM);
    return inRealm(machine) === REALM;
  },
  'the host gets its page back, empty': (machine) => {
    machine.host().write(PAGE, HOST);
    delegate(machine);
    writeInRealm(machine, REALM);
    undelegate(machine);
    return allRead(machine, 0n);
  },
  'what the host writes into a page that came back stays': (machine) => {
    machine.host().write(PAGE, 1);
    delegate(machine);
    writeInRealm(machine, REALM);
    undelegate(machine);
    machine.host().write(PAGE, HOST);
    return allRead(machine, HOST);
  },
  'a page that left Realm is out of its reach': (machine) => {
    delegate(machine);
    const read = (): string => machine.smmu.read('nic', Pas.Realm, BigInt(PAGE), 8).kind;
    if (read() !== 'done') return false;
    undelegate(machine);
    return read() === 'aborted';
  },
};

/** A step taken out of a machine: before it boots, or after. */
type Step = (machine: Machine) => void;
type Flaw = { readonly before?: Step; readonly after?: Step };

const nothing = (): void => undefined;

/** Takes cleaning to the point of physical aliasing out of one direction, for the source or the target. */
const withoutPopa =
  (direction: 'delegate' | 'undelegate', role: 'source' | 'target'): Step =>
  ({ monitor: { gpt } }) => {
    const transition = gpt.transition.bind(gpt);
    const clean = gpt.cleanToPopa.bind(gpt);
    let target: Gpi = Gpi.All;
    gpt.transition = (pe, base, count, to, caller) => {
      target = to;
      return transition(pe, base, count, to, caller);
    };
    gpt.cleanToPopa = (pe, frame, pas) => {
      const isDelegate = target === Gpi.Realm;
      const isSource = (pas === Pas.NonSecure) === isDelegate;
      if ((direction === 'delegate') !== isDelegate || (role === 'source') !== isSource) clean(pe, frame, pas);
    };
  };

/** Takes the entry write out of one direction. */
const withoutWrite =
  (taken: Gpi): Step =>
  ({ monitor: { gpt } }) => {
    const transition = gpt.transition.bind(gpt);
    const write = gpt.writeEntry.bind(gpt);
    let target: Gpi = Gpi.All;
    gpt.transition = (pe, base, count, to, caller) => {
      target = to;
      return transition(pe, base, count, to, caller);
    };
    gpt.writeEntry = (pe, at, lo, hi) => (target === taken ? undefined : write(pe, at, lo, hi));
  };

/** Leaves out TLBIs of some sizes. */
const withoutTlbi =
  (isLeftOut: (bits: number) => boolean): Step =>
  ({ monitor: { gpt } }) => {
    const invalidate = gpt.invalidateRange.bind(gpt);
    gpt.invalidateRange = (pe, frame, bits) => (isLeftOut(bits) ? undefined : invalidate(pe, frame, bits));
  };

const OUT = 'a delegated page is out of reach';
const NEAR = `${OUT} of who used its neighbourhood`;
const SPLIT = `${OUT} of who used it when its neighbours were split already`;

/** Flaw, and the promises that are broken where it is. */
const flaws: readonly (readonly [string, Flaw, readonly string[]])[] = [
  [
    'no wipe in the RMM',
    { after: ({ rmm }) => void (rmm.wipe = nothing) },
    ['Realm finds a new page empty', 'the host gets its page back, empty'],
  ],
  [
    'no TLBI in a transition',
    { after: withoutTlbi(() => true) },
    [NEAR, SPLIT, 'a page that left Realm is out of its reach', 'nothing stale is used'],
  ],
  [
    'no TLBI of the region that is shattered',
    { after: withoutTlbi((bits) => bits > 12) },
    [NEAR, 'nothing stale is used'],
  ],
  [
    'no TLBI of the granule',
    { after: withoutTlbi((bits) => bits === 12) },
    [SPLIT, 'a page that left Realm is out of its reach', 'nothing stale is used'],
  ],
  [
    'no TLBI when checks are enabled',
    {
      before: (machine) => {
        const { gpt } = machine.monitor;
        const enable = gpt.enable.bind(gpt);
        gpt.enable = (pe) => {
          const tlbi = pe.tlbi.bind(pe);
          pe.tlbi = nothing;
          enable(pe);
          pe.tlbi = tlbi;
        };
      },
    },
    ['the host reads no Root memory'],
  ],
  [
    'no PoPA of the source on the way to Realm',
    { after: withoutPopa('delegate', 'source') },
    ['Realm finds a new page empty', 'what Realm writes is not overwritten by lines of the host'],
  ],
  [
    'no PoPA of the source on the way back',
    { after: withoutPopa('undelegate', 'source') },
    ['the host gets its page back, empty', 'what the host writes into a page that came back stays'],
  ],
  [
    'no GPT write on the way to Realm',
    { after: withoutWrite(Gpi.Realm) },
    ['a page moved by EL3 alone is out of reach'],
  ],
  [
    'no GPT write on the way back',
    { after: withoutWrite(Gpi.NonSecure) },
    ['the host gets its page back, empty', 'a page that left Realm is out of its reach'],
  ],
  [
    'no rewriting of the region that is shattered',
    { after: ({ monitor: { gpt } }) => void (gpt.fill = nothing) },
    ['the neighbours of a delegated page stay as they were'],
  ],
];

/** The promises that a machine with a flaw breaks. A firmware assertion that stops the machine breaks the promise as well. */
function broken(flaw: Flaw): string[] {
  const found: string[] = [];
  let isStale = false;
  for (const [name, holds] of Object.entries(promises)) {
    const machine = new Machine({ ...baseMachine, isStrict: true });
    flaw.before?.(machine);
    let isKept = false;
    try {
      machine.powerOn();
      machine.host().smc('PSCI_CPU_ON64', 0x100, 0x8800_0000, 0);
      flaw.after?.(machine);
      isKept = holds(machine) && machine.end === undefined;
    } catch {
      isKept = false;
    }
    if (!isKept) found.push(name);
    isStale ||= machine.findings.length > 0;
  }
  if (isStale) found.push('nothing stale is used');
  return found;
}

describe('promises about memory that changes hands', () => {
  it('are all kept by the machine', () => {
    expect(broken({})).toEqual([]);
  });

  for (const [name, flaw, shownBy] of flaws)
    it(`are broken by a machine with ${name}`, () => {
      const found = broken(flaw);
      expect(shownBy.filter((promise) => !found.includes(promise))).toEqual([]);
      expect(shownBy.length).toBeGreaterThan(0);
    });

  it('do not see the PoPA steps of the target: nobody can have dirtied a space that had no access', () => {
    for (const direction of ['delegate', 'undelegate'] as const)
      expect(broken({ after: withoutPopa(direction, 'target') })).toEqual([]);
  });
});
