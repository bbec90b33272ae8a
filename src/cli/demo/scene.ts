// A scene of the story: real actions on a machine, plain data of what came of them. Texts are keys that the renderer
// looks up. A scene gets a machine of its own, freshly booted, so that scenes can be added, left out and reordered.

import type { WorldName } from '../../arch/world.ts';
import type { Machine } from '../../machine/machine.ts';
import type { Word } from '../../words/words.ts';

export type Scene = {
  readonly id: string;
  readonly kind: 'tour' | 'attack';
  /** What an attack is after; attacks on the same stand together. */
  readonly target?: 'granules' | 'realms';
  readonly title: Word;
  /** What the scene is about; for an attack what the attacker tries. */
  readonly opening: Word;
  /** What it shows; for an attack what stops it. */
  readonly closing?: Word;
  readonly written: readonly Citation[];
  readonly play: (machine: Machine) => Played;
};

/** A public document, where in it, and the name to look for there. */
export type Citation = { readonly document: string; readonly part?: string; readonly about?: string };

/** What a scene came to. */
export type Played = {
  /** Fill the places of the scene's sentences. */
  readonly facts: Readonly<Record<string, bigint | number | string>>;
  readonly steps: readonly Step[];
  /** What has to be so for the scene to be true. One that is not makes the story fail. */
  readonly checks: readonly Check[];
};

export type Check = { readonly id: string; readonly expected: string; readonly found: string };
export const holds = ({ expected, found }: Check): boolean => expected === found;

/** A scene and what it came to. */
export type Told = { readonly scene: Scene; readonly played: Played };
export const isTrue = ({ played }: Told): boolean => played.checks.every(holds);

/** Software at an EL of a world on a PE, or a device. */
export type Who = { readonly pe: number; readonly world: WorldName; readonly el: number } | { readonly device: string };

/** Why an access was not made, with what software finds in its syndrome registers. */
export type AccessFault = {
  /** `GPF`, `PERMISSION`, `EXTERNAL_ABORT`, ...: the name that the shell gives it. */
  readonly name: string;
  /** Level of the GPT, the entry found there, and how ESR_EL3 would name both. */
  readonly gpt?: { readonly level: 0 | 1; readonly gpi: string; readonly gpcsc: number };
  readonly syndrome?: {
    readonly el: number;
    readonly esr: bigint;
    readonly ec: number;
    readonly fsc: number;
    readonly far: bigint;
  };
};

/** One line of what happened. `say` is a sentence in front of it. */
export type Step = { readonly say?: Word } & (
  | {
      readonly kind: 'access';
      readonly by: Who;
      readonly what: 'load' | 'store' | 'fetch';
      readonly pas: WorldName;
      readonly at: bigint;
      /** What was loaded or stored. */
      readonly value?: bigint;
      readonly fault?: AccessFault;
    }
  | {
      readonly kind: 'call';
      readonly by: Who;
      readonly name: string;
      readonly args: readonly bigint[];
      readonly x: readonly bigint[];
      /** Name of the status in X0. */
      readonly status: string;
    }
  /** A command of the RMM, by the Host or by a Realm. */
  | {
      readonly kind: 'command';
      readonly by: Who;
      readonly name: string;
      readonly args: readonly NamedValue[];
      /** What it came to; a call that led elsewhere has `to` in its place. */
      readonly status?: string;
      readonly to?: string;
      /** The row that made it fail, and its condition. */
      readonly row?: string;
      readonly condition?: string;
      readonly outputs: readonly NamedValue[];
    }
  /** An access by a Realm, at an address of its own. */
  | {
      readonly kind: 'guest';
      readonly by: Who;
      readonly what: 'load' | 'store';
      readonly ipa: bigint;
      readonly value?: bigint;
      readonly fault?: AccessFault;
      /** The Host is needed first. */
      readonly to?: string;
    }
  /** What an exit shows the Host: everything in the record that is not zero. */
  | { readonly kind: 'exit'; readonly by: Who; readonly reason: string; readonly fields: readonly NamedValue[] }
  | { readonly kind: 'digest'; readonly of: string; readonly digest: string }
  /** An entry of the granule protection tables. */
  | {
      readonly kind: 'entry';
      readonly level: 0 | 1;
      readonly at: bigint;
      readonly word: bigint;
      readonly form: string;
      /** What it says of the granule in question, and for how many bytes around it. */
      readonly gpi?: string;
      readonly span?: number;
    }
  | { readonly kind: 'register'; readonly name: string; readonly value: bigint; readonly reads: string }
  /** A trace event in the columns of the trace. */
  | {
      readonly kind: 'event';
      readonly actor: string;
      readonly subject: string;
      readonly details: string;
      readonly result: string;
    }
  | { readonly kind: 'finding'; readonly invariant: string; readonly at: bigint; readonly detail: string }
  /** Where the software of each world is entered. */
  | { readonly kind: 'worlds'; readonly entries: readonly { readonly world: WorldName; readonly at: bigint }[] }
  /** A stretch of addresses with one GPI. */
  | {
      readonly kind: 'run';
      readonly base: bigint;
      readonly size: number;
      readonly gpi: string;
      readonly letter: string;
      /** The region of the description, or else the RAM and the devices that lie there. */
      readonly name?: string;
      readonly holds: readonly string[];
    }
  /** Which granules a world's software got at, when it tried. */
  | {
      readonly kind: 'reach';
      readonly world: WorldName;
      readonly el: number;
      readonly tried: readonly { readonly granule: WorldName; readonly at: bigint; readonly granted: boolean }[];
    }
);
/** A register or a field by its name in the specification. */
export type NamedValue = { readonly name: string; readonly value: bigint };
export type StepOf<K extends Step['kind']> = Extract<Step, { readonly kind: K }>;
