// The four Security states and the four physical address spaces, both named by the two bits {NSE,NS}.
// DDI 0487 D1: SCR_EL3 selects the state of EL2 and below; EL3 is always Root.

/** Security state; the value is {NSE,NS}. */
export const World = { Secure: 0, NonSecure: 1, Root: 2, Realm: 3 } as const;
export type World = (typeof World)[keyof typeof World];

/** Physical address space; the value is {NSE,NS}, so that a World and its own Pas are the same number. */
export const Pas = { Secure: 0, NonSecure: 1, Root: 2, Realm: 3 } as const;
export type Pas = (typeof Pas)[keyof typeof Pas];

/** Exception level. */
export type El = 0 | 1 | 2 | 3;

export const worlds = [World.Secure, World.NonSecure, World.Root, World.Realm] as const;
export const pases = [Pas.Secure, Pas.NonSecure, Pas.Root, Pas.Realm] as const;

const shortNames = ['S', 'NS', 'RT', 'RL'] as const;
export type WorldName = (typeof shortNames)[number];

/** `NS`, `S`, `RL`, `RT`: the short name of a world or a PAS. */
export const worldName = (world: World | Pas): WorldName => shortNames[world];

/** The world of a short name. */
export function parseWorld(name: string): World | undefined {
  const index = shortNames.indexOf(name.toUpperCase() as WorldName);
  return index < 0 ? undefined : (index as World);
}

/**
 * Which PAS a state can name at all. Translation enforces it: a state has no way to form any other request.
 * Indexed [world], a mask with one bit a PAS.
 */
const reachable: readonly number[] = [0b0011, 0b0010, 0b1111, 0b1010];

/** Whether software in `world` can form a request to `pas`. */
export const canReach = (world: World, pas: Pas): boolean => ((reachable[world] as number) >>> pas) % 2 === 1;
