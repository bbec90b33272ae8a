// Memory at one moment: as a checkpoint that shares what did not change, and as plain data.

import { GRANULE_SIZE } from '../arch/address.ts';
import type { Pas } from '../arch/world.ts';
import { InputError } from '../base/input-error.ts';

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

/** Refuses frames that a memory could not hold: beyond RAM, twice, of another length, or too many. */
export function checkFrames(list: readonly FrameData[], framesMax: number, isRam: (frame: number) => boolean): void {
  const seen = new Set<number>();
  let needed = 0;
  for (const { frame, bytes, dirty } of list) {
    const where = `frames ${frame}`;
    if (!isRam(frame)) throw new InputError({ code: 'MEMORY_FRAME_NOT_RAM', where });
    if (seen.has(frame)) throw new InputError({ code: 'MEMORY_FRAME_TWICE', where });
    seen.add(frame);
    const contents = [bytes, dirty?.behind, dirty?.late?.bytes].filter((content) => content !== undefined);
    for (const { length } of contents) {
      if (length !== GRANULE_SIZE)
        throw new InputError({ code: 'MEMORY_FRAME_LENGTH', where, expected: GRANULE_SIZE, found: length });
    }
    needed += contents.length;
  }
  if (needed > framesMax)
    throw new InputError({ code: 'MEMORY_FRAMES_EXHAUSTED', where: 'frames', expected: framesMax, found: needed });
}
