import type { Scene } from './scene.ts';
import { boot } from './scenes/boot.ts';
import { deviceWrites } from './scenes/device-writes.ts';
import { foreignFetch } from './scenes/foreign-fetch.ts';
import { forgedEntry } from './scenes/forged-entry.ts';
import { hostReads } from './scenes/host-reads.ts';
import { journey } from './scenes/journey.ts';
import { memoryMap } from './scenes/memory-map.ts';
import { realmCreate } from './scenes/realm-create.ts';
import { realmDestroy } from './scenes/realm-destroy.ts';
import { realmDoubleMap } from './scenes/realm-double-map.ts';
import { realmForeignRec } from './scenes/realm-foreign-rec.ts';
import { realmForgedValue } from './scenes/realm-forged-value.ts';
import { realmMappedUnder } from './scenes/realm-mapped-under.ts';
import { realmMeasure } from './scenes/realm-measure.ts';
import { realmRegisters } from './scenes/realm-registers.ts';
import { realmResize } from './scenes/realm-resize.ts';
import { realmRipasRollback } from './scenes/realm-ripas-rollback.ts';
import { realmRun } from './scenes/realm-run.ts';
import { realmRunPage } from './scenes/realm-run-page.ts';
import { realmRunningRec } from './scenes/realm-running-rec.ts';
import { realmUnwiped } from './scenes/realm-unwiped.ts';
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
  realmCreate,
  realmMeasure,
  realmRun,
  realmResize,
  realmDoubleMap,
  realmRipasRollback,
  realmForeignRec,
  realmRunningRec,
  realmRegisters,
  realmUnwiped,
  realmRunPage,
  realmMappedUnder,
  realmForgedValue,
  realmDestroy,
];
