// One granule protection check told step by step, with the descriptors it fetched and where each rule is written.

import { GRANULE_SIZE } from '../arch/address.ts';
import { gpiName } from '../arch/gpi.ts';
import { type GptConfig, gpiIndex, level0Index, level1Index } from '../arch/gpt.ts';
import { ecName, esr } from '../arch/syndrome.ts';
import { type El, type Pas, World, canReach, worldName } from '../arch/world.ts';
import { hex } from '../base/hex.ts';
import { type GptReport, reportGptFault } from '../cpu/gpt-report.ts';
import type { Machine } from '../machine/machine.ts';
import type { GpcExplanation } from '../memory/gpc.ts';
import type { GptFetch } from '../memory/gpt-walk.ts';
import type { Word } from '../words/words.ts';
import type { Context, Facts } from './context.ts';
import { type Field, fieldsOf, groupBits } from './descriptor.ts';
import { table, wrap } from './text.ts';
import { gpiColour, worldColour } from './world-colours.ts';

/** A check that was made, with all that is needed to tell of it. */
export type Walk = {
  readonly machine: string;
  readonly pa: bigint;
  readonly pas: Pas;
  readonly state: World;
  readonly config: GptConfig;
  readonly explained: GpcExplanation;
  readonly report: GptReport | undefined;
};

/** EL that a report is written for: where the software of a state lives. */
const elOf: Readonly<Record<World, El>> = {
  [World.NonSecure]: 2,
  [World.Secure]: 1,
  [World.Realm]: 2,
  [World.Root]: 3,
};

/** The access that is asked about. */
export type Asked = { readonly pa: bigint; readonly pas: Pas; readonly state: World; readonly pe: number };

/** Makes one check, from the tables as they are now. */
export function walkOf(machine: Machine, { pa, pas, state, pe }: Asked): Walk {
  const { gpc } = machine.pes[pe] as Machine['pes'][number];
  const frame = Number(pa >> 12n);
  const explained = gpc.explain(frame, pas, state);
  const { fault } = explained;
  const report =
    fault &&
    reportGptFault({
      kind: fault.kind,
      level: fault.level,
      el: elOf[state],
      access: 'r',
      pas,
      frame,
      walk: undefined,
      scrGpf: machine.description.isGpfToEl3,
      scrEase: false,
      hcrTge: false,
      hcrGpf: false,
      el2Enabled: state !== World.Secure,
    });
  const { config } = gpc;
  return { machine: machine.description.name, pa, pas, state, config, explained, report };
}

const check = 'DDI 0487 D9 GranuleProtectionCheck()';
const walked = 'DDI 0487 D9 GPTWalk()';
const level0Section = 'DDI 0487 D9, level 0 descriptors';
const level1Section = 'DDI 0487 D9, level 1 descriptors';

/** One step of the check as facts. */
type Step = {
  readonly name: 'enabled' | 'registers' | 'closed' | 'range' | 'window' | 'base' | 'level0' | 'level1' | 'permission';
  readonly isPassed: boolean;
  readonly word: Word;
  readonly facts: Facts;
  readonly section: string;
  readonly fetch?: Fetched;
};

type Fetched = {
  readonly at: number;
  readonly index: number;
  readonly indexBits: readonly [high: number, low: number];
  readonly word: bigint;
  readonly kind: string;
  readonly isPartner: boolean;
  readonly fields: readonly Field[];
};

/** The steps that were made, the last of which decided. */
function stepsOf({ explained, config, pas, pa }: Walk): readonly Step[] {
  const { t, s, p } = config;
  const facts = { t, s, p, pas: worldName(pas), value: config.enabled ? 1 : 0, problem: config.problem ?? '' };
  const steps: Step[] = [];
  const add = (name: Step['name'], isPassed: boolean, word: Word, section = check): void => {
    steps.push({ name, isPassed, word, facts, section });
  };
  if (explained.why === 'gpc-off') {
    add('enabled', true, 'gpt.walk.step.enabled.off');
    return steps;
  }
  steps.push({ name: 'enabled', isPassed: true, word: 'gpt.walk.step.enabled', facts, section: check });
  if (explained.why === 'registers') {
    add('registers', false, 'gpt.walk.step.registers.bad');
    return steps;
  }
  add('registers', true, 'gpt.walk.step.registers');
  if (explained.why === 'closed') {
    add('closed', false, 'gpt.walk.step.closed.bad');
    return steps;
  }
  if (config.closedPases !== 0) add('closed', true, 'gpt.walk.step.closed');
  if (explained.why === 'above-pps') {
    add('range', explained.allowed, explained.allowed ? 'gpt.walk.step.range.open' : 'gpt.walk.step.range.bad');
    return steps;
  }
  add('range', true, 'gpt.walk.step.range');
  if (explained.why === 'window') {
    add('window', true, 'gpt.walk.step.window');
    return steps;
  }
  for (const fetch of explained.walk.fetches ?? []) steps.push(fetchStep(config, pa, fetch));
  if (explained.fault?.kind === 'size') add('base', false, 'gpt.walk.step.base', walked);
  if (explained.gpi !== undefined)
    steps.push({
      name: 'permission',
      isPassed: explained.allowed,
      word: explained.allowed ? 'gpt.walk.step.permit' : 'gpt.walk.step.permit.bad',
      facts: { ...facts, gpi: gpiName(explained.gpi) },
      section: check,
    });
  return steps;
}

