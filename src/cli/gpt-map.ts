// The granule protection tables of a running machine as stretches of equal entries: read from memory as a walk would,
// entry by entry, through a Root port.

import { GRANULE_SIZE, frameBase, offset } from '../arch/address.ts';
import {
  type GptConfig,
  decodeLevel0,
  decodeLevel1,
  granuleGpi,
  granulesWord,
  level0Size,
  level1Size,
} from '../arch/gpt.ts';
import { Pas, World } from '../arch/world.ts';
import type { MachineDescription } from '../machine/description.ts';
import type { Machine } from '../machine/machine.ts';
import { Access } from '../memory/port.ts';

/** How an entry holds its GPI, and log2 of what one holds it for. */
export type Held = {
  readonly level: 0 | 1;
  readonly form: 'block' | 'contiguous' | 'granules' | 'invalid';
  readonly bits: number;
};

/** Neighbouring frames with one GPI in one form; -1 where an entry is invalid. */
export type GptRun = Held & { readonly firstFrame: number; readonly endFrame: number; readonly gpi: number };

export type GptMap = {
  readonly config: GptConfig;
  readonly level0At: number;
  readonly level0Entries: number;
  readonly tables: readonly { readonly index: number; readonly at: number }[];
  readonly runs: readonly GptRun[];
};

/** A stretch of one GPI under one name. */
export type MapRegion = {
  readonly firstFrame: number;
  readonly endFrame: number;
  readonly gpi: number;
  /** Each way in which the stretch is held, largest first. */
  readonly held: readonly Held[];
  /** The region of the description; undefined between regions. */
  readonly name: string | undefined;
  /** RAM and devices in a stretch without a name. */
  readonly holds: readonly string[];
};

/** Reads all entries. */
export function readGptMap(machine: Machine): GptMap {
  const pe = machine.pes[0] as Machine['pes'][number];
  const { config } = pe.gpc;
  const port = pe.port(Pas.Root, World.Root);
  const read = (at: number): readonly [number, number] | undefined =>
    port.load(offset(frameBase(0), at), 8) === Access.Ok
      ? [port.words[0] as number, port.words[1] as number]
      : undefined;
  const { t, s } = config;
  const level0At = config.tableFrame * GRANULE_SIZE;
  const level0Entries = level0Size(t, s) / 8;
  const tables: { index: number; at: number }[] = [];
  const runs: (GptRun & { endFrame: number })[] = [];
  // Millions of granules come by here, so a run grows in place.
  const add = (firstFrame: number, endFrame: number, gpi: number, held: Held): void => {
    const last = runs.at(-1);
    if (last !== undefined && last.gpi === gpi && last.form === held.form && last.bits === held.bits)
      last.endFrame = endFrame;
    else runs.push({ ...held, firstFrame, endFrame, gpi });
  };
  const framesOf = 2 ** (Math.min(s, t) - 12);
  for (let index = 0; index < level0Entries; index++) {
    const first = index * framesOf;
    const word = read(level0At + 8 * index);
    const entry = word === undefined ? ({ kind: 'invalid' } as const) : decodeLevel0(config, ...word);
    if (entry.kind === 'invalid') add(first, first + framesOf, -1, { level: 0, form: 'invalid', bits: s });
    else if (entry.kind === 'block') add(first, first + framesOf, entry.gpi, { level: 0, form: 'block', bits: s });
    else {
      const at = entry.tableFrame * GRANULE_SIZE;
      tables.push({ index, at });
      readTable(config, read, at, first, framesOf, add);
    }
  }
  return { config, level0At, level0Entries, tables, runs };
}

function readTable(
  config: GptConfig,
  read: (at: number) => readonly [number, number] | undefined,
  at: number,
  firstFrame: number,
  frames: number,
  add: (firstFrame: number, endFrame: number, gpi: number, held: Held) => void,
): void {
  const { p } = config;
  const framesOfEntry = 2 ** (p + 4 - 12);
  const framesOfGranule = 2 ** (p - 12);
  const granules = { level: 1, form: 'granules', bits: p } as const;
  for (let i = 0; i < frames / framesOfEntry; i++) {
    const first = firstFrame + i * framesOfEntry;
    const word = read(at + 8 * i);
    const entry = word === undefined ? ({ kind: 'invalid' } as const) : decodeLevel1(config, ...word);
    if (word === undefined || entry.kind === 'invalid')
      add(first, first + framesOfEntry, -1, { level: 1, form: 'invalid', bits: p + 4 });
    else if (entry.kind === 'contiguous')
      add(first, first + framesOfEntry, entry.gpi, { level: 1, form: 'contiguous', bits: entry.spanBits });
    else if (isUniform(word)) add(first, first + framesOfEntry, word[0] & 0xf, granules);
    else
      for (let g = 0; g < 16; g++) {
        const frame = first + g * framesOfGranule;
        add(frame, frame + framesOfGranule, granuleGpi(...word, g), granules);
      }
  }
}

/** Whether all sixteen GPIs of an entry are equal: the common case. */
const isUniform = ([lo, hi]: readonly [number, number]): boolean => lo === hi && lo === granulesWord(lo & 0xf);

/** Joins the runs of one GPI, and splits them where the description starts or ends a region. */
export function regionsOfMap(map: GptMap, description: MachineDescription): readonly MapRegion[] {
  const named = [...description.gpt.regions].sort((a, b) => a.base - b.base);
  const cuts = named.flatMap(({ base, size }) => [base / GRANULE_SIZE, (base + size) / GRANULE_SIZE]);
  const regions: MapRegion[] = [];
  for (const run of map.runs) {
    const inside = cuts.filter((cut) => cut > run.firstFrame && cut < run.endFrame);
    const edges = [run.firstFrame, ...new Set(inside), run.endFrame];
    for (const [i, firstFrame] of edges.slice(0, -1).entries()) {
      const endFrame = edges[i + 1] as number;
      const at = firstFrame * GRANULE_SIZE;
      const name = named.find(({ base, size }) => at >= base && at < base + size)?.name;
      const held = { level: run.level, form: run.form, bits: run.bits };
      const last = regions.at(-1);
      if (last !== undefined && last.gpi === run.gpi && last.name === name)
        regions[regions.length - 1] = { ...last, endFrame, held: withHeld(last.held, held) };
      else regions.push({ firstFrame, endFrame, gpi: run.gpi, held: [held], name, holds: [] });
    }
  }
  return regions.map((region) =>
    region.name === undefined ? { ...region, holds: placesIn(region, description) } : region,
  );
}

function withHeld(list: readonly Held[], held: Held): readonly Held[] {
  if (list.some(({ form, bits }) => form === held.form && bits === held.bits)) return list;
  return [...list, held].sort((a, b) => b.bits - a.bits);
}

/** RAM and devices that a stretch between the regions holds. */
function placesIn(region: MapRegion, { ram, devices }: MachineDescription): readonly string[] {
  const from = region.firstFrame * GRANULE_SIZE;
  const to = region.endFrame * GRANULE_SIZE;
  return [...ram, ...devices].filter(({ base }) => base >= from && base < to).map(({ name }) => name);
}

/** Bytes of all level 1 tables. */
export const level1Bytes = ({ config, tables }: GptMap): number => tables.length * level1Size(config.s, config.p);
