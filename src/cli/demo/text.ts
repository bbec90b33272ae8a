// The story for a terminal: 80 columns, readable without colour. Words come from src/words; actors and events look as
// they do in the trace.

import { gpiOf, parseGpi } from '../../arch/gpi.ts';
import { Iss, ecName, issOf } from '../../arch/syndrome.ts';
import { type World, parseWorld } from '../../arch/world.ts';
import { unreachable } from '../../base/assert.ts';
import { hex } from '../../base/hex.ts';
import { type Language, type Word, say } from '../../words/words.ts';
import type { Output } from '../output.ts';
import { sizeText } from '../sizes.ts';
import { wrap } from '../text.ts';
import { gpiColour, gpiLetter, worldColour } from '../world-colours.ts';
import type { Page } from './page.ts';
import { PAGE } from './perform.ts';
import { worldsPicture } from './picture.ts';
import {
  type AccessFault,
  type Citation,
  type NamedValue,
  type Step,
  type StepOf,
  type Told,
  type Who,
  holds,
  isTrue,
} from './scene.ts';

const WIDTH_MAX = 80;
const INDENT = '    ';
/** Width of the words in front of what was tried, what stopped it and where it is written. */
const LABEL = 12;
/** Where the arguments of a command stand: below its name. */
const DETAIL = ' '.repeat(23);
const CONDITION_LINES = 2;
const MORE = ' ...';
/** Outputs that are one long value are shown otherwise. */
const MANY = 8;
const NO_BREAK = '\u00a0';

export function printStory(out: Output, language: Language, story: readonly Told[]): void {
  const width = Math.min(out.width, WIDTH_MAX);
  const page: Page = { out, width, t: (word, facts = {}) => say(language, word, shown(facts)) };
  out.line(out.paint('bold', page.t('demo.title')));
  paragraph(page, page.t('demo.intro'));
  let number = 0;
  for (let i = 0; i < story.length;) {
    const told = story[i] as Told;
    number++;
    if (told.scene.kind === 'tour') {
      printTour(page, `${number}. ${page.t(told.scene.title)}`, told);
      i++;
      continue;
    }
    const end = story.findIndex(({ scene }, n) => n > i && scene.kind === 'tour');
    const attacks = story.slice(i, end < 0 ? undefined : end);
    printAttacks(page, number, attacks);
    i += attacks.length;
  }
  printEnd(page, story);
}

/** Attacks that stand together, under one heading. */
function printAttacks(page: Page, number: number, attacks: readonly Told[]): void {
  const target = attacks[0]?.scene.target ?? 'granules';
  const facts = { count: attacks.length, page: PAGE };
  heading(page, `${number}. ${page.t(`demo.attacks.${target}.title`, facts)}`);
  paragraph(page, page.t(`demo.attacks.${target}.opening`, facts));
  for (const [i, told] of attacks.entries()) printAttack(page, `${number}.${i + 1} ${page.t(told.scene.title)}`, told);
}

function printTour(page: Page, title: string, { scene, played }: Told): void {
  heading(page, title);
  paragraph(page, page.t(scene.opening, played.facts));
  printSteps(page, played);
  if (scene.closing !== undefined) paragraph(page, page.t(scene.closing, played.facts));
  page.out.line();
  labelled(page, 'demo.label.written', citations(scene.written));
  printFailures(page, played);
}

function printAttack(page: Page, title: string, told: Told): void {
  const { scene, played } = told;
  const { out, t } = page;
  heading(page, title);
  out.line();
  labelled(page, 'demo.label.tried', t(scene.opening, played.facts));
  printSteps(page, played);
  out.line();
  if (scene.closing !== undefined) labelled(page, 'demo.label.stopped', t(scene.closing, played.facts));
  labelled(page, 'demo.label.written', citations(scene.written));
  printFailures(page, played);
  const verdict = isTrue(told) ? out.paint('green', t('demo.stopped')) : out.paint('red', t('demo.not-stopped'));
  out.line(`  ${' '.repeat(LABEL)}${verdict}`);
}

function printEnd(page: Page, story: readonly Told[]): void {
  const { out, t } = page;
  const attacks = story.filter(({ scene }) => scene.kind === 'attack');
  const stopped = attacks.filter(isTrue).length;
  const isGood = story.every(isTrue);
  heading(page, t('demo.end.title'));
  paragraph(page, t('demo.end.count', { count: attacks.length, stopped }), isGood ? 'green' : 'red');
  if (!isGood) paragraph(page, t('demo.end.failed'), 'red');
  paragraph(page, t('demo.end.next'));
  out.line();
  const commands: readonly (readonly [string, Word])[] = [
    ['fourworlds gpt show', 'demo.end.map'],
    ['fourworlds gpt walk 0x90005000 --pas NS', 'demo.end.walk'],
    ['fourworlds explain RMI_DATA_CREATE', 'demo.end.explain'],
    ['fourworlds shell', 'demo.end.shell'],
  ];
  for (const [command, word] of commands) {
    out.line(`${INDENT}${out.paint('bold', command)}`);
    out.line(`${INDENT}    ${t(word)}`);
  }
  paragraph(page, t('demo.end.documents'));
}

