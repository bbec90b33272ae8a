// The colours and letters of worlds and GPIs on a screen: the same in the map, the walk, the shell and the demo.

import { Gpi, pasOf } from '../arch/gpi.ts';
import { type Pas, World } from '../arch/world.ts';
import type { Colour } from './output.ts';

const worldColours: Readonly<Record<World, Colour>> = {
  [World.NonSecure]: 'green',
  [World.Secure]: 'yellow',
  [World.Realm]: 'blue',
  [World.Root]: 'red',
};

export const worldColour = (world: World | Pas): Colour => worldColours[world];

/** Colour of a GPI: that of the world it gives the granule to. */
export function gpiColour(gpi: number): Colour {
  const pas = pasOf(gpi);
  if (pas !== undefined) return worldColours[pas];
  return gpi === Gpi.All ? 'dim' : 'magenta';
}

const letters: Readonly<Record<Gpi, string>> = {
  [Gpi.NoAccess]: '.',
  [Gpi.SystemAgent]: 'y',
  [Gpi.NonSecureProtected]: 'p',
  [Gpi.Na6]: '6',
  [Gpi.Na7]: '7',
  [Gpi.Secure]: 'S',
  [Gpi.NonSecure]: 'N',
  [Gpi.Root]: 'T',
  [Gpi.Realm]: 'R',
  [Gpi.NonSecureOnly]: 'O',
  [Gpi.All]: 'A',
};

/** One letter for a GPI on a map; `?` for a reserved code. */
export const gpiLetter = (gpi: number): string => letters[gpi as Gpi] ?? '?';
