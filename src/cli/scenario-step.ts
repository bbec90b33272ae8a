// Steps of a scenario: each is an object with one verb, what the verb needs, and what is expected.

import { parseFid } from '../arch/smccc.ts';
import { commandOf, enumerator } from '../scenario/facts.ts';
import { type Deed, type Ref, type Step, type Value, flaws } from '../scenario/scenario.ts';
import { readExpected } from './scenario-expect.ts';
import { accessSize } from './scenario-guest.ts';
import { type Fields, type Part } from './yaml-file.ts';

/** What a step may name. */
export type Named = {
  readonly realms: readonly string[];
  readonly vms: readonly string[];
  /** Pages that steps before took. */
  readonly pages: Set<string>;
  readonly pes: number;
  /** Contents that an image is given. */
  readonly image: (fields: Fields) => Uint8Array;
};

type Reader = {
  /** Keys beside the verb's own. */
  readonly keys: readonly string[];
  /** Facts that it finds out. */
  readonly facts: readonly string[];
  readonly read: (fields: Fields, subject: Part, named: Named) => Deed;
};

const result = ['status', 'index', 'row'];
const exit = [
  'reason',
  'imm',
  ...Array.from({ length: 8 }, (_, n) => `gpr${n}`),
  'class',
  'ipa',
  'base',
  'top',
  'ripas',
];
const running = ['end', 'exits', 'reasons', ...result, ...exit];
const answering = ['vcpu', 'pe', 'mmio', 'ripas', 'hostCall'];
const accessing = ['size', 'pe'];

const realmOf = (part: Part, { realms }: Named): string => part.oneOf(realms);
const onlyRealm = (
  verb: 'create' | 'activate' | 'destroy' | 'measure' | 'empty',
  facts: readonly string[],
): Reader => ({
  keys: [],
  facts,
  read: (_, subject, named) => ({ verb, realm: realmOf(subject, named) }),
});

const readers: Readonly<Record<Deed['verb'], Reader>> = {
  create: onlyRealm('create', result),
  activate: onlyRealm('activate', result),
  destroy: onlyRealm('destroy', result),
  measure: onlyRealm('measure', ['rim', 'rem1', 'rem2', 'rem3', 'rem4', 'offline']),
  empty: onlyRealm('empty', ['granules', 'leaks']),
  populate: {
    keys: ['ipa', 'script', 'args', 'guest', 'file', 'hex', 'fill', 'size', 'measure'],
    facts: result,
    read: (fields, subject, named) => ({
      verb: 'populate',
      realm: realmOf(subject, named),
      ipa: fields.need('ipa').number(),
      bytes: named.image(fields),
      isMeasured: fields.get('measure')?.flag() ?? true,
    }),
  },
  map: {
    keys: ['ipa'],
    facts: result,
    read: (fields, subject, named) => ({
      verb: 'map',
      realm: realmOf(subject, named),
      ipa: fields.need('ipa').number(),
    }),
  },
  'init-ripas': {
    keys: ['base', 'top'],
    facts: result,
    read: (fields, subject, named) => ({
      verb: 'init-ripas',
      realm: realmOf(subject, named),
      base: fields.need('base').number(),
      top: fields.need('top').number(),
    }),
  },
  share: {
    keys: ['ipa', 'page'],
    facts: result,
    read: (fields, subject, named) => ({
      verb: 'share',
      realm: realmOf(subject, named),
      ipa: fields.need('ipa').number(),
      page: fields.need('page').oneOf([...named.pages]),
    }),
  },
  run: { keys: answering, facts: running, read: (fields, subject, named) => runOf('run', fields, subject, named) },
  start: {
    keys: answering,
    facts: [],
    read: (fields, subject, named) => {
      fields.need('pe');
      return runOf('start', fields, subject, named);
    },
  },
  advance: {
    keys: [],
    facts: [],
    read: (_, subject) => ({ verb: 'advance', steps: subject.number(1_000_000) }),
  },
  finish: {
    keys: [],
    facts: running,
    read: (_, subject, named) => ({ verb: 'finish', pe: peOf(subject, named) }),
  },
  enter: {
    keys: ['vcpu', 'emulMmio', 'injectSea', 'reject', 'gprs', 'interrupt', 'lrs'],
    facts: [...result, ...exit],
    read: (fields, subject, named) => ({
      verb: 'enter',
      realm: realmOf(subject, named),
      vcpu: fields.get('vcpu')?.number(15) ?? 0,
      flags: {
        emulMmio: fields.get('emulMmio')?.flag() ?? false,
        injectSea: fields.get('injectSea')?.flag() ?? false,
        reject: fields.get('reject')?.flag() ?? false,
      },
      lrs: lrsOf(fields),
      gprs: listOf(fields.get('gprs'), ENTRY_GPRS),
    }),
  },
  rmi: { keys: ['args'], facts: [...result], read: readRmi },
  take: {
    keys: [],
    facts: [],
    read: (_, subject, { pages }) => {
      const page = subject.text();
      pages.add(page);
      return { verb: 'take', page };
    },
  },
  read: { keys: accessing, facts: ['value', 'fault'], read: (...all) => ({ verb: 'read', ...accessOf(...all) }) },
  fetch: { keys: accessing, facts: ['fault'], read: (...all) => ({ verb: 'fetch', ...accessOf(...all) }) },
  write: {
    keys: [...accessing, 'value'],
    facts: ['fault'],
    read: (fields, subject, named) => ({
      verb: 'write',
      ...accessOf(fields, subject, named),
      value: valueOf(fields.need('value'), named),
    }),
  },
  'dma-read': {
    keys: ['size'],
    facts: ['value', 'fault'],
    read: (...all) => ({ verb: 'dma-read', ...accessOf(...all), value: 0n }),
  },
  'dma-write': {
    keys: ['size', 'value'],
    facts: ['fault'],
    read: (fields, subject, named) => ({
      verb: 'dma-write',
      ...accessOf(fields, subject, named),
      value: valueOf(fields.need('value'), named),
    }),
  },
  flaw: { keys: [], facts: [], read: (_, subject) => ({ verb: 'flaw', flaw: subject.oneOf(flaws) }) },
  findings: {
    keys: [],
    facts: ['findings', 'invariant'],
    read: (_, subject) => {
      subject.flag();
      return { verb: 'findings' };
    },
  },
  'create-vm': { keys: [], facts: [], read: (_, subject, { vms }) => ({ verb: 'create-vm', vm: subject.oneOf(vms) }) },
  'run-vm': { keys: [], facts: ['class'], read: (_, subject, { vms }) => ({ verb: 'run-vm', vm: subject.oneOf(vms) }) },
};

