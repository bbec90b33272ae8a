// All RMI commands by function identifier.

import type { AnyCommand } from './command.ts';
import { dataCreateUnknown } from './rmi/data-create-unknown.ts';
import { dataCreate } from './rmi/data-create.ts';
import { dataDestroy } from './rmi/data-destroy.ts';
import { features } from './rmi/features.ts';
import { granuleDelegate } from './rmi/granule-delegate.ts';
import { granuleUndelegate } from './rmi/granule-undelegate.ts';
import { psciComplete } from './rmi/psci-complete.ts';
import { realmActivate } from './rmi/realm-activate.ts';
import { realmCreate } from './rmi/realm-create.ts';
import { realmDestroy } from './rmi/realm-destroy.ts';
import { recAuxCount } from './rmi/rec-aux-count.ts';
import { recCreate } from './rmi/rec-create.ts';
import { recDestroy } from './rmi/rec-destroy.ts';
import { rttCreate } from './rmi/rtt-create.ts';
import { rttDestroy } from './rmi/rtt-destroy.ts';
import { rttFold } from './rmi/rtt-fold.ts';
import { rttInitRipas } from './rmi/rtt-init-ripas.ts';
import { rttMapUnprotected } from './rmi/rtt-map-unprotected.ts';
import { rttReadEntry } from './rmi/rtt-read-entry.ts';
import { rttSetRipas } from './rmi/rtt-set-ripas.ts';
import { rttUnmapUnprotected } from './rmi/rtt-unmap-unprotected.ts';
import { version } from './rmi/version.ts';

// prettier-ignore
export const rmiCommands: readonly AnyCommand[] = [
  version, features,
  granuleDelegate, granuleUndelegate,
  dataCreate, dataCreateUnknown, dataDestroy,
  realmCreate, realmActivate, realmDestroy,
  recAuxCount, recCreate, recDestroy,
  rttCreate, rttDestroy, rttFold, rttInitRipas, rttSetRipas, rttMapUnprotected, rttUnmapUnprotected, rttReadEntry,
  psciComplete,
];
