// `gpt show`: the booted tables as a map of letters, a list of regions, and where the tables lie.

import { GRANULE_SIZE } from '../../arch/address.ts';
import { Gpi, gpiName } from '../../arch/gpi.ts';
import { level1Size } from '../../arch/gpt.ts';
import { hex } from '../../base/hex.ts';
import type { MachineDescription } from '../../machine/description.ts';
import type { Word } from '../../words/words.ts';
import type { Context } from '../context.ts';
import { Exit } from '../exit-code.ts';
import { type GptMap, type Held, type MapRegion, level1Bytes, readGptMap, regionsOfMap } from '../gpt-map.ts';
import { bootMachine, describeMachine } from '../machine-file.ts';
import { shortSize, sizeText } from '../sizes.ts';
import { padEnd, table, wrap } from '../text.ts';
import { gpiColour, gpiLetter } from '../world-colours.ts';

export type GptShowOptions = { readonly machine: string; readonly width: number; readonly json: boolean };

export function gptShow(context: Context, options: GptShowOptions): Exit {
  const described = describeMachine(options.machine);
  const map = readGptMap(bootMachine(described));
  const regions = regionsOfMap(map, described.description);
  if (options.json) context.out.json(document(described.description, map, regions));
  else for (const line of lines(context, described.description, map, regions, options.width)) context.out.line(line);
  return Exit.Yes;
}

function document(description: MachineDescription, map: GptMap, regions: readonly MapRegion[]): unknown {
  const { t, s, p } = map.config;
  return {
    schema: 'fourworlds/gpt-show/1',
    machine: description.name,
    t,
    s,
    p,
    level0: { at: plainHex(map.level0At), entries: map.level0Entries },
    level1: {
      bytesEach: level1Size(s, p),
      tables: map.tables.map(({ index, at }) => ({ index, at: plainHex(at) })),
    },
    regions: regions.map(({ firstFrame, endFrame, gpi, held, name, holds }) => ({
      from: plainHex(firstFrame * GRANULE_SIZE),
      to: plainHex(endFrame * GRANULE_SIZE - 1),
      bytes: (endFrame - firstFrame) * GRANULE_SIZE,
      gpi: nameOf(gpi),
      held,
      ...(name === undefined ? { holds } : { name }),
    })),
  };
}

const plainHex = (value: number): string => `0x${value.toString(16)}`;
const nameOf = (gpi: number): string => (gpi < 0 ? 'INVALID' : gpiName(gpi));
const letterOf = (gpi: number): string => (gpi < 0 ? '!' : gpiLetter(gpi));

function lines(
  { out, say }: Context,
  description: MachineDescription,
  map: GptMap,
  regions: readonly MapRegion[],
  width: number,
): readonly string[] {
  const { t, s, p } = map.config;
  const title = (word: Word, facts?: Readonly<Record<string, string | number>>): string =>
    out.paint('bold', say(word, facts));
  const paint = (gpi: number, text: string): string => out.paint(gpi < 0 ? 'magenta' : gpiColour(gpi), text);
  const cells = 2 ** Math.floor(Math.log2(Math.max(width - LABEL_WIDTH, 16)));
  const first = map.tables[0]?.at ?? 0;
  return [
    title('gpt.show.title', { machine: description.name }),
    ...table([
      [`  ${say('gpt.show.range')}`, say('gpt.show.rangeValue', { t, s: sizeText(2 ** s), p: sizeText(2 ** p) })],
      [`  ${say('gpt.show.level0')}`, say('gpt.show.level0Value', { at: hex(map.level0At), count: map.level0Entries })],
      [
        `  ${say('gpt.show.level1')}`,
        map.tables.length === 0
          ? say('gpt.show.noTables')
          : say('gpt.show.level1Value', {
              count: map.tables.length,
              size: sizeText(level1Size(s, p)),
              from: hex(first),
              all: sizeText(level1Bytes(map)),
            }),
      ],
    ]),
    '',
    title('gpt.show.map', { row: sizeText(2 ** s), cell: sizeText(2 ** s / cells) }),
    ...mapRows(map, cells, paint, (count) => say('gpt.show.sameRows', { count })),
    '',
    title('gpt.show.regions'),
    ...table([
      [
        say('gpt.show.from'),
        ...(width >= WIDE ? [say('gpt.show.to')] : []),
        say('gpt.show.size'),
        'GPI',
        say('gpt.show.held'),
        '',
      ],
      ...regions.map(({ firstFrame, endFrame, gpi, held, name, holds }) => [
        hex(firstFrame * GRANULE_SIZE),
        ...(width >= WIDE ? [hex(endFrame * GRANULE_SIZE - 1)] : []),
        sizeText((endFrame - firstFrame) * GRANULE_SIZE),
        paint(gpi, `${letterOf(gpi)} ${nameOf(gpi)}`),
        heldText(held),
        name ?? out.paint('dim', shortList(holds)),
      ]),
    ]).map((line) => `  ${line}`),
    '',
    ...wrap(legend(map, say, paint), width),
  ];
}