/** List Registers as numbers, or one pending interrupt of Group 1. */
function lrsOf(fields: Fields): readonly bigint[] {
  const interrupt = fields.get('interrupt');
  if (interrupt !== undefined) return [PENDING_GROUP1 | interrupt.u64(0xffff_ffffn)];
  return listOf(fields.get('lrs'), LIST_REGISTERS);
}

function listOf(part: Part | undefined, max: number): readonly bigint[] {
  const values = part?.list().map((value) => value.u64()) ?? [];
  if (values.length > max) throw (part as Part).refuse('SCENARIO_LAYOUT', `<= ${max}`, String(values.length));
  return values;
}

/** ICH_LR_EL2: pending, Group 1, priority 0x80. IHI 0069 section 12.4. */
const PENDING_GROUP1 = (1n << 62n) | (1n << 60n) | (0x80n << 48n);
const LIST_REGISTERS = 16;
const ENTRY_GPRS = 31;

const verbs = Object.keys(readers) as readonly Deed['verb'][];

export function readStep(part: Part, named: Named): Step {
  const found = part.entries().flatMap(([key, subject]) => {
    const verb = verbs.find((one) => one === key);
    return verb === undefined ? [] : [{ verb, subject }];
  });
  const [first] = found;
  if (first === undefined) throw part.wrongType(verbs.join(' | '));
  const { verb, subject } = first;
  const reader = readers[verb];
  const fields = part.object([verb, ...reader.keys, 'expect', 'note']);
  fields.get('note')?.text();
  const deed = reader.read(fields, subject, named);
  const facts = deed.verb === 'rmi' ? [...reader.facts, ...outputsOf(deed.name)] : reader.facts;
  const expected = readExpected(fields.get('expect'), facts);
  return { where: part.where, title: titleOf(verb, subject), deed, expected };
}