function fetchStep(config: GptConfig, pa: bigint, { level, frame, offset, word, kind }: GptFetch): Step {
  const { t, s, p } = config;
  const asked = Number(pa >> 12n);
  const at = frame * GRANULE_SIZE + offset;
  const wanted = level === 0 ? level0Index(asked, t, s) : level1Index(asked, s, p);
  const indexBits = level === 0 ? ([t - 1, s] as const) : ([s - 1, p + 4] as const);
  const isPartner = at % 4096 !== (wanted * 8) % 4096;
  const index = isPartner ? wanted ^ 1 : wanted;
  const isAbort = kind === 'abort';
  return {
    name: level === 0 ? 'level0' : 'level1',
    isPassed: !isAbort && kind !== 'invalid',
    word: isAbort ? 'gpt.walk.step.abort' : level === 0 ? 'gpt.walk.step.fetch0' : 'gpt.walk.step.fetch1',
    facts: { index, table: hex(at - 8 * index), at: hex(at), t },
    section: level === 0 ? level0Section : level1Section,
    ...(isAbort
      ? {}
      : {
          fetch: {
            at,
            index,
            indexBits,
            word,
            kind,
            isPartner,
            fields: fieldsOf(level, word, isPartner ? -1 : gpiIndex(asked, p)),
          },
        }),
  };
}

/** A walk as JSON, without its schema. */
export function walkDocument(walk: Walk): Readonly<Record<string, unknown>> {
  const { machine, pa, pas, state, config, explained, report } = walk;
  const { t, s, p } = config;
  return {
    machine,
    pa,
    pas: worldName(pas),
    state: worldName(state),
    isReachable: canReach(state, pas),
    allowed: explained.allowed,
    ...(explained.fault === undefined
      ? {}
      : { fault: explained.fault.kind, level: explained.fault.level, gpcsc: hexCode(explained.fault.code) }),
    ...(explained.why === undefined ? {} : { why: explained.why }),
    ...(explained.gpi === undefined ? {} : { gpi: gpiName(explained.gpi), spanBits: explained.spanBits }),
    t,
    s,
    p,
    steps: stepsOf(walk).map(({ name, isPassed, section, fetch }) => ({
      name,
      passed: isPassed,
      section,
      ...(fetch === undefined
        ? {}
        : {
            at: BigInt(fetch.at),
            index: fetch.index,
            indexBits: fetch.indexBits,
            descriptor: `0x${fetch.word.toString(16).padStart(16, '0')}`,
            kind: fetch.kind,
            fields: fetch.fields.map(({ high, low, name: field, bits, value, isChosen }) => ({
              high,
              low,
              name: field,
              bits,
              value,
              chosen: isChosen,
            })),
          }),
    })),
    ...(report === undefined
      ? {}
      : { report: { class: report.class, el: report.target, esr: esr(report.ec, report.iss) } }),
  };
}

const hexCode = (code: number): string => `0x${code.toString(16).padStart(2, '0')}`;

