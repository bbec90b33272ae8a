import { guests } from '../guest/guests.ts';
import { scripted } from '../guest/scripted.ts';
import { securePartition } from '../guest/secure-partition.ts';
import { delegateLoop, startAndDelegate } from '../host/delegate-loop.ts';
import type { ScriptLibrary } from './scripts.ts';

/** Scripts that every machine can run by name. */
export const standardScripts: ScriptLibrary = {
  'secure-partition': securePartition,
  'delegate-loop': delegateLoop,
  'start-and-delegate': startAndDelegate,
  ...guests,
  scripted,
};
