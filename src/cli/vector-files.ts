// Files of vectors as lines: plain or gzip, a path or stdin, read piece by piece. What a file claims to be is checked
// here.

import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { InputError } from '../base/input-error.ts';
import type { Context } from './context.ts';
import { fileError } from './errors.ts';

/** No vector comes near it: a longer line is some other kind of file. */
const LINE_LENGTH_MAX = 16 * 2 ** 20;

/** A line and its number, from 1. */
export type Line = readonly [text: string, number: number];

/**
 * The lines of a file, `-` for stdin, in pieces as they arrive. An end of line may be LF or CRLF, and the last may
 * lack.
 */
export async function* linesOf(file: string, stdin: Context['stdin']): AsyncGenerator<readonly Line[]> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let number = 0;
  const take = (text: string, isEnd: boolean): readonly Line[] => {
    const parts = (rest + text).split('\n');
    rest = isEnd ? '' : (parts.pop() ?? '');
    if (isEnd && parts.at(-1) === '') parts.pop();
    if (rest.length > LINE_LENGTH_MAX)
      throw new InputError({
        code: 'FILE_LINE_TOO_LONG',
        where: `${file}:${number + parts.length + 1}`,
        found: rest.length,
      });
    return parts.map((part) => [part.endsWith('\r') ? part.slice(0, -1) : part, ++number] as const);
  };
  for await (const bytes of unpacked(file, stdin)) yield take(decoder.decode(bytes, { stream: true }), false);
  yield take(decoder.decode(), true);
}

/** The bytes of a file, unpacked when they are gzip. */
async function* unpacked(file: string, stdin: Context['stdin']): AsyncGenerator<Uint8Array> {
  const pieces = piecesOf(file, stdin);
  const first = await atLeastTwoBytes(pieces);
  const isGzip = first[0] === 0x1f && first[1] === 0x8b;
  if (!isGzip && file.endsWith('.gz'))
    throw new InputError({
      code: 'FILE_NOT_GZIP',
      where: file,
      expected: '1f 8b',
      found: [...first.subarray(0, 2)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ') || 'nothing',
    });
  if (!isGzip) {
    yield first;
    yield* pieces;
    return;
  }
  const gunzip = createGunzip();
  const fed = feed(gunzip, first, pieces);
  // Awaited below; until then a failure is not unhandled.
  fed.catch((error: unknown) => gunzip.destroy(error as Error));
  try {
    for await (const bytes of gunzip) yield bytes as Uint8Array;
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError({ code: 'FILE_GZIP_DAMAGED', where: file, found: codeOf(error) });
  }
  await fed;
}

async function feed(
  gunzip: ReturnType<typeof createGunzip>,
  first: Uint8Array,
  pieces: AsyncGenerator<Uint8Array>,
): Promise<void> {
  const write = (bytes: Uint8Array): Promise<void> | undefined =>
    gunzip.write(bytes)
      ? undefined
      : new Promise((resolve) => {
          gunzip.once('drain', resolve);
          gunzip.once('close', resolve);
        });
  await write(first);
  for await (const bytes of pieces) {
    if (gunzip.destroyed) return;
    await write(bytes);
  }
  gunzip.end();
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

async function* piecesOf(file: string, stdin: Context['stdin']): AsyncGenerator<Uint8Array> {
  try {
    const stream = file === '-' ? stdin : createReadStream(file);
    for await (const bytes of stream) yield typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
  } catch (error) {
    throw fileError(error, file);
  }
}

/** The first bytes, enough to tell what they are. */
async function atLeastTwoBytes(pieces: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  let first = new Uint8Array(0);
  while (first.length < 2) {
    const { done, value } = await pieces.next();
    if (done === true) return first;
    const joined = new Uint8Array(first.length + value.length);
    joined.set(first);
    joined.set(value, first.length);
    first = joined;
  }
  return first;
}