/** A walk for people. */
export function walkLines({ out, say }: Pick<Context, 'out' | 'say'>, walk: Walk): readonly string[] {
  const { machine, pa, pas, state, explained, report, config } = walk;
  const { fault } = explained;
  const paint = (world: World | Pas, text: string): string => out.paint(worldColour(world), text);
  const lines = [
    out.paint(
      'bold',
      say('gpt.walk.title', { machine, pa: hex(pa), pas: worldName(pas), state: say(`gpt.world.${worldName(state)}`) }),
    ),
  ];
  if (!canReach(state, pas)) lines.push(...wrap(say('gpt.walk.unreachable', { pas: worldName(pas) }), out.width));
  lines.push('');
  for (const [i, step] of stepsOf(walk).entries()) {
    const mark = step.isPassed ? out.paint('green', '+') : out.paint('red', 'x');
    const text = step.fetch?.isPartner === true ? say('gpt.walk.step.partner') : say(step.word, step.facts);
    const number = `${i + 1}`.padStart(3);
    const [first = '', ...rest] = wrap(text, out.width - 6);
    lines.push(`${number} ${mark} ${first}`, ...rest.map((line) => `      ${line}`));
    if (step.fetch !== undefined) lines.push(...fetchLines({ out, say }, step.fetch, pa, config.p));
    lines.push(`      ${out.paint('dim', step.section)}`);
  }
  lines.push('');
  if (fault === undefined) {
    lines.push(`${out.paint('green', say('gpt.walk.allowed'))}  ${paint(pas, worldName(pas))} ${hex(pa)}`);
    return lines;
  }
  lines.push(
    `${out.paint('red', say('gpt.walk.refused'))}  ${say(`gpt.walk.fault.${fault.kind}`, { level: fault.level })}`,
    `  ${say('gpt.walk.gpcsc', { code: hexCode(fault.code) })}`,
  );
  if (report !== undefined)
    lines.push(
      `  ${say('gpt.walk.report', {
        from: elOf[state],
        to: report.target,
        class: report.class === 'GPC' ? 'GPC' : `${ecName(report.ec)}, DFSC ${hexCode(report.iss & 0x3f)}`,
        esr: hex(esr(report.ec, report.iss)),
      })}`,
    );
  lines.push(`  ${say('gpt.walk.written', { section: `DDI 0487 D9, D24 ESR_EL${report?.target ?? 3}` })}`);
  return lines;
}

/** The address, the index and the fields of a fetched descriptor. */
function fetchLines(
  { out, say }: Pick<Context, 'out' | 'say'>,
  fetch: Fetched,
  pa: bigint,
  p: number,
): readonly string[] {
  const { at, index, indexBits, word, kind, isPartner, fields } = fetch;
  const [high, low] = indexBits;
  const width = Math.max(high - low + 1, 1);
  const bits = groupBits(((pa >> BigInt(low)) & ((1n << BigInt(width)) - 1n)).toString(2).padStart(width, '0'));
  const rows = (isGranules(fields) ? granuleRows(fields, out) : fields.map((field) => fieldRow(field, out))).map(
    (row) => ['', ...row],
  );
  const chosen = fields.find(({ isChosen, name }) => isChosen && name.startsWith('GPI') && name !== 'GPI');
  return [
    ...(isPartner ? [] : [`      ${say('gpt.walk.index', { high, low })} = ${bits} = ${index}`]),
    `      ${hex(at)}: ${out.paint('bold', hex(word, 16))}`,
    ...table(rows, '  ').map((line) => `    ${line}`),
    ...(chosen === undefined || isPartner
      ? []
      : [
          `      ${say('gpt.walk.field.chosen', {
            n: Number(chosen.name.slice(3)),
            high: p + 3,
            low: p,
            bits: groupBits(((pa >> BigInt(p)) & 0xfn).toString(2).padStart(4, '0')),
          })}`,
        ]),
    ...(kind === 'invalid' ? [`      ${out.paint('red', say('gpt.walk.invalid'))}`] : []),
  ];
}

const isGranules = (fields: readonly Field[]): boolean => fields.length === 16;

function fieldRow({ high, low, name, bits, value, isChosen }: Field, out: Context['out']): readonly string[] {
  return [`[${high}:${low}]`, shortBits(bits), name, isChosen ? out.paint('bold', value) : value];
}

/** Long fields of zeros are written short. */
const shortBits = (bits: string): string => (bits.length > 12 && !bits.includes('1') ? '0b0...0' : groupBits(bits));

/** Sixteen GPIs in four rows; the one that counts is marked. */
function granuleRows(fields: readonly Field[], out: Context['out']): readonly (readonly string[])[] {
  return [0, 4, 8, 12].map((from) => {
    const four = fields.slice(from, from + 4);
    return [
      `[${four[0]?.high ?? 0}:${four[3]?.low ?? 0}]`,
      ...four.map(({ bits, value, isChosen }) => {
        const gpi = parseInt(bits, 2);
        const text = `${bits} ${value}`;
        return isChosen ? out.paint('bold', `>${text}<`) : out.paint(gpiColour(gpi), ` ${text} `);
      }),
    ];
  });
}
