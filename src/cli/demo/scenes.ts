import type { Scene } from './scene.ts';
import { boot } from './scenes/boot.ts';
import { deviceWrites } from './scenes/device-writes.ts';
import { foreignFetch } from './scenes/foreign-fetch.ts';
import { forgedEntry } from './scenes/forged-entry.ts';
import { hostReads } from './scenes/host-reads.ts';
import { journey } from './scenes/journey.ts';
import { memoryMap } from './scenes/memory-map.ts';
import { secureReads } from './scenes/secure-reads.ts';
import { staleTlb } from './scenes/stale-tlb.ts';
import { worlds } from './scenes/worlds.ts';

/** The story, in the order in which it is told. */
export const scenes: readonly Scene[] = [
  worlds,
  boot,
  memoryMap,
  journey,
  hostReads,
  secureReads,
  deviceWrites,
  staleTlb,
  foreignFetch,
  forgedEntry,
];
