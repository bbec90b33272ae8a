// Memory at one moment: as a checkpoint that shares what did not change, and as plain data.

import type { Pas } from '../arch/world.ts';

/** What a slot held when a checkpoint was made. `bytes` is filled in before the slot changes, never earlier. */
export type Page = {
  readonly frame: number;
  readonly owner: number;
  readonly behind: number;
  readonly late: number;
  readonly lateOwner: number;
  readonly cipher: number;
  bytes: Uint8Array | undefined;
};

/** All of memory at one moment. Pages that did not change are shared with earlier checkpoints. */
export type MemoryCheckpoint = { readonly pages: readonly (Page | undefined)[] };

/** One frame as plain data. */
export type FrameData = {
  readonly frame: number;
  readonly bytes: Uint8Array;
  /** The PAS in which the frame is dirty, and what memory holds behind it. */
  readonly dirty?: {
    readonly pas: Pas;
    readonly behind: Uint8Array | undefined;
    readonly late?: { readonly pas: Pas; readonly bytes: Uint8Array };
  };
  readonly cipher: number;
  readonly behindCipher?: number;
  readonly lateCipher?: number;
};
