// Guests that a scenario writes itself: a list of steps. What they do goes into their image; what is expected stays here.

import type { AccessSize } from '../arch/action.ts';
import { isSysReg } from '../arch/registers.ts';
import type { ScriptedStep } from '../guest/scripted.ts';
import { commandOf, enumerator } from '../scenario/facts.ts';
import type { Expected, ScenarioGuest } from '../scenario/scenario.ts';
import type { CommandSpec } from '../spec/specification.ts';
import { readExpected } from './scenario-expect.ts';
import { type Fields, type Part } from './yaml-file.ts';

const verbs = ['load', 'store', 'fetch', 'rsi', 'psci', 'smc', 'hvc', 'mrs', 'msr', 'wfi', 'hostCall'] as const;
type Verb = (typeof verbs)[number];

const sizes: readonly number[] = [1, 2, 4, 8];
const GPRS = 8;
const registers = Array.from({ length: GPRS }, (_, n) => `x${n}`);

export function readGuest(part: Part): ScenarioGuest {
  const read = part.list().map(readGuestStep);
  return {
    steps: read.map(({ step }) => step),
    where: read.map(({ where }) => where),
    calls: read.map(({ call }) => call),
    expected: read.map(({ expected }) => expected),
  };
}

type GuestStep = {
  readonly step: ScriptedStep;
  readonly where: string;
  readonly call: string | undefined;
  readonly expected: readonly Expected[];
};

function readGuestStep(part: Part): GuestStep {
  const found = part.entries().flatMap(([key]) => verbs.find((verb) => verb === key) ?? []);
  const [verb] = found;
  if (verb === undefined || found.length > 1) throw part.wrongType(verbs.join(' | '));
  const { step, call, keys } = readers[verb](part, verb);
  const expect = part.entries().find(([key]) => key === 'expect')?.[1];
  return { step, where: part.where, call, expected: readExpected(expect, keys) };
}

type Read = { readonly step: ScriptedStep; readonly call?: string; readonly keys: readonly string[] };

const call = (part: Part, verb: Verb): Read => {
  const [, name] = part.entries().find(([key]) => key === verb) as readonly [string, Part];
  const spec = commandOf(name.text());
  const prefix = verb.toUpperCase();
  if (spec === undefined || spec.interface !== prefix)
    throw name.refuse('SCENARIO_COMMAND', `${prefix}_...`, name.text());
  const fields = part.object([verb, 'expect', ...spec.input.map(({ name: input }) => input)]);
  return {
    step: { smc: registersOf(fields, spec).map(hexOf) },
    call: spec.name,
    keys: ['status', 'fault', ...spec.output.map(({ name: output }) => output)],
  };
};

const readers: Readonly<Record<Verb, (part: Part, verb: Verb) => Read>> = {
  load: (part) => {
    const fields = part.object(['load', 'size', 'reg', 'expect']);
    return { step: { load: hexOf(fields.need('load').u64()), ...sizeOf(fields), ...regOf(fields) }, keys: access };
  },
  store: (part) => {
    const fields = part.object(['store', 'value', 'size', 'reg', 'expect']);
    const value = hexOf(fields.need('value').u64());
    return {
      step: { store: hexOf(fields.need('store').u64()), value, ...sizeOf(fields), ...regOf(fields) },
      keys: ['fault'],
    };
  },
  fetch: (part) => ({ step: { fetch: hexOf(part.object(['fetch', 'expect']).need('fetch').u64()) }, keys: ['fault'] }),
  rsi: call,
  psci: call,
  smc: (part) => {
    const x = part.object(['smc', 'expect']).need('smc').list();
    return { step: { smc: x.map((value) => hexOf(value.u64())) }, keys: ['fault', ...registers] };
  },
  hvc: (part) => ({ step: { hvc: part.object(['hvc', 'expect']).need('hvc').number(0xffff) }, keys: ['fault'] }),
  mrs: (part) => {
    const reg = part.object(['mrs', 'expect']).need('mrs');
    if (!isSysReg(reg.text())) throw reg.refuse('SCENARIO_COMMAND', 'SYSREG', reg.text());
    return { step: { mrs: reg.text() }, keys: access };
  },
  msr: (part) => {
    const fields = part.object(['msr', 'value', 'expect']);
    const reg = fields.need('msr');
    if (!isSysReg(reg.text())) throw reg.refuse('SCENARIO_COMMAND', 'SYSREG', reg.text());
    return { step: { msr: reg.text(), value: hexOf(fields.need('value').u64()) }, keys: ['fault'] };
  },
  wfi: (part) => {
    part.object(['wfi']).need('wfi').flag();
    return { step: { wfi: true }, keys: [] };
  },
  hostCall: (part) => {
    const fields = part.object(['hostCall', 'page', 'gprs', 'expect']);
    const gprs =
      fields
        .get('gprs')
        ?.list()
        .map((value) => hexOf(value.u64())) ?? [];
    return {
      step: { hostCall: fields.need('hostCall').number(0xffff), page: hexOf(fields.need('page').u64()), gprs },
      keys: ['fault', ...registers],
    };
  },
};

const access = ['value', 'fault'];

/** X0 and up for a command with named arguments; those that are not given are zero. */
function registersOf(fields: Fields, spec: CommandSpec): readonly bigint[] {
  const x = Array.from({ length: 8 }, () => 0n);
  x[0] = BigInt(spec.fid);
  for (const { name, reg } of spec.input) {
    const given = fields.get(name);
    if (given !== undefined) x[Number(reg.slice(1))] = numberOrName(given);
  }
  return Array.from(x, (value) => value ?? 0n);
}

/** A number, or the name of one: `RAM`. */
function numberOrName(part: Part): bigint {
  if (!part.isText) return part.u64();
  const value = enumerator(part.text());
  if (value === undefined) throw part.wrongType('4096, 0x1000, RAM, EMPTY');
  return value;
}

function sizeOf(fields: Fields): { readonly size?: AccessSize } {
  const part = fields.get('size');
  return part === undefined ? {} : { size: accessSize(part) };
}

export function accessSize(part: Part): AccessSize {
  const size = part.number();
  if (!sizes.includes(size)) throw part.wrongType(sizes.join(', '));
  return size as AccessSize;
}

function regOf(fields: Fields): { readonly reg?: number } {
  const reg = fields.get('reg')?.number(30);
  return reg === undefined ? {} : { reg };
}

const hexOf = (value: bigint): string => `0x${value.toString(16)}`;
