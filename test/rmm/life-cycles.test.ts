// The life cycles that the RMM is built on, beside those of the specification's data.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toPa } from '../../src/arch/address.ts';
import { granuleMoves } from '../../src/rmm/granule.ts';
import { type RealmState, Realm, realmMoves } from '../../src/rmm/realm.ts';
import type { Specification } from '../../src/spec/specification.ts';
import { inRepo } from '../../src/tools/repo.ts';

const { lifeCycles } = JSON.parse(readFileSync(inRepo('specs/rmm-1.0/states.json'), 'utf8')) as Specification['states'];
const movesOf = (name: string): string[] =>
  (lifeCycles.find((cycle) => cycle.name === name)?.moves ?? []).map((move) => move.join(' '));

describe('the moves of the RMM are those of the specification', () => {
  it('for granules', () => {
    expect(granuleMoves.map((move) => move.join(' ')).sort()).toEqual(movesOf('granule').sort());
  });

  it('for Realms, between the commands that make and end one', () => {
    const between = movesOf('realm').filter((move) => !/\bNONE\b/.test(move));
    expect(realmMoves.map((move) => move.join(' ')).sort()).toEqual(between.sort());
  });
});

it('a Realm makes no other move, but may be switched off twice', () => {
  const states = ['REALM_NEW', 'REALM_ACTIVE', 'REALM_SYSTEM_OFF'] as const satisfies readonly RealmState[];
  const made: string[] = [];
  for (const from of states)
    for (const to of states) {
      const realm = new Realm({
        rd: toPa(0x8800_0000),
        ipaBits: 32,
        lpa2: false,
        hashAlgo: 'SHA_256',
        rttBase: toPa(0x8800_1000),
        startLevel: 1,
        numStart: 1,
        vmid: 1,
        rpv: new Uint8Array(64),
        pmuNumCtrs: undefined,
      });
      realm.state = from;
      try {
        realm.move(to);
      } catch {
        continue;
      }
      made.push(`${from} ${realm.state}`);
    }
  // prettier-ignore
  expect(made).toEqual([
    'REALM_NEW REALM_NEW', 'REALM_NEW REALM_ACTIVE', 'REALM_ACTIVE REALM_ACTIVE', 'REALM_ACTIVE REALM_SYSTEM_OFF',
    'REALM_SYSTEM_OFF REALM_SYSTEM_OFF',
  ]);
});
