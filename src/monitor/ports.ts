// What the monitor needs from the machine around it. Declared here, by the one who asks; the machine plugs it in.

import type { Pe } from '../cpu/pe.ts';
import type { Shareable } from '../cpu/act.ts';

/** The power controller. */
export type Power = {
  /** A PE has been given an entry and will run when it is scheduled. */
  started(pe: Pe): void;
  systemOff(): void;
  /** The whole machine resets once the monitor is done with this call. */
  systemReset(): void;
};

/** Keys and tokens of the platform. */
export type Attestation = {
  /** Private scalar of the realm attestation key. */
  realmKey(): Uint8Array;
  /** Platform token over a challenge, the hash of the realm attestation key. */
  platformToken(challenge: Uint8Array): Uint8Array;
};

export type MonitorPorts = {
  readonly pes: readonly Pe[];
  readonly system: Shareable;
  readonly power: Power;
  readonly attestation: Attestation;
};
