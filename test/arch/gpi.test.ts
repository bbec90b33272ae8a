import { describe, expect, test } from 'vitest';
import { Gpi, gpiName, gpiOf, grantBit, grantsOf, parseGpi, pasOf, permitMasks, permits } from '../../src/arch/gpi.ts';
import { Pas, World, canReach, parseWorld, pases, worldName, worlds } from '../../src/arch/world.ts';

const S = Pas.Secure;
const NS = Pas.NonSecure;
const RT = Pas.Root;
const RL = Pas.Realm;

describe('who may pass', () => {
  test.each([
    [0b0000, []],
    [0b0001, []],
    [0b0010, []],
    [0b0011, []],
    [0b0100, []],
    [0b0101, []],
    [0b0110, []],
    [0b0111, []],
    [0b1000, [S]],
    [0b1001, [NS]],
    [0b1010, [RT]],
    [0b1011, [RL]],
    [0b1100, []],
    [0b1110, []],
    [0b1111, [S, NS, RT, RL]],
  ])('GPI %i lets these spaces through, whatever the Security state: %j', (gpi, open: readonly Pas[]) => {
    for (const pas of pases)
      for (const state of worlds)
        expect([pas, state, permits(gpi, pas, state)]).toEqual([pas, state, open.includes(pas)]);
  });

  test('NSO is open to Non-secure PAS for Non-secure and Root state only', () => {
    const open = pases.flatMap((pas) =>
      worlds.filter((state) => permits(Gpi.NonSecureOnly, pas, state)).map((state) => [pas, state]),
    );
    expect(open).toEqual([
      [NS, World.NonSecure],
      [NS, World.Root],
    ]);
  });

  test('masks and grants say the same as the rule, for every code, space, state and closed space', () => {
    const wrong: unknown[] = [];
    for (let gpi = 0; gpi < 16; gpi++) {
      for (const pas of pases) {
        for (const state of worlds) {
          const wanted = permits(gpi, pas, state);
          if ((((permitMasks[pas * 4 + state] as number) >>> gpi) & 1) !== Number(wanted))
            wrong.push({ gpi, pas, state });
          for (let closed = 0; closed < 16; closed++) {
            const granted = ((grantsOf(gpi, closed) >>> grantBit(pas, state)) & 1) === 1;
            if (granted !== (wanted && ((closed >>> pas) & 1) === 0)) wrong.push({ gpi, pas, state, closed });
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('names', () => {
  test('every code has a name, and known names come back', () => {
    const names = Array.from({ length: 16 }, (_, gpi) => gpiName(gpi));
    expect(new Set(names).size).toBe(16);
    expect(names[0b1100]).toBe('RESERVED_1100');
    for (const gpi of Object.values(Gpi)) expect(parseGpi(gpiName(gpi))).toBe(gpi);
    for (const name of ['RESERVED_1100', 'root', '', 'constructor']) expect(parseGpi(name)).toBeUndefined();
  });

  test('spaces, states and their GPIs share the number {NSE,NS}', () => {
    expect(pases.map(gpiOf)).toEqual([Gpi.Secure, Gpi.NonSecure, Gpi.Root, Gpi.Realm]);
    expect(pases.map((pas) => pasOf(gpiOf(pas)))).toEqual([...pases]);
    expect([Gpi.NonSecureOnly, Gpi.All, Gpi.NoAccess, Gpi.SystemAgent].map((gpi) => pasOf(gpi))).toEqual([
      NS,
      undefined,
      undefined,
      undefined,
    ]);
    expect(worlds.map(worldName)).toEqual(['S', 'NS', 'RT', 'RL']);
    expect(worlds.map((world) => parseWorld(worldName(world).toLowerCase()))).toEqual([...worlds]);
    for (const name of ['', 'N', 'toString', 'EL3']) expect(parseWorld(name)).toBeUndefined();
  });

  test('a state reaches its own space and the less trusted ones of the architecture', () => {
    const reach = worlds.map((world) => pases.filter((pas) => canReach(world, pas)));
    expect(reach).toEqual([[S, NS], [NS], [S, NS, RT, RL], [NS, RL]]);
  });
});
