// Commands for system registers and TLB maintenance.

import type { Action } from '../../arch/action.ts';
import { type SysReg, isSysReg, sysRegs } from '../../arch/registers.ts';
import type { TlbiPaOp } from '../../arch/tlbi.ts';
import { World, worldName } from '../../arch/world.ts';
import { hex } from '../../base/hex.ts';
import { InputError } from '../../base/input-error.ts';
import { UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { table } from '../text.ts';
import { type Reply, type ShellCommand, type ShellContext, outcomeReply } from './reply.ts';
import { Tokens } from './tokens.ts';

export const registerCommands: readonly ShellCommand[] = [
  { name: 'mrs', usage: 'mrs REG', run: mrs },
  { name: 'msr', usage: 'msr REG VALUE', run: msr },
  { name: 'tlbi', usage: 'tlbi PAALL|PAALLOS|RPAOS|RPALOS [XT]', run: tlbi },
  { name: 'regs', usage: 'regs', run: regs },
];

export const tlbiOps = ['PAALL', 'PAALLOS', 'RPAOS', 'RPALOS'] as const;

function mrs(shell: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const reg = register(tokens);
  tokens.end();
  return act(shell, { op: 'mrs', reg }, (value) => ({
    lines: [`${reg.toUpperCase()} ${hex(value, 16)}`],
    result: { outcome: 'done', reg: reg.toUpperCase(), value },
  }));
}

function msr(shell: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const reg = register(tokens);
  const value = tokens.u64('VALUE');
  tokens.end();
  if (reg === 'scr_el3' && shell.session.who.world === World.Root)
    throw new InputError({ code: 'SHELL_SCR', where: 'SCR_EL3' });
  return act(shell, { op: 'msr', reg, value }, () => ({
    lines: [`${reg.toUpperCase()} ${hex(shell.session.pe.get(reg), 16)}`],
    result: { outcome: 'done', reg: reg.toUpperCase(), value: shell.session.pe.get(reg) },
  }));
}

function tlbi(shell: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const op = tokens.oneOf('OP', tlbiOps);
  const needsRange = op === 'RPAOS' || op === 'RPALOS';
  const xt = needsRange ? tokens.u64('XT') : 0n;
  tokens.end();
  const what = op.toLowerCase() as TlbiPaOp;
  return act(shell, { op: 'tlbi', what, xt }, () => ({
    lines: [shell.out.paint('green', `TLBI ${op}${needsRange ? ` ${hex(xt)}` : ''}`)],
    result: { outcome: 'done', op, ...(needsRange ? { xt } : {}) },
  }));
}

/**
 * Register accesses are made by the software that is on the PE, or by EL3. The registers of a world that is switched
 * out lie in the
 * monitor's context, where nobody can reach them.
 */
function act(shell: ShellContext, action: Action, done: (value: bigint) => Reply): Reply {
  const { session } = shell;
  const { who } = session;
  const isHere = session.pe.world === who.world && session.pe.el === who.el;
  if (!isHere && who.world !== World.Root && action.op !== 'tlbi')
    throw new InputError({
      code: 'SHELL_NOT_HERE',
      where: `${worldName(who.world)}.EL${who.el}`,
      expected: `RT, ${worldName(session.pe.world)}.EL${session.pe.el}`,
    });
  return outcomeReply(shell, session.perform(who, action), done);
}

function register(tokens: Tokens): SysReg {
  const name = tokens.word('REG').toLowerCase();
  if (isSysReg(name)) return name;
  throw new UsageError({
    code: 'SHELL_UNKNOWN_REGISTER',
    where: 'REG',
    expected: 'GPCCR_EL3, SCR_EL3, ESR_EL2, ...',
    found: name.toUpperCase(),
    suggestion: suggest(name, sysRegs)?.toUpperCase(),
  });
}

function regs({ session }: ShellContext, words: readonly string[]): Reply {
  new Tokens(words).end();
  const { pe } = session;
  const general = Array.from({ length: 31 }, (_, n) => [`X${n}`, pe.x[n] as bigint] as const);
  const named = sysRegs.map((name) => [name.toUpperCase(), pe.get(name)] as const);
  const shown = [
    ['PC', pe.pc] as const,
    ['PSTATE', pe.pstate] as const,
    ...[...general, ...named].filter(([, value]) => value !== 0n),
  ];
  const cells = shown.map(([name, value]) => `${name.padEnd(16)} ${hex(value, 16)}`);
  const half = Math.ceil(cells.length / 2);
  const state = `${worldName(pe.world)}.EL${pe.el}`;
  return {
    lines: [
      `PE ${pe.index} ${state} ${pe.power}`,
      ...table(cells.slice(0, half).map((cell, i) => [`  ${cell}`, cells[half + i] ?? ''])),
    ],
    result: { pe: pe.index, state, power: pe.power, registers: Object.fromEntries(shown) },
  };
}
