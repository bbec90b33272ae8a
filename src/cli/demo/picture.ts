// Four worlds in one picture: who lives where, and what stands between them and memory.

import { gpiOf } from '../../arch/gpi.ts';
import { type Pas, World, parseWorld } from '../../arch/world.ts';
import { hex } from '../../base/hex.ts';
import type { Word } from '../../words/words.ts';
import { gpiLetter, worldColour } from '../world-colours.ts';
import type { Page } from './page.ts';
import type { StepOf } from './scene.ts';

const COLUMN = 24;
const TOTAL = 3 * COLUMN + 4;

const lower: readonly (readonly [World, Word, Word])[] = [
  [World.NonSecure, 'demo.worlds.normal', 'demo.worlds.normal-who'],
  [World.Secure, 'demo.worlds.secure', 'demo.worlds.secure-who'],
  [World.Realm, 'demo.worlds.realm', 'demo.worlds.realm-who'],
];

export function worldsPicture(page: Page, { entries }: StepOf<'worlds'>): readonly string[] {
  const { out, t } = page;
  const at = (world: World): string => hex(entries.find((entry) => parseWorld(entry.world) === world)?.at ?? 0n, 8);
  const letter = (world: World): string => gpiLetter(gpiOf(world as Pas));
  const row = (text: (entry: (typeof lower)[number]) => string): string =>
    lower.map((entry) => `| ${out.paint(worldColour(entry[0]), text(entry).padEnd(COLUMN - 4))} |`).join('  ');
  const top = lower.map(() => `+${'-'.repeat(COLUMN - 2)}+`).join('  ');
  const bottom = lower.map(() => `+${'-'.repeat(10)}+${'-'.repeat(11)}+`).join('  ');
  const wide = (text: string, world?: World): string => {
    const padded = text.padEnd(TOTAL - 4);
    return `| ${world === undefined ? padded : out.paint(worldColour(world), padded)} |`;
  };
  const rule = `+${'-'.repeat(TOTAL - 2)}+`;
  return [
    top,
    row(([world, name]) => `${letter(world)}  ${t(name)}`),
    row(([, , lives]) => t(lives)),
    row(([world]) => at(world)),
    bottom,
    lower
      .map(() => `${' '.repeat(11)}| SMC`.padEnd(COLUMN))
      .join('  ')
      .trimEnd(),
    rule,
    wide(`${letter(World.Root)}  ${t('demo.worlds.root')}`, World.Root),
    wide(t('demo.worlds.root-who', { at: at(World.Root) }), World.Root),
    rule,
    wide(t('demo.worlds.check')),
    rule,
    wide(t('demo.worlds.memory')),
    rule,
  ];
}
