// Commands of the RMM by name, with their arguments by name or in order. Answers carry the names of the specification, and the
// row that made a command fail, which only the trace knows.

import type { Outcome } from '../../arch/action.ts';
import { NOT_SUPPORTED } from '../../arch/smccc.ts';
import type { TraceEvent } from '../../arch/trace.ts';
import { World, worldName } from '../../arch/world.ts';
import { hex } from '../../base/hex.ts';
import { InputError } from '../../base/input-error.ts';
import { commandSpecs } from '../../spec/commands.generated.ts';
import { enumerations } from '../../spec/generated.ts';
import type { CommandSpec } from '../../spec/specification.ts';
import { UsageError } from '../errors.ts';
import { commandSpec, rowsOf } from '../explain/find.ts';
import { parseU64 } from '../number.ts';
import { suggest } from '../suggest.ts';
import { wrap } from '../text.ts';
import { type Reply, type ShellCommand, type ShellContext, exitReply, outcomeReply } from './reply.ts';

/** Names that can begin a line. */
export const rmmNames: readonly string[] = commandSpecs.map(({ name }) => name);

/** What a command takes, as help shows it: `RMI_RTT_DESTROY rd= ipa= level=`. */
const usageOf = ({ name, input }: CommandSpec): string => [name, ...input.map((one) => `${one.name}=`)].join(' ');

/** RMI and RSI by number. PSCI is left out: to the Host it is a service of EL3, with more functions. */
export const rmmSpecOf = (fid: number): CommandSpec | undefined =>
  commandSpecs.find((spec) => spec.interface !== 'PSCI' && Number(spec.fid) === fid);

/** Arguments that completion offers behind a command. */
export const argumentsOf = (name: string): readonly string[] =>
  commandSpec(name)?.input.map((input) => `${input.name}=`) ?? [];

/** The command of a name in the specification. */
export function rmmCommand(name: string): ShellCommand | undefined {
  const spec = commandSpec(name);
  if (spec === undefined) return undefined;
  return { name: spec.name, usage: usageOf(spec), run: (shell, words) => call(shell, spec, words) };
}

function call(shell: ShellContext, spec: CommandSpec, words: readonly string[]): Reply {
  const { session } = shell;
  const args = argumentsFrom(spec, words);
  if (spec.interface === 'RSI' && session.machine.rmm.running.get(session.peIndex) === undefined)
    throw new InputError({ code: 'SHELL_NO_REC', where: spec.name, found: `PE ${session.peIndex}` });
  if (session.who.world === World.Root)
    throw new InputError({ code: 'SHELL_NO_SMC_HERE', where: spec.name, found: 'RT.EL3' });
  const x = Array.from({ length: 11 }, () => 0n);
  x[0] = BigInt(spec.fid);
  for (const [name, value] of args) x[registerOf(spec, name)] = value;
  const by = `${worldName(session.who.world)}.EL${session.who.el}`;
  let row: string | undefined;
  const listener = (event: TraceEvent): void => {
    if ((event.kind === 'rmi' || event.kind === 'rsi') && event.name === spec.name) row = event.failed;
  };
  const outcome = session.listening(listener, () => session.perform(session.who, { op: 'smc', x }));
  if (outcome.kind !== 'done') return outcomeReply(shell, outcome, () => ({ lines: [], result: {} }));
  return answer(shell, spec, outcome, by, row);
}

function answer(
  shell: ShellContext,
  spec: CommandSpec,
  { x }: Extract<Outcome, { kind: 'done' }>,
  by: string,
  row: string | undefined,
): Reply {
  const { out } = shell;
  const status = rmmStatus(spec, x[0] ?? 0n);
  const isGood = !/ERROR|NOT_SUPPORTED|INVALID|DENIED|ALREADY/.test(status);
  const condition = rowsOf(spec).find(({ id }) => id === row)?.condition;
  const outputs = outputsOf(spec, x, isGood);
  const exit = spec.name === 'RMI_REC_ENTER' && isGood ? exitReply(shell) : undefined;
  const head = `${spec.name}: ${out.paint(isGood ? 'green' : 'yellow', status)}`;
  return {
    lines: [
      row === undefined ? head : `${head}  ${row}`,
      ...(condition === undefined ? [] : wrap(condition, Math.min(out.width, 100) - 2).map((line) => `  ${line}`)),
      ...outputLines(outputs),
      ...(exit?.lines ?? []),
    ],
    result: {
      call: spec.name,
      by,
      status,
      ...(row === undefined ? {} : { row, condition }),
      outputs: Object.fromEntries(outputs),
      ...exit?.result,
    },
  };
}

