import type { Language } from '../../words/words.ts';
import { Machine } from '../../machine/machine.ts';
import type { Output } from '../output.ts';
import { storyDocument } from './document.ts';
import { type Scene, type Told, isTrue } from './scene.ts';
import { scenes } from './scenes.ts';
import { printStory } from './text.ts';

/** Tells the story of the machine; returns the exit code: 1 when an attack got through or a scene did not hold. */
export function runDemo(
  out: Output,
  options: { language: Language; json: boolean },
  boot: () => Machine = () => Machine.boot(),
): number {
  const story = scenes.map((scene) => tell(scene, boot()));
  if (options.json) out.json(storyDocument(story));
  else printStory(out, options.language, story);
  return story.every(isTrue) ? 0 : 1;
}

const tell = (scene: Scene, machine: Machine): Told => ({ scene, played: scene.play(machine) });
