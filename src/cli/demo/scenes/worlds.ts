import type { Scene } from '../scene.ts';

/** Four worlds, and the check between them and memory. */
export const worlds: Scene = {
  id: 'worlds',
  kind: 'tour',
  title: 'demo.worlds.title',
  opening: 'demo.worlds.opening',
  closing: 'demo.worlds.closing',
  written: [{ document: 'DEN0129' }, { document: 'DDI 0487', part: 'D1', about: 'SCR_EL3.{NSE,NS}' }],

  play({ description: { normal, secure, rmm, gpt } }) {
    const entries = [
      { world: 'NS', at: BigInt(normal.entry) },
      ...(secure === undefined ? [] : [{ world: 'S', at: BigInt(secure.entry) } as const]),
      { world: 'RL', at: BigInt(rmm.base) },
      { world: 'RT', at: BigInt(gpt.l0Base) },
    ] as const;
    return { facts: {}, steps: [{ kind: 'worlds', entries }], checks: [] };
  },
};
