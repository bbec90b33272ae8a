// What a call, an exit or an access came to, as named facts; and whether they are what was expected.

import type { Outcome } from '../arch/action.ts';
import { ecName, ecOf } from '../arch/syndrome.ts';
import { hex } from '../base/hex.ts';
import type { RmiResult } from '../host/abi.ts';
import type { Exit } from '../host/run.ts';
import { faultName } from '../machine/fault-name.ts';
import { commandSpecs } from '../spec/commands.generated.ts';
import { enumerations } from '../spec/generated.ts';
import type { CommandSpec } from '../spec/specification.ts';
import type { Expected, Fact, Facts, Failure } from './scenario.ts';

/** A command of RMM 1.0 by its name. */
export const commandOf = (name: string): CommandSpec | undefined => commandSpecs.find((spec) => spec.name === name);

/** The number of an enumerator: `RAM`, `RMI_ERROR_INPUT`. */
export function enumerator(name: string): bigint | undefined {
  for (const values of Object.values(enumerations))
    for (const [key, value] of Object.entries(values)) if (key === name) return BigInt.asUintN(64, BigInt(value));
  return undefined;
}

/** Registers after a call, under the names of its outputs. */
export function outputsOf(name: string, x: readonly bigint[]): Facts {
  const outputs = commandOf(name)?.output.filter(({ reg }) => reg !== 'x0') ?? [];
  return Object.fromEntries(outputs.map(({ name: output, reg }) => [output, x[Number(reg.slice(1))] ?? 0n]));
}

export function resultFacts(result: RmiResult, row: string | undefined): Facts {
  const { status, index } = result;
  return {
    status,
    ...(status === 'RMI_ERROR_RTT' || index !== 0 ? { index } : {}),
    ...(row === undefined || status === 'RMI_SUCCESS' ? {} : { row }),
  };
}

export function exitFacts(exit: Exit): Facts {
  const { reason, imm, gprs, esr, ipa, ripas } = exit;
  switch (reason) {
    case 'HOST_CALL':
      return { reason, imm, ...gprFacts(gprs.slice(0, GPRS)) };
    case 'RIPAS_CHANGE':
      return { reason, base: ripas.base, top: ripas.top, ripas: ripas.value };
    case 'PSCI':
      return { reason, ...gprFacts(gprs.slice(0, 4)) };
    case 'SYNC':
      return { reason, class: ecName(ecOf(esr)), ipa };
    default:
      return { reason };
  }
}

const GPRS = 8;
const gprFacts = (gprs: readonly bigint[]): Facts => Object.fromEntries(gprs.map((value, n) => [`gpr${n}`, value]));

/** `call`: the command whose results have names. */
export function outcomeFacts(outcome: Outcome, call?: string): Facts {
  switch (outcome.kind) {
    case 'done':
      return call === undefined
        ? { value: outcome.value, ...registerFacts(outcome.x) }
        : { status: statusName(call, outcome.x[0] ?? 0n), ...outputsOf(call, outcome.x) };
    case 'fault':
      return { fault: faultName(outcome.fault.esr) };
    case 'exception':
      return { class: ecName(ecOf(outcome.exception.esr)) };
    case 'moved':
      return { moved: true };
  }
}

const registerFacts = (x: readonly bigint[]): Facts =>
  Object.fromEntries(x.slice(0, GPRS).map((value, n) => [`x${n}`, value]));

/** What a guest's call returned, by name. */
function statusName(call: string, x0: bigint): string {
  const values = call.startsWith('PSCI_') ? enumerations.PsciReturnCode : enumerations.RsiCommandReturnCode;
  const number = call.startsWith('PSCI_') ? BigInt.asIntN(64, x0) : x0;
  return Object.entries(values).find(([, value]) => BigInt(value) === number)?.[0] ?? hex(x0);
}

/** Facts that nobody mentioned have to be these. */
const quiet: Facts = { status: 'RMI_SUCCESS', leaks: 0, findings: 0, offline: 'same' };

/** Expectations that do not hold, and what went wrong that nobody expected: a refusal, a fault, a leak. */
export function failuresOf(where: string, title: string, facts: Facts, expected: readonly Expected[]): Failure[] {
  const given = new Set(expected.map(({ key }) => key));
  const failures = explicitFailures(title, facts, expected);
  for (const [key, value] of Object.entries(quiet))
    if (!given.has(key) && facts[key] !== undefined && !isSame(value, facts[key]))
      failures.push({ where, what: `${title}: ${key}`, expected: value, found: facts[key] });
  // A value that was expected and is a fault has been said already.
  if (!given.has('fault') && !given.has('value') && facts['fault'] !== undefined)
    failures.push({ where, what: `${title}: fault`, expected: 'none', found: facts['fault'] });
  return failures;
}

/** Expectations that do not hold. */
export function explicitFailures(title: string, facts: Facts, expected: readonly Expected[]): Failure[] {
  const failures: Failure[] = [];
  for (const { where: place, key, value } of expected) {
    const found = facts[key];
    if (found === undefined) {
      if (value !== 'none')
        failures.push({ where: place, what: `${title}: ${key}`, expected: value, found: absent(key, facts) });
    } else if (!isSame(value, found)) {
      failures.push({ where: place, what: `${title}: ${key}`, expected: value, found });
    }
  }
  return failures;
}

/** What is found in the place of a fact that is not there. */
const absent = (key: string, { fault = 'none' }: Facts): Fact => (key === 'value' ? fault : 'none');

/** Numbers are numbers whatever their type, or an enumerator; all else is itself. */
function isSame(expected: Fact, found: Fact): boolean {
  const isNumber = typeof found === 'number' || typeof found === 'bigint';
  const value = typeof expected === 'string' && isNumber ? (enumerator(expected) ?? expected) : expected;
  return plain(value) === plain(found);
}

const plain = (value: Fact): string | bigint =>
  typeof value === 'number' ? BigInt(value) : typeof value === 'boolean' ? String(value) : value;