const LABEL_WIDTH = 15;
const WIDE = 100;

/** One row a level 0 entry; equal rows that follow each other are drawn once. */
function mapRows(
  map: GptMap,
  cells: number,
  paint: (gpi: number, text: string) => string,
  same: (count: number) => string,
): readonly string[] {
  const framesOfRow = 2 ** (Math.min(map.config.s, map.config.t) - 12);
  const rows: string[] = [];
  let before: string | undefined;
  let repeats = 0;
  let run = 0;
  const flush = (): void => {
    if (repeats > 0) rows.push(`${' '.repeat(LABEL_WIDTH)}${same(repeats)}`);
    repeats = 0;
  };
  for (let index = 0; index < map.level0Entries; index++) {
    const gpis: number[] = [];
    for (let cell = 0; cell < cells; cell++) {
      const from = index * framesOfRow + (cell * framesOfRow) / cells;
      const to = from + framesOfRow / cells;
      while ((map.runs[run]?.endFrame ?? Infinity) <= from) run++;
      gpis.push(uniformGpi(map, run, to));
    }
    const key = gpis.join();
    if (key === before) {
      repeats++;
      continue;
    }
    flush();
    before = key;
    rows.push(`${padEnd(hex(index * framesOfRow * GRANULE_SIZE), LABEL_WIDTH)}${drawn(gpis, paint)}`);
  }
  flush();
  return rows;
}

const MIXED = -2;

/** The GPI of all frames up to `to`, from the start of a cell that lies in run number `run`. */
function uniformGpi(map: GptMap, run: number, to: number): number {
  const gpi = map.runs[run]?.gpi ?? -1;
  for (let i = run; (map.runs[i]?.firstFrame ?? Infinity) < to; i++) if (map.runs[i]?.gpi !== gpi) return MIXED;
  return gpi;
}

/** Letters, painted in stretches. */
function drawn(gpis: readonly number[], paint: (gpi: number, text: string) => string): string {
  let text = '';
  for (let i = 0; i < gpis.length;) {
    const gpi = gpis[i] as number;
    let end = i;
    while (end < gpis.length && gpis[end] === gpi) end++;
    text += gpi === MIXED ? '+'.repeat(end - i) : paint(gpi, letterOf(gpi).repeat(end - i));
    i = end;
  }
  return text;
}

/** `L1 512M 32M 4K`. */
const heldText = (held: readonly Held[]): string =>
  [...new Set(held.map(({ level }) => level))]
    .map(
      (level) =>
        `L${level} ${held
          .filter((one) => one.level === level)
          .map(({ bits }) => shortSize(bits))
          .join(' ')}`,
    )
    .join(', ');

const shortList = (names: readonly string[]): string =>
  names.length <= 2 ? names.join(', ') : `${names.slice(0, 2).join(', ')} +${names.length - 2}`;

function legend(map: GptMap, say: Context['say'], paint: (gpi: number, text: string) => string): string {
  const gpis = [...new Set(map.runs.map(({ gpi }) => gpi))].sort((a, b) => a - b);
  const meaning = (gpi: number): string =>
    Object.values(Gpi).includes(gpi as Gpi) ? say(`gpt.gpi.${gpiName(gpi)}` as Word) : say('gpt.gpi.INVALID');
  return [
    ...gpis.map((gpi) => `${paint(gpi, letterOf(gpi))} ${meaning(gpi)}`),
    `+ ${say('gpt.show.mixed')}`,
    say('gpt.show.heldLegend'),
  ].join('; ');
}
