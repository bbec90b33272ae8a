// The story as data: what the scenes did and found, without a word of any language.

import type { Check, Citation, Scene, Step, Told } from './scene.ts';
import { holds, isTrue } from './scene.ts';

type StepData = Omit<Step, 'say'>;

export type StoryDocument = {
  readonly schema: 'fourworlds/demo/1';
  readonly holds: boolean;
  readonly scenes: readonly {
    readonly id: string;
    readonly kind: Scene['kind'];
    readonly holds: boolean;
    readonly steps: readonly StepData[];
    readonly checks: readonly (Check & { readonly holds: boolean })[];
    readonly written: readonly Citation[];
  }[];
};

/** The document that `--json` prints; 64-bit values are bigint here and hex strings there. */
export const storyDocument = (story: readonly Told[]): StoryDocument => ({
  schema: 'fourworlds/demo/1',
  holds: story.every(isTrue),
  scenes: story.map(({ scene: { id, kind, written }, played: { steps, checks } }) => ({
    id,
    kind,
    holds: checks.every(holds),
    steps: steps.map(({ say: _, ...step }) => step),
    checks: checks.map((check) => ({ ...check, holds: holds(check) })),
    written,
  })),
});