function titleOf(verb: string, subject: Part): string {
  const plain = subject.plain();
  if (typeof plain !== 'object' || plain === null) return plain === true ? verb : `${verb} ${String(plain)}`;
  const words = Object.entries(plain).map(([key, value]) =>
    typeof value === 'number'
      ? `${key} 0x${value.toString(16)}`
      : key === 'granule'
        ? String(value)
        : `${key} ${String(value)}`,
  );
  return `${verb} ${words.join(' ')}`;
}

function runOf<Verb extends 'run' | 'start'>(verb: Verb, fields: Fields, subject: Part, named: Named): Deed {
  const mmio = fields.get('mmio');
  const pe = fields.get('pe');
  return {
    verb,
    realm: realmOf(subject, named),
    vcpu: fields.get('vcpu')?.number(15) ?? 0,
    pe: pe === undefined ? 0 : peOf(pe, named),
    answers: {
      mmio: mmio?.isText === true ? mmio.oneOf(['refuse'] as const) : mmio?.u64(),
      ripas: fields.get('ripas')?.oneOf(['accept', 'reject'] as const) ?? 'accept',
      hostCall: fields
        .get('hostCall')
        ?.list()
        .map((value) => value.u64()),
    },
  };
}

function peOf(part: Part, { pes }: Named): number {
  const pe = part.number();
  if (pe >= pes) throw part.refuse('SCENARIO_NAME', `0 .. ${pes - 1}`, String(pe));
  return pe;
}

function readRmi(fields: Fields, subject: Part, named: Named): Deed {
  const name = subject.text();
  const spec = commandOf(name);
  if (spec === undefined || parseFid(name) === undefined) throw subject.refuse('SCENARIO_COMMAND', 'RMI_...', name);
  const args = fields.get('args')?.object(spec.input.map((input) => input.name));
  const registers = spec.input.map(({ reg }) => Number(reg.slice(1)));
  const x: Value[] = Array.from({ length: Math.max(0, ...registers) }, () => 0n);
  for (const { name: input, reg } of spec.input) {
    const given = args?.get(input);
    if (given !== undefined) x[Number(reg.slice(1)) - 1] = valueOf(given, named);
  }
  return { verb: 'rmi', name, args: x };
}

const outputsOf = (name: string): readonly string[] =>
  commandOf(name)?.output.flatMap(({ name: output, reg }) => (reg === 'x0' ? [] : [output])) ?? [];

function accessOf(fields: Fields, subject: Part, named: Named) {
  const size = fields.get('size');
  const pe = fields.get('pe');
  return {
    at: refOf(subject, named),
    size: size === undefined ? (8 as const) : accessSize(size),
    pe: pe === undefined ? 0 : peOf(pe, named),
  };
}

/** A number, an enumerator, or where something is. */
function valueOf(part: Part, named: Named): Value {
  if (part.isObject) return refOf(part, named);
  if (!part.isText) return part.u64();
  const value = enumerator(part.text());
  if (value === undefined) throw part.wrongType('4096 | 0x1000 | RAM | {}');
  return value;
}

/** Where something is: an address, `{page: p}`, `{vm: v, ipa: N}`, `{realm: a, ipa: N}`, `{realm: a, granule: rd}`. */
function refOf(part: Part, named: Named): Ref {
  if (!part.isObject) return { of: 'pa', pa: part.number(), offset: 0 };
  const fields = part.object(['page', 'vm', 'realm', 'ipa', 'granule', 'vcpu', 'level', 'offset']);
  const offset = fields.get('offset')?.number(2 ** 32) ?? 0;
  const page = fields.get('page');
  if (page !== undefined) return { of: 'page', page: page.oneOf([...named.pages]), offset };
  const vm = fields.get('vm');
  if (vm !== undefined) return { of: 'vm', vm: vm.oneOf(named.vms), ipa: fields.need('ipa').number(), offset };
  const realm = realmOf(fields.need('realm'), named);
  const granule = fields.get('granule')?.oneOf(['rd', 'rtt', 'rec', 'run'] as const);
  const level = fields.get('level');
  if (level !== undefined)
    return { of: 'table', realm, level: level.number(3), ipa: fields.need('ipa').number(), offset };
  if (granule === undefined) return { of: 'data', realm, ipa: fields.need('ipa').number(), offset };
  if (granule === 'rd' || granule === 'rtt') return { of: 'granule', realm, granule, offset };
  return { of: 'vcpu', realm, granule, vcpu: fields.get('vcpu')?.number(15) ?? 0, offset };
}
