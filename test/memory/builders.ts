// Small memories for the tests of this folder, and how long random runs are.
import { expect } from 'vitest';
import { baseFeatures } from '../../src/arch/features.ts';
import { type Pas, type World, pases } from '../../src/arch/world.ts';
import { InputError } from '../../src/base/input-error.ts';
import { Gpc } from '../../src/memory/gpc.ts';
import { type MemoryOptions, PhysicalMemory } from '../../src/memory/physical-memory.ts';
import { MemoryPort } from '../../src/memory/port.ts';
import type { Region } from '../../src/memory/regions.ts';

/** Seeds of a random run: a few in every check, FOURWORLDS_LONG times as many in a long one. */
export function seeds(count: number): number[] {
  const factor = Number(process.env['FOURWORLDS_LONG'] ?? '1') || 1;
  return Array.from({ length: count * factor }, (_, i) => i + 1);
}

export const ram = (name: string, firstFrame: number, frameCount: number, fill = 0): Region => ({
  name,
  kind: 'ram',
  firstFrame,
  frameCount,
  fill,
});

export const device = (name: string, firstFrame: number, frameCount: number): Region => ({
  name,
  kind: 'device',
  firstFrame,
  frameCount,
  fill: 0,
});

export const memoryWith = (regions: readonly Region[], options: Partial<MemoryOptions> = {}): PhysicalMemory =>
  new PhysicalMemory({ paBits: 48, regions, framesMax: 4096, content: 'plain', seed: 1, ...options });

/** A port whose check is off. */
export const openPort = (memory: PhysicalMemory, pas: Pas): MemoryPort =>
  new MemoryPort(memory, new Gpc(memory, baseFeatures, memory.paBits), pas, pas as World);

/** One open port a space. */
export const openPorts = (memory: PhysicalMemory): readonly MemoryPort[] => pases.map((pas) => openPort(memory, pas));

/** What bad input was answered with: the parts of the complaint that are not a sentence. */
export function complaintOf(act: () => unknown): { readonly code: string; readonly where: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof InputError) return { code: error.code, where: error.where };
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Where two byte arrays differ first; -1 when they are equal. Quicker than a matcher on thousands of elements. */
export function differsAt(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}

/** All frames of a memory with their bytes as text, which matchers compare quickly. */
export const pictureOf = (memory: PhysicalMemory): unknown[] =>
  memory.frames().map(({ bytes, dirty, ...frame }) => ({
    ...frame,
    bytes: textOf(bytes),
    dirty: dirty?.pas,
    behind: textOf(dirty?.behind),
    latePas: dirty?.late?.pas,
    late: textOf(dirty?.late?.bytes),
  }));

const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

/** Expects two values to be equal, with a word on where in a random run; quick where they are the same primitive. */
export function agree(where: unknown, got: unknown, wanted: unknown): void {
  if (!Object.is(got, wanted)) expect([where, got]).toEqual([where, wanted]);
}
