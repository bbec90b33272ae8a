// A scenario as plain data: a machine, Realms and VMs, and steps that a host or an attacker takes, each with what is expected of it.
// Every part that can fail says where it was written.

import type { AccessSize } from '../arch/action.ts';
import type { ScriptedStep } from '../guest/scripted.ts';
import type { RealmLayout } from '../host/realm.ts';
import type { VmLayout } from '../host/vm.ts';

/** What a step found out, by name: compared with what was expected, and shown. */
export type Fact = string | number | bigint | boolean;
export type Facts = Readonly<Record<string, Fact>>;

/** One expectation. */
export type Expected = { readonly where: string; readonly key: string; readonly value: Fact };

/** A granule or address, by what it is to whom; looked up when the step is taken. */
export type Ref = { readonly offset: number } & (
  | { readonly of: 'pa'; readonly pa: number }
  | { readonly of: 'page'; readonly page: string }
  | { readonly of: 'vm'; readonly vm: string; readonly ipa: number }
  | { readonly of: 'data'; readonly realm: string; readonly ipa: number }
  | { readonly of: 'table'; readonly realm: string; readonly level: number; readonly ipa: number }
  | { readonly of: 'granule'; readonly realm: string; readonly granule: 'rd' | 'rtt' }
  | { readonly of: 'vcpu'; readonly realm: string; readonly granule: 'rec' | 'run'; readonly vcpu: number }
);

export type Value = bigint | Ref;

/** What a host answers to its guest. */
export type Answers = {
  readonly mmio?: bigint | 'refuse' | undefined;
  readonly ripas: 'accept' | 'reject';
  readonly hostCall?: readonly bigint[] | undefined;
};

export const flaws = ['rmm-does-not-wipe', 'monitor-does-not-invalidate'] as const;
export type Flaw = (typeof flaws)[number];

/** What a step does. */
export type Deed =
  | { readonly verb: 'create' | 'activate' | 'destroy' | 'measure' | 'empty'; readonly realm: string }
  | {
      readonly verb: 'populate';
      readonly realm: string;
      readonly ipa: number;
      readonly bytes: Uint8Array;
      readonly isMeasured: boolean;
    }
  | { readonly verb: 'map'; readonly realm: string; readonly ipa: number }
  | { readonly verb: 'init-ripas'; readonly realm: string; readonly base: number; readonly top: number }
  | { readonly verb: 'share'; readonly realm: string; readonly ipa: number; readonly page: string }
  | {
      readonly verb: 'run' | 'start';
      readonly realm: string;
      readonly vcpu: number;
      readonly pe: number;
      readonly answers: Answers;
    }
  | { readonly verb: 'advance'; readonly steps: number }
  | { readonly verb: 'finish'; readonly pe: number }
  | {
      readonly verb: 'enter';
      readonly realm: string;
      readonly vcpu: number;
      readonly flags: { readonly emulMmio: boolean; readonly injectSea: boolean; readonly reject: boolean };
      readonly gprs: readonly bigint[];
      /** List Registers: interrupts for the Realm. */
      readonly lrs: readonly bigint[];
    }
  | { readonly verb: 'rmi'; readonly name: string; readonly args: readonly Value[] }
  | { readonly verb: 'take'; readonly page: string }
  | { readonly verb: 'read' | 'fetch'; readonly at: Ref; readonly size: AccessSize; readonly pe: number }
  | {
      readonly verb: 'write';
      readonly at: Ref;
      readonly size: AccessSize;
      readonly pe: number;
      readonly value: Value;
    }
  | { readonly verb: 'dma-read' | 'dma-write'; readonly at: Ref; readonly size: AccessSize; readonly value: Value }
  | { readonly verb: 'flaw'; readonly flaw: Flaw }
  | { readonly verb: 'findings' }
  | { readonly verb: 'create-vm' | 'run-vm'; readonly vm: string };

export type Step = {
  readonly where: string;
  /** The step in its own words: `run a`. */
  readonly title: string;
  readonly deed: Deed;
  readonly expected: readonly Expected[];
};

/** A guest that is written in the scenario: what it does is in its image, what is expected is not. */
export type ScenarioGuest = {
  readonly steps: readonly ScriptedStep[];
  readonly where: readonly string[];
  /** The call that a step makes, when its results have names. */
  readonly calls: readonly (string | undefined)[];
  readonly expected: readonly (readonly Expected[])[];
};

export type Scenario = {
  readonly name: string;
  readonly realms: ReadonlyMap<string, RealmLayout>;
  readonly vms: ReadonlyMap<string, VmLayout>;
  readonly guests: ReadonlyMap<string, ScenarioGuest>;
  readonly steps: readonly Step[];
};

/** An expectation that does not hold. */
export type Failure = { readonly where: string; readonly what: string; readonly expected: Fact; readonly found: Fact };

export type StepReport = {
  readonly where: string;
  readonly title: string;
  readonly facts: Facts;
  readonly failures: readonly Failure[];
  readonly trace: readonly string[];
};

export type ScenarioReport = {
  readonly name: string;
  readonly isGood: boolean;
  readonly expectations: number;
  readonly steps: readonly StepReport[];
  readonly failures: readonly Failure[];
};