const registerOf = (spec: CommandSpec, name: string): number =>
  Number(spec.input.find((input) => input.name === name)?.reg.slice(1));

/** X1 and up by their names; those of a failure where they say something. */
function outputsOf(spec: CommandSpec, x: readonly bigint[], isGood: boolean): readonly (readonly [string, bigint])[] {
  const outputs = spec.output.slice(1).map(({ name, reg }) => [name, x[Number(reg.slice(1))] ?? 0n] as const);
  const areMeant = isGood || (spec.onFailure !== undefined && outputs.some(([, value]) => value !== 0n));
  return areMeant ? outputs : [];
}

/** Four to a line: measurements have eight. */
function outputLines(outputs: readonly (readonly [string, bigint])[]): readonly string[] {
  const texts = outputs.map(([name, value]) => `${name} ${hex(value)}`);
  return Array.from({ length: Math.ceil(texts.length / 4) }, (_, i) => `  ${texts.slice(4 * i, 4 * i + 4).join('  ')}`);
}

/** `NAME=VALUE` in any order, or values in the order of the registers; not both ways for one argument, and each once. */
function argumentsFrom(spec: CommandSpec, words: readonly string[]): ReadonlyMap<string, bigint> {
  const names = spec.input.map(({ name }) => name);
  const args = new Map<string, bigint>();
  let next = 0;
  for (const word of words) {
    const [, given, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(word) ?? [];
    const name = given ?? names[next++];
    if (name === undefined) throw new UsageError({ code: 'SHELL_EXTRA', where: 'line', found: word });
    if (!names.includes(name))
      throw new UsageError({
        code: 'SHELL_UNKNOWN_ARGUMENT',
        where: spec.name,
        expected: names.join(', '),
        found: name,
        suggestion: suggest(name, names),
      });
    if (args.has(name)) throw new UsageError({ code: 'SHELL_TWICE', where: name, found: name });
    args.set(name, parseU64(value ?? word, name));
  }
  const missing = names.filter((name) => !args.has(name));
  if (missing.length > 0)
    throw new UsageError({
      code: 'SHELL_MISSING_ARGUMENT',
      where: spec.name,
      expected: usageOf(spec),
      found: words.join(' '),
    });
  return args;
}

/** The status in X0 by its name in the specification; a version is a number. */
export function rmmStatus({ name, interface: of, output }: CommandSpec, x0: bigint): string {
  if (x0 === NOT_SUPPORTED) return of === 'PSCI' ? 'PSCI_NOT_SUPPORTED' : 'NOT_SUPPORTED';
  if (name === 'PSCI_VERSION') return hex(x0);
  if (of === 'RMI') {
    const status = valueName(enumerations.RmiStatus, x0 & 0xffn);
    const index = (x0 >> 8n) & 0xffn;
    return index === 0n ? status : `${status} ${index}`;
  }
  const type = output[0]?.type ?? '';
  if (type === 'PsciAffinity' || name === 'PSCI_AFFINITY_INFO') {
    const affinity = valueName(enumerations.PsciAffinity, x0);
    if (affinity !== String(x0)) return affinity;
  }
  const names = of === 'RSI' ? enumerations.RsiCommandReturnCode : enumerations.PsciReturnCode;
  return valueName(names, BigInt.asIntN(64, x0));
}

const valueName = (names: Readonly<Record<string, number>>, value: bigint): string =>
  Object.entries(names).find(([, code]) => BigInt(code) === value)?.[0] ?? String(value);
