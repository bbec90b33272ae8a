// Checks of the machine over words given by a test, in the terms of the second opinion.
import { type Features, baseFeatures } from '../../src/arch/features.ts';
import { type Pas, type World, parseWorld } from '../../src/arch/world.ts';
import { Gpc } from '../../src/memory/gpc.ts';
import type { GptSource } from '../../src/memory/gpt-walk.ts';
import { type GptWorld, type Space, type Verdict, gpcscOf } from './gpt-reference.ts';

/** Words as something that a walk can fetch from. */
export class WordSource implements GptSource {
  lo = 0;
  hi = 0;
  words: ReadonlyMap<bigint, bigint> = new Map();
  aborts: ReadonlySet<bigint> = new Set();

  fetch64(frame: number, offset: number): boolean {
    const at = (BigInt(frame) << 12n) + BigInt(offset);
    if (this.aborts.has(at)) return false;
    const word = this.words.get(at) ?? 0n;
    this.lo = Number(word & 0xffff_ffffn);
    this.hi = Number(word >> 32n);
    return true;
  }
}

/** Requesters for worlds, made once for each set of features. */
export class Bench {
  readonly #known = new Map<string, { readonly gpc: Gpc; readonly source: WordSource }>();

  /** A requester with the registers of a world and nothing cached. */
  gpcFor(world: GptWorld): Gpc {
    const { gpc2, gpc3, gdi, sel2, paBits, gpccr, gptbr, gpcbw } = world;
    const features: Features = { ...baseFeatures, gpc2, gpc3, gdi, sel2, granule16k: true, granule64k: true };
    const key = JSON.stringify([features, paBits]);
    let known = this.#known.get(key);
    if (known === undefined) {
      const source = new WordSource();
      known = { source, gpc: new Gpc(source, features, paBits) };
      this.#known.set(key, known);
    }
    known.source.words = world.words;
    known.source.aborts = world.aborts;
    known.gpc.reset();
    known.gpc.setRegisters({ gpccr, gptbr, gpcbw });
    return known.gpc;
  }
}

export const pasOf = (space: Space): Pas => parseWorld(space) as Pas;
export const stateOf = (space: Space): World => parseWorld(space) as World;

/** `none`, or fault, level and GPCSC. */
export type Answer = string;

export const answerOf = (gpc: Gpc, pa: bigint, pas: Space, state: Space): Answer =>
  gpc.check(Number(pa >> 12n), pasOf(pas), stateOf(state))
    ? 'none'
    : `${gpc.fault.kind} ${gpc.fault.level} ${gpc.fault.code}`;

export const wordsOf = ({ f, l }: Verdict): Answer => (f === 'none' ? f : `${f} ${l} ${gpcscOf(f, l as 0 | 1)}`);

/** The whole explanation, as the second opinion would put it. */
export function explanationOf(gpc: Gpc, pa: bigint, pas: Space, state: Space): Verdict {
  const { allowed, why, fault, gpi, spanBits, walk } = gpc.explain(Number(pa >> 12n), pasOf(pas), stateOf(state));
  return {
    f: fault?.kind ?? 'none',
    ...(fault === undefined ? {} : { l: fault.level }),
    ...(gpi === undefined || spanBits === undefined ? {} : { gpi, gl: walk.level, span: spanBits }),
    ...(allowed && (why === 'gpc-off' || why === 'above-pps' || why === 'window') ? { why } : {}),
    fetch: (walk.fetches ?? []).map(({ frame, offset }) => (BigInt(frame) << 12n) + BigInt(offset)),
  };
}
