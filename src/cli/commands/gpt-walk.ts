// `gpt walk`: one granule protection check on a freshly booted machine.

import { type Pas, type World, parseWorld } from '../../arch/world.ts';
import type { Context } from '../context.ts';
import { Exit } from '../exit-code.ts';
import { walkDocument, walkLines, walkOf } from '../gpt-walk-text.ts';
import { bootMachine, describeMachine } from '../machine-file.ts';
import { parsePa } from '../number.ts';

export type GptWalkOptions = {
  readonly pas: string;
  readonly state?: string;
  readonly machine: string;
  readonly json: boolean;
};

export function gptWalk(context: Context, paText: string, options: GptWalkOptions): Exit {
  const described = describeMachine(options.machine);
  const pa = parsePa(paText, 'PA', described.description.paBits);
  const pas = parseWorld(options.pas) as Pas;
  const state = options.state === undefined ? (pas as World) : (parseWorld(options.state) as World);
  const walk = walkOf(bootMachine(described), { pa, pas, state, pe: 0 });
  if (options.json) context.out.json({ schema: 'fourworlds/gpt-walk/1', ...walkDocument(walk) });
  else for (const line of walkLines(context, walk)) context.out.line(line);
  return walk.explained.allowed ? Exit.Yes : Exit.No;
}
