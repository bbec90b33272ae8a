// Granule Protection Information: the 4-bit codes of the granule protection tables. DDI 0487 D9.

import { Pas, World, pases, worlds } from './world.ts';

/** What a granule protection table says of a granule, with the architecture's encodings. */
export const Gpi = {
  NoAccess: 0b0000,
  /** System Agent (FEAT_RME_GDI): no PE. */
  SystemAgent: 0b0100,
  /** Non-secure Protected (FEAT_RME_GDI): no PE. */
  NonSecureProtected: 0b0101,
  Na6: 0b0110,
  Na7: 0b0111,
  Secure: 0b1000,
  NonSecure: 0b1001,
  Root: 0b1010,
  Realm: 0b1011,
  /** Non-secure only (FEAT_RME_GPC2): the Security state has to be Non-secure or Root as well. */
  NonSecureOnly: 0b1101,
  All: 0b1111,
} as const;
export type Gpi = (typeof Gpi)[keyof typeof Gpi];

const gpiNames = new Map<number, string>([
  [Gpi.NoAccess, 'NO_ACCESS'],
  [Gpi.SystemAgent, 'SA'],
  [Gpi.NonSecureProtected, 'NSP'],
  [Gpi.Na6, 'NA6'],
  [Gpi.Na7, 'NA7'],
  [Gpi.Secure, 'SECURE'],
  [Gpi.NonSecure, 'NON_SECURE'],
  [Gpi.Root, 'ROOT'],
  [Gpi.Realm, 'REALM'],
  [Gpi.NonSecureOnly, 'NSO'],
  [Gpi.All, 'ALL'],
]);

/** Name of a GPI code, reserved ones included. */
export const gpiName = (gpi: number): string => gpiNames.get(gpi) ?? `RESERVED_${gpi.toString(2).padStart(4, '0')}`;

/** The GPI of a name. */
export function parseGpi(name: string): Gpi | undefined {
  for (const [gpi, known] of gpiNames) if (known === name) return gpi as Gpi;
  return undefined;
}

/** The GPI that grants exactly one space: its low two bits are {NSE,NS}. */
export const gpiOf = (pas: Pas): Gpi => (0b1000 | pas) as Gpi;

/** The space that a plain GPI grants; undefined for the codes that grant none or several. */
export const pasOf = (gpi: number): Pas | undefined =>
  gpi >= Gpi.Secure && gpi <= Gpi.Realm ? ((gpi & 0b11) as Pas) : gpi === Gpi.NonSecureOnly ? Pas.NonSecure : undefined;

/** Whether a valid GPI lets an access through. The match is on the PAS of the access; only NSO looks at the state. */
export function permits(gpi: number, pas: Pas, state: World): boolean {
  if (gpi === Gpi.All) return true;
  if (gpi === Gpi.NonSecureOnly) return pas === Pas.NonSecure && (state === World.NonSecure || state === World.Root);
  return gpi === gpiOf(pas);
}

/** Masks of `permits`, one bit a GPI, indexed `pas * 4 + state`. */
export const permitMasks: readonly number[] = Array.from({ length: 16 }, (_, key) => {
  let mask = 0;
  for (let gpi = 0; gpi < 16; gpi++) if (permits(gpi, (key >> 2) as Pas, (key & 3) as World)) mask |= 1 << gpi;
  return mask;
});

/** Requesters that every GPI treats alike share a bit: only for Non-secure PAS does the Security state matter (NSO). */
export function grantBit(pas: Pas, state: World): number {
  if (pas !== Pas.NonSecure) return pas === Pas.Secure ? 2 : pas + 1;
  return state === World.NonSecure || state === World.Root ? 0 : 1;
}

/** One bit for each `grantBit` that a GPI lets through, without the spaces in `closedPases`. */
export function grantsOf(gpi: number, closedPases: number): number {
  let grants = 0;
  for (const pas of pases) {
    if ((closedPases >>> pas) & 1) continue;
    for (const state of worlds) if (permits(gpi, pas, state)) grants |= 1 << grantBit(pas, state);
  }
  return grants;
}
