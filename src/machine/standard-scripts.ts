import { securePartition } from '../guest/secure-partition.ts';
import type { ScriptLibrary } from './scripts.ts';

/** Scripts that every machine can run by name. */
export const standardScripts: ScriptLibrary = { 'secure-partition': securePartition };
