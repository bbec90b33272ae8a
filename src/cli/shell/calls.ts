// Commands that choose who acts, and SMCs by name.

import { Fid, type FidName, NOT_SUPPORTED, fidOf, parseFid, smcName } from '../../arch/smccc.ts';
import { World, worldName } from '../../arch/world.ts';
import { hex } from '../../base/hex.ts';
import { InputError } from '../../base/input-error.ts';
import { UsageError } from '../errors.ts';
import { commandSpec } from '../explain/find.ts';
import { suggest } from '../suggest.ts';
import { worldColour } from '../world-colours.ts';
import { type Reply, type ShellCommand, type ShellContext, exitReply, outcomeReply } from './reply.ts';
import { rmmNames, rmmSpecOf, rmmStatus } from './rmm-calls.ts';
import { Tokens } from './tokens.ts';

export const callCommands: readonly ShellCommand[] = [
  { name: 'smc', usage: 'smc NAME|FID [ARG...]', run: smc },
  { name: 'world', usage: 'world WORLD [EL]', run: as },
  { name: 'as', usage: 'as WORLD [EL]', run: as },
  { name: 'pe', usage: 'pe [N]', run: pe },
];

/** X1 to X17: what the SMC Calling Convention has room for. */
const ARGS_MAX = 17;

function smc(shell: ShellContext, words: readonly string[]): Reply {
  const { session, say, out } = shell;
  const tokens = new Tokens(words);
  const fid = functionOf(tokens);
  const args: bigint[] = [];
  while (!tokens.isEmpty && args.length < ARGS_MAX) args.push(tokens.u64(`X${args.length + 1}`));
  tokens.end();
  if (session.who.world === World.Root)
    throw new InputError({ code: 'SHELL_NO_SMC_HERE', where: 'smc', found: 'RT.EL3' });
  const x = [fid, ...args];
  while (x.length < 8) x.push(0n);
  const outcome = session.perform(session.who, { op: 'smc', x });
  if (outcome.kind !== 'done') return outcomeReply(shell, outcome, () => ({ lines: [], result: {} }));
  const exit = exitReply(shell);
  const results = significant(outcome.x);
  const status = statusOf(fid, outcome.x[0] ?? 0n);
  const isGood = status === undefined || !/ERROR|NOT_SUPPORTED/.test(status);
  const text = results.map((value, n) => `X${n} ${hex(value)}${signedText(value)}`).join('  ');
  return {
    lines: [
      `${nameOf(fid)}: ${out.paint(isGood ? 'green' : 'yellow', status ?? say('shell.returned'))}`,
      `  ${text}`,
      ...exit.lines,
    ],
    result: {
      call: nameOf(fid),
      by: `${worldName(session.who.world)}.EL${session.who.el}`,
      ...(status === undefined ? {} : { status }),
      x: results,
      ...exit.result,
    },
  };
}

/** A function by name, or by its number. */
function functionOf(tokens: Tokens): bigint {
  const word = tokens.peek;
  if (word !== undefined && /^-?[0-9]/.test(word)) return tokens.u64('FID');
  const name = tokens.word('NAME').toUpperCase();
  const fid = parseFid(name) ?? commandSpec(name)?.fid;
  if (fid !== undefined) return BigInt(fid);
  throw new UsageError({
    code: 'SHELL_UNKNOWN_FUNCTION',
    where: 'NAME',
    expected: 'NAME | 0x8400_0000',
    found: name,
    suggestion: suggest(name, [...Object.keys(Fid), ...rmmNames]),
  });
}

/** Zeros at the end say nothing; X0 always does. */
function significant(x: readonly bigint[]): readonly bigint[] {
  let count = Math.min(x.length, 8);
  while (count > 1 && x[count - 1] === 0n) count--;
  return x.slice(0, count);
}

/** Results of firmware are signed, of 64 or of 32 bits: `0xffff_ffff_ffff_fffe (-2)`. */
function signedText(value: bigint): string {
  const signed = BigInt.asIntN(value >> 32n === 0n ? 32 : 64, value);
  return signed < 0n && signed > -4096n ? ` (${signed})` : '';
}

/** The status in X0 by name, where the function has one. */
function statusOf(fid: bigint, x0: bigint): string | undefined {
  if (x0 === NOT_SUPPORTED) return 'NOT_SUPPORTED';
  if (BigInt.asUintN(32, x0) === 0xffff_ffffn && (fidOf(fid) & 0x4000_0000) === 0) return 'NOT_SUPPORTED';
  const name = smcName(fid) as FidName;
  // FF-A answers with a function of its own: FFA_SUCCESS, FFA_ERROR, FFA_MSG_SEND_DIRECT_RESP.
  if (name.startsWith('FFA_')) return smcName(x0).startsWith('FFA_') ? smcName(x0) : undefined;
  const spec = rmmSpecOf(fidOf(fid));
  return spec === undefined ? undefined : rmmStatus(spec, x0);
}

/** Name of a function, or its number. */
const nameOf = (fid: bigint): string => rmmSpecOf(fidOf(fid))?.name ?? smcName(fid);

function as(shell: ShellContext, words: readonly string[]): Reply {
  const { session, say, out } = shell;
  const tokens = new Tokens(words);
  const world = tokens.world('WORLD');
  const el = tokens.el();
  tokens.end();
  session.who = session.actor({ world, el });
  const name = `${worldName(world)}.EL${session.who.el}`;
  return { lines: [out.paint(worldColour(world), say('shell.actsAs', { who: name }))], result: { as: name } };
}

function pe(shell: ShellContext, words: readonly string[]): Reply {
  const { session, say } = shell;
  const tokens = new Tokens(words);
  const index = tokens.isEmpty ? session.peIndex : tokens.number('N', 0, session.machine.pes.length - 1);
  tokens.end();
  session.peIndex = index;
  const { power, world, el } = session.pe;
  return {
    lines: [say('shell.pe', { index, power, state: `${worldName(world)}.EL${el}` })],
    result: { pe: index, power, state: `${worldName(world)}.EL${el}` },
  };
}
