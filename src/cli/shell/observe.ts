// Commands that look: at the tables, the trace, and what strict mode has found.

import { gpiName } from '../../arch/gpi.ts';
import { traceLine } from '../../arch/trace.ts';
import { type Pas, World, worldName } from '../../arch/world.ts';
import { hex } from '../../base/hex.ts';
import { walkDocument, walkLines, walkOf } from '../gpt-walk-text.ts';
import { sizeText } from '../sizes.ts';
import { worldColour } from '../world-colours.ts';
import type { Reply, ShellCommand, ShellContext } from './reply.ts';
import { Tokens } from './tokens.ts';

export const observeCommands: readonly ShellCommand[] = [
  { name: 'gpt', usage: 'gpt ADDR', run: gpt },
  { name: 'walk', usage: 'walk ADDR [as WORLD] [pas PAS]', run: walk },
  { name: 'trace', usage: 'trace on | off | last N', run: trace },
  { name: 'findings', usage: 'findings', run: findings },
  { name: 'strict', usage: 'strict on | off', run: strict },
];

const everyWorld = [World.NonSecure, World.Secure, World.Realm, World.Root] as const;
const SHOWN = 20;

function gpt({ session, say, out }: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const pa = tokens.pa('ADDR', session.machine.memory.paBits);
  tokens.end();
  const frame = Number(pa >> 12n);
  const answers = everyWorld.map((world) => ({ world, ...session.pe.gpc.explain(frame, world as Pas, world) }));
  const entry = answers[0];
  const gpi = entry?.gpi;
  const grants = answers.filter(({ allowed }) => allowed).map(({ world }) => world);
  const who =
    grants.map((world) => out.paint(worldColour(world), worldName(world))).join(' ') || say('gpt.gpi.NO_ACCESS');
  const held = gpi === undefined ? (entry?.why ?? entry?.fault?.kind ?? '') : gpiName(gpi);
  const level = say('shell.gptLevel', { level: entry?.walk.level ?? 0 });
  const span =
    entry?.spanBits === undefined ? '' : `, ${say('shell.gptSpan', { size: sizeText(2 ** entry.spanBits) })}`;
  return {
    lines: [`${hex(pa)}: ${held} (${level}${span}); ${say('shell.gptWho', { who })}`],
    result: {
      at: pa,
      ...(gpi === undefined ? { why: held } : { gpi: gpiName(gpi), spanBits: entry?.spanBits }),
      grants: grants.map(worldName),
    },
  };
}

function walk(shell: ShellContext, words: readonly string[]): Reply {
  const { session } = shell;
  const tokens = new Tokens(words);
  const pa = tokens.pa('ADDR', session.machine.memory.paBits);
  const { as, pas } = tokens.who();
  tokens.end();
  const state = session.actor(as).world;
  const made = walkOf(session.machine, { pa, pas: pas ?? (state as Pas), state, pe: session.peIndex });
  return { lines: walkLines(shell, made), result: walkDocument(made) };
}

function trace({ session, say, showEvent }: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const what = tokens.oneOf('trace', ['on', 'off', 'last'] as const);
  if (what === 'last') {
    const count = tokens.isEmpty ? SHOWN : tokens.number('N', 1, 10_000);
    tokens.end();
    const events = session.events.slice(-count);
    return { lines: events.map(traceLine), result: { events } };
  }
  tokens.end();
  session.onEvent = what === 'on' ? showEvent : undefined;
  return { lines: [say(what === 'on' ? 'shell.traceOn' : 'shell.traceOff')], result: { trace: what } };
}

function findings({ session, say }: ShellContext, words: readonly string[]): Reply {
  new Tokens(words).end();
  const { findings: found, description } = session.machine;
  if (found.length === 0)
    return { lines: [say(description.isStrict ? 'shell.noFindings' : 'shell.notStrict')], result: { findings: [] } };
  return {
    lines: found.map(({ invariant, frame, detail }) => `${invariant} ${hex(BigInt(frame) << 12n)} ${detail}`),
    result: {
      findings: found.map(({ invariant, frame, detail }) => ({ invariant, at: BigInt(frame) << 12n, detail })),
    },
  };
}

function strict({ session, say }: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const what = tokens.oneOf('strict', ['on', 'off'] as const);
  tokens.end();
  session.setStrict(what === 'on');
  return { lines: [say(what === 'on' ? 'shell.strictOn' : 'shell.strictOff')], result: { strict: what } };
}
