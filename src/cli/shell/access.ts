// Commands that touch memory: as software of a world, or as a device.

import type { AccessSize, Action } from '../../arch/action.ts';
import { Pas, canReach, worldName } from '../../arch/world.ts';
import { hex } from '../../base/hex.ts';
import { InputError } from '../../base/input-error.ts';
import { UsageError } from '../errors.ts';
import { type Reply, type ShellCommand, type ShellContext, outcomeReply } from './reply.ts';
import { Tokens } from './tokens.ts';

const sizes: readonly AccessSize[] = [1, 2, 4, 8, 16];
const deviceSizes: readonly AccessSize[] = [1, 2, 4, 8];
const DEVICE = 'DMA';

export const accessCommands: readonly ShellCommand[] = [
  { name: 'read', usage: 'read ADDR [SIZE] [as WORLD [EL]] [pas PAS]', run: read },
  { name: 'write', usage: 'write ADDR VALUE [SIZE] [as WORLD [EL]] [pas PAS]', run: write },
  { name: 'fetch', usage: 'fetch ADDR [as WORLD [EL]] [pas PAS]', run: fetchInstruction },
  { name: 'dma', usage: 'dma read ADDR [SIZE] [pas PAS] | dma write ADDR VALUE [SIZE] [pas PAS]', run: dma },
];

function read(shell: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const at = tokens.pa('ADDR', shell.session.machine.memory.paBits);
  const size = tokens.size(sizes) ?? 8;
  return access(shell, tokens, (pas) => ({ op: 'load', at, size, ...pas }), at, size);
}

function write(shell: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const at = tokens.pa('ADDR', shell.session.machine.memory.paBits);
  const value = tokens.u64('VALUE');
  const size = tokens.size(sizes) ?? 8;
  demandFits(value, size);
  return access(shell, tokens, (pas) => ({ op: 'store', at, size, value, ...pas }), at, size);
}

function fetchInstruction(shell: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const at = tokens.pa('ADDR', shell.session.machine.memory.paBits);
  return access(shell, tokens, (pas) => ({ op: 'fetch', at, ...pas }), at, 4);
}

function access(
  shell: ShellContext,
  tokens: Tokens,
  action: (pas: { readonly pas?: Pas }) => Action,
  at: bigint,
  size: number,
): Reply {
  const { session, out } = shell;
  const { as, pas } = tokens.who();
  tokens.end();
  const who = session.actor(as);
  const space = pas ?? (who.world as Pas);
  if (!canReach(who.world, space))
    throw new InputError({
      code: 'SHELL_PAS_UNREACHABLE',
      where: `${worldName(who.world)}.EL${who.el}`,
      expected: ([Pas.NonSecure, Pas.Secure, Pas.Realm, Pas.Root] as const)
        .filter((one) => canReach(who.world, one))
        .map(worldName)
        .join(', '),
      found: worldName(space),
    });
  const made = action(pas === undefined ? {} : { pas });
  return outcomeReply(shell, session.perform(who, made), (value) => {
    const by = `${worldName(who.world)}.EL${who.el}`;
    if (made.op === 'store')
      return {
        lines: [out.paint('green', shell.say('shell.stored', { at: hex(at), size }))],
        result: { outcome: 'done', by, at, size },
      };
    return {
      lines: [`${hex(at)}: ${hex(value, size * 2)}`],
      result: { outcome: 'done', by, at, size, value },
    };
  });
}

function dma(shell: ShellContext, words: readonly string[]): Reply {
  const { session, say, out } = shell;
  const tokens = new Tokens(words);
  const what = tokens.oneOf('dma', ['read', 'write'] as const);
  const at = tokens.pa('ADDR', session.machine.memory.paBits);
  const stored = what === 'write' ? tokens.u64('VALUE') : 0n;
  const size = tokens.size(deviceSizes) ?? 8;
  demandFits(stored, size);
  const pas = tokens.isEmpty ? Pas.NonSecure : devicePas(tokens);
  tokens.end();
  const { smmu } = session.machine;
  const outcome = what === 'read' ? smmu.read(DEVICE, pas, at, size) : smmu.write(DEVICE, pas, at, size, stored);
  if (outcome.kind === 'aborted')
    return {
      lines: [
        out.paint('red', say('shell.dmaAborted', { fault: outcome.fault, level: outcome.level, pas: worldName(pas) })),
      ],
      result: { outcome: 'aborted', fault: outcome.fault, level: outcome.level },
    };
  return what === 'read'
    ? {
        lines: [`${hex(at)}: ${hex(outcome.value, size * 2)}`],
        result: { outcome: 'done', at, size, value: outcome.value },
      }
    : {
        lines: [out.paint('green', say('shell.stored', { at: hex(at), size }))],
        result: { outcome: 'done', at, size },
      };
}

function devicePas(tokens: Tokens): Pas {
  tokens.oneOf('pas', ['pas'] as const);
  return tokens.world('pas') as Pas;
}

/** A value that does not fit would be cut, so it is refused. */
function demandFits(value: bigint, size: AccessSize): void {
  if (value >> BigInt(size * 8) === 0n) return;
  throw new UsageError({
    code: 'SHELL_VALUE_TOO_WIDE',
    where: 'VALUE',
    expected: `0 .. ${hex((1n << BigInt(size * 8)) - 1n)}`,
    found: hex(value),
  });
}