function printFailures({ out, t }: Page, { checks }: Told['played']): void {
  for (const check of checks) if (!holds(check)) out.line(`  ${out.paint('red', t('demo.failed', check))}`);
}

function printSteps(page: Page, { steps, facts }: Told['played']): void {
  const { out } = page;
  for (const [i, step] of steps.entries()) {
    if (step.say !== undefined) paragraph(page, page.t(step.say, facts));
    if (step.say !== undefined || i === 0) out.line();
    printStep(page, step);
  }
}

function printStep(page: Page, step: Step): void {
  const { out, t } = page;
  switch (step.kind) {
    case 'access':
      return printAccess(page, step);
    case 'call': {
      const args = step.args.slice(0, step.args.findLastIndex((arg) => arg !== 0n) + 1).map((arg) => hex(arg));
      const result = out.paint(step.status.endsWith('SUCCESS') ? 'green' : 'red', step.status);
      return out.line(deed(page, step.by, 'SMC', [step.name, ...args].join(' '), result));
    }
    case 'command':
      return printCommand(page, step);
    case 'guest': {
      const { by, what, ipa, value = 0n, to, fault } = step;
      const result =
        fault !== undefined ? out.paint('red', faultText(page, fault)) : to === undefined ? hex(value) : `-> ${to}`;
      out.line(deed(page, by, what, `IPA ${hex(ipa, 8)}`, result));
      if (fault !== undefined) printSyndrome(page, fault, 'DFSC', '');
      return;
    }
    case 'exit':
      out.line(deed(page, step.by, 'reads', 'RmiRecExit', step.reason));
      return printNamed(page, step.fields);
    case 'digest':
      out.line(`${INDENT}${step.of}`);
      return out.line(`${INDENT}  ${out.paint('dim', step.digest)}`);
    case 'entry': {
      const gpi = step.gpi === undefined ? '' : out.paint(gpiColour(parseGpi(step.gpi) ?? 0), step.gpi);
      const says = step.span === undefined ? '' : `  ${gpi} ${sizeText(step.span)}`;
      const where = `GPT L${step.level}  ${hex(step.at, 8).padEnd(11)}`;
      return out.line(`${INDENT}${where}  ${hex(step.word, 16)}  ${step.form.padEnd(10)}${says}`.trimEnd());
    }
    case 'register':
      return out.line(`${INDENT}  ${step.name} ${hex(step.value, 8).padEnd(13)}  ${step.reads}`);
    case 'event':
      return printEvent(page, step);
    case 'finding':
      out.line(`${INDENT}${out.paint('yellow', `FINDING ${step.invariant}`)}  ${hex(step.at, 8)}`);
      return out.line(`${INDENT}  ${step.detail}`);
    case 'worlds':
      for (const line of worldsPicture(page, step)) out.line(`  ${line}`);
      return;
    case 'run':
      return printRun(page, step);
    case 'reach': {
      if (step.say !== undefined) out.line(`${INDENT}${' '.repeat(14)}${letters(page, step)}`);
      const world = parseWorld(step.world) as World;
      const name = `${gpiLetter(gpiOf(world))}  ${`${step.world}.EL${step.el}`.padEnd(11)}`;
      const cells = step.tried.map(({ granted }) => (granted ? t('demo.yes') : '-').padEnd(6));
      return out.line(`${INDENT}${out.paint(worldColour(world), name)}${cells.join('')}`.trimEnd());
    }
    default:
      return unreachable(step);
  }
}

function printAccess(page: Page, step: StepOf<'access'>): void {
  const { out } = page;
  const { by, what, pas, at, value, fault } = step;
  if (fault === undefined) return out.line(deed(page, by, what, `${pas} ${hex(at, 8)}`, hex(value ?? 0n)));
  out.line(deed(page, by, what, `${pas} ${hex(at, 8)}`, out.paint('red', faultText(page, fault))));
  const says = fault.gpt === undefined ? '' : page.t('demo.fault.entry', { gpi: fault.gpt.gpi });
  if (fault.syndrome === undefined) {
    if (says !== '') out.line(`${INDENT}  ${says}`);
    return;
  }
  printSyndrome(page, fault, what === 'fetch' ? 'IFSC' : 'DFSC', says);
}

function printSyndrome({ out }: Page, { syndrome }: AccessFault, code: string, says: string): void {
  if (syndrome === undefined) return;
  const { el, esr, ec, fsc, far } = syndrome;
  const write = (issOf(esr) & Iss.WnR) === 0 ? '' : ', WnR';
  out.line(
    `${INDENT}  ESR_EL${el} ${hex(esr).padEnd(15)}EC ${hex(ec, 2)} ${ecName(ec)}, ${code} ${hex(fsc, 2)}${write}`,
  );
  out.line(`${INDENT}  FAR_EL${el} ${hex(far, 8).padEnd(15)}${says}`.trimEnd());
}

/** A command with its arguments by name; the row that made it fail, with its condition. */
function printCommand(page: Page, step: StepOf<'command'>): void {
  const { out } = page;
  const { by, name, args, status, to, row, condition, outputs } = step;
  const isGood = status === undefined || status.endsWith('SUCCESS');
  const result = out.paint(isGood ? 'green' : 'red', status ?? `-> ${to ?? ''}`);
  out.line(deed(page, by, 'SMC', name, result));
  printNamed(page, args);
  if (row !== undefined)
    for (const line of conditionLines(`${row}: ${condition ?? ''}`, page.width - DETAIL.length))
      out.line(DETAIL + out.paint('yellow', line));
  if (outputs.length > 0 && outputs.length < MANY) printNamed(page, outputs, '= ');
}

/** The beginning of a condition; `explain` shows long ones whole. */
function conditionLines(text: string, width: number): readonly string[] {
  const lines = wrap(text, width - MORE.length);
  return lines.length <= CONDITION_LINES
    ? lines
    : [...lines.slice(0, CONDITION_LINES - 1), `${lines[CONDITION_LINES - 1]}${MORE}`];
}

/** Names with their values, as many to a line as fit. */
function printNamed({ out, width }: Page, values: readonly NamedValue[], before = ''): void {
  if (values.length === 0) return;
  const text = values.map(({ name, value }) => `${name}${NO_BREAK}${value < 10n ? value : hex(value)}`).join(', ');
  for (const line of wrap(before + text, width - DETAIL.length)) out.line(DETAIL + line.replaceAll(NO_BREAK, ' '));
}

const faultText = ({ t }: Page, { name, gpt }: AccessFault): string =>
  gpt === undefined ? name : `${name}, ${t('demo.fault.level', { level: gpt.level })}`;

function printEvent({ out }: Page, { actor, subject, details, result }: StepOf<'event'>): void {
  const line = `${actor.padEnd(10)}  ${subject.padEnd(24)}  ${details.padEnd(15)}  ${result}`;
  out.line(`${INDENT}${out.paint('dim', `| ${line.trimEnd()}`)}`);
}

/** One run of the map. The bar grows with the logarithm of the size: a granule has one letter, a terabyte fifteen. */
function printRun({ out }: Page, { base, size, gpi, letter, name, holds }: StepOf<'run'>): void {
  const bar = letter.repeat(1 + Math.round(Math.log2(size / 4096) / 2));
  const coloured = out.paint(gpiColour(parseGpi(gpi) ?? 0), bar.padEnd(16));
  const text = `${gpi.padEnd(11)} ${name ?? shortList(holds)}`.trimEnd();
  out.line(`  ${hex(base, 8).padEnd(14)} ${coloured}${sizeText(size).padStart(10)}  ${text}`);
}

/** The first of what lies in a stretch without a name. */
const shortList = ([first, ...more]: readonly string[]): string =>
  [first ?? '', ...(more.length === 0 ? [] : [`+${more.length}`])].join(' ');

const letters = ({ out }: Page, { tried }: StepOf<'reach'>): string =>
  tried
    .map(({ granule }) => parseWorld(granule) as World)
    .map((world) => out.paint(worldColour(world), gpiLetter(gpiOf(world)).padEnd(6)))
    .join('')
    .trimEnd();

const who = (by: Who): string => ('device' in by ? by.device : `PE${by.pe} ${by.world}.EL${by.el}`);

/** Who, what, on what, and the result in a column of its own. */
function deed({ out }: Page, by: Who, verb: string, object: string, result: string): string {
  const actor = who(by).padEnd(10);
  const painted = 'device' in by ? actor : out.paint(worldColour(parseWorld(by.world) as World), actor);
  return `${INDENT}${painted}  ${verb.padEnd(5)}  ${object.padEnd(34)}  ${result}`;
}

function heading({ out, width }: Page, title: string): void {
  out.line();
  const rule = '-'.repeat(Math.max(width - title.length - 5, 3));
  out.line(`${out.paint('dim', '---')} ${out.paint('bold', title)} ${out.paint('dim', rule)}`);
}

function paragraph({ out, width }: Page, text: string, colour?: 'green' | 'red'): void {
  out.line();
  for (const line of wrap(text, width - 4)) out.line(`  ${colour === undefined ? line : out.paint(colour, line)}`);
}

function labelled({ out, width, t }: Page, label: Word, text: string): void {
  const [first = '', ...rest] = wrap(text, width - 4 - LABEL).map((line) => line.replaceAll(NO_BREAK, ' '));
  out.line(`  ${out.paint('bold', t(label).padEnd(LABEL))}${first}`);
  for (const line of rest) out.line(`  ${' '.repeat(LABEL)}${line}`);
}

/** Citations in one line; a citation is not broken between lines. */
const citations = (list: readonly Citation[]): string =>
  list.map((citation) => citationText(citation).replaceAll(' ', NO_BREAK)).join('; ');

const citationText = ({ document, part, about }: Citation): string =>
  [document, ...(part === undefined ? [] : [part]), ...(about === undefined ? [] : [`(${about})`])].join(' ');

/** Facts as sentences show them: addresses in hex. */
const shown = (facts: Readonly<Record<string, bigint | number | string>>): Record<string, number | string> =>
  Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [name, typeof fact === 'bigint' ? hex(fact, 8) : fact]),
  );
