// Files that people write in YAML 1.2 or JSON, read strictly: each part knows its line, each object its keys, and numbers keep
// all 64 bits. What does not fit is refused with FILE:LINE before anything is made of it.

import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { type Document, type Node, LineCounter, isAlias, isMap, isPair, isScalar, isSeq, parseDocument } from 'yaml';
import { InputError } from '../base/input-error.ts';
import { fileError } from './errors.ts';

/** Reads a file; what the system says of it is an error for people. */
function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw fileError(error, file);
  }
}

/** The whole of a file. */
export function readYaml(file: string): Part {
  return parseYaml(new TextDecoder().decode(readBytes(file)), file);
}

function parseYaml(text: string, file: string): Part {
  const counter = new LineCounter();
  const options = { version: '1.2', schema: 'core', strict: true, uniqueKeys: true, intAsBigInt: true } as const;
  const document: Document = parseDocument(text, { ...options, lineCounter: counter });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    const where = `${file}:${problem.linePos?.[0].line ?? 1}`;
    if (problem.code === 'DUPLICATE_KEY') throw new InputError({ code: 'YAML_DUPLICATE_KEY', where });
    throw new InputError({ code: 'YAML_SYNTAX', where, found: problem.code });
  }
  return new Part({ file, lineOf: (offset) => counter.linePos(offset).line }, document.contents, '', 1);
}

type Source = { readonly file: string; readonly lineOf: (offset: number) => number };

/** Plain data, as JSON has it. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

const U64_MAX = 2n ** 64n - 1n;

/** A part of such a file: a value, with its place. */
export class Part {
  readonly path: string;
  readonly line: number;
  readonly #source: Source;
  readonly #node: unknown;

  constructor(source: Source, node: unknown, path: string, line: number) {
    this.#source = source;
    this.#node = node;
    this.path = path;
    this.line = line;
    if (isAlias(node)) throw this.refuse('YAML_WRONG_TYPE', 'value', 'alias');
  }

  get file(): string {
    return this.#source.file;
  }

  /** `FILE:LINE path`. */
  get where(): string {
    return `${this.file}:${this.line}${this.path === '' ? '' : ` ${this.path}`}`;
  }

  refuse(code: string, expected: string, found: string): InputError {
    return new InputError({ code, where: this.where, expected, found: found.slice(0, 80) });
  }

  wrongType(expected: string): InputError {
    return this.refuse('YAML_WRONG_TYPE', expected, shown(this.#node));
  }

  get isObject(): boolean {
    return isMap(this.#node);
  }

  get isList(): boolean {
    return isSeq(this.#node);
  }

  get isText(): boolean {
    return isScalar(this.#node) && typeof this.#node.value === 'string' && numberOf(this.#node.value) === undefined;
  }

  /** Keys and parts of an object with any keys. */
  entries(): readonly (readonly [string, Part])[] {
    if (!isMap(this.#node)) throw this.wrongType('object');
    return this.#node.items.map((pair) => {
      const key = isScalar(pair.key) ? String(pair.key.value) : shown(pair.key);
      const path = this.path === '' ? key : `${this.path}.${key}`;
      return [key, new Part(this.#source, pair.value, path, this.#lineOf(pair.key))] as const;
    });
  }

  /** An object with these keys and no others. */
  object(keys: readonly string[]): Fields {
    if (!isMap(this.#node)) throw this.wrongType(`object: ${keys.join(', ')}`);
    const entries = this.entries();
    for (const [key, part] of entries)
      if (!keys.includes(key)) throw part.refuse('YAML_UNKNOWN_KEY', keys.join(', '), key);
    return new Fields(this, new Map(entries));
  }

  list(): readonly Part[] {
    if (!isSeq(this.#node)) throw this.wrongType('list');
    return this.#node.items.map(
      (item, i) => new Part(this.#source, item, `${this.path}[${i}]`, this.#lineOf(item as Node)),
    );
  }

  text(): string {
    if (!isScalar(this.#node) || typeof this.#node.value !== 'string') throw this.wrongType('text');
    return this.#node.value;
  }

  oneOf<T extends string>(all: readonly T[]): T {
    const found = isScalar(this.#node)
      ? all.find((one) => one === (this.#node as { value: unknown }).value)
      : undefined;
    if (found === undefined) throw this.wrongType(all.join(', '));
    return found;
  }

  flag(): boolean {
    if (!isScalar(this.#node) || typeof this.#node.value !== 'boolean') throw this.wrongType('true | false');
    return this.#node.value;
  }

  /** A whole number of up to 64 bits: 4096, 0x1000, "0x8000_0000", "32 MiB". Nothing is rounded. */
  u64(max = U64_MAX): bigint {
    const value = isScalar(this.#node) ? this.#node.value : undefined;
    const number = typeof value === 'bigint' ? value : typeof value === 'string' ? numberOf(value) : undefined;
    if (number === undefined) throw this.wrongType('integer: 4096, 0x1000, "0x8000_0000", "32 MiB"');
    if (number < 0n || number > max) throw this.refuse('YAML_NUMBER', `0 .. 0x${max.toString(16)}`, String(number));
    return number;
  }

  number(max = Number.MAX_SAFE_INTEGER): number {
    return Number(this.u64(BigInt(max)));
  }

  /** Bytes as hex digits; spaces and _ between them do not count. */
  bytes(): Uint8Array {
    const value = isScalar(this.#node) ? this.#node.value : undefined;
    const digits = typeof value === 'string' ? value.replaceAll(/[\s_]/g, '') : undefined;
    if (digits === undefined || !/^([0-9a-f]{2})*$/i.test(digits)) throw this.wrongType('"00 1f ff"');
    return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
  }

  /** Anything, as plain data; numbers that JSON cannot hold exactly are texts. */
  plain(): Plain {
    if (isMap(this.#node)) return Object.fromEntries(this.entries().map(([key, part]) => [key, part.plain()]));
    if (isSeq(this.#node)) return this.list().map((part) => part.plain());
    const value: unknown = isScalar(this.#node) ? this.#node.value : null;
    if (typeof value === 'bigint')
      return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER
        ? Number(value)
        : `0x${value.toString(16)}`;
    return value === null || typeof value === 'string' || typeof value === 'boolean' ? value : String(value);
  }

  /** The path that this names, from the folder of this file. */
  fileName(): string {
    const name = this.text();
    return isAbsolute(name) ? name : join(dirname(this.file), name);
  }

  /** Contents of the file that this names. */
  contents(): Uint8Array {
    const path = this.fileName();
    try {
      return readBytes(path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw this.refuse('YAML_FILE', 'FILE', `${path} (${error.code})`);
    }
  }

  #lineOf(node: unknown): number {
    const offset = (isPair(node) ? (node.key as Node) : (node as Node | null))?.range?.[0];
    return offset === undefined ? this.line : this.#source.lineOf(offset);
  }
}

/** The parts of an object. */
export class Fields {
  readonly of: Part;
  readonly #parts: ReadonlyMap<string, Part>;

  constructor(of: Part, parts: ReadonlyMap<string, Part>) {
    this.of = of;
    this.#parts = parts;
  }

  get(key: string): Part | undefined {
    return this.#parts.get(key);
  }

  need(key: string): Part {
    const part = this.#parts.get(key);
    if (part !== undefined) return part;
    throw new InputError({ code: 'YAML_MISSING_KEY', where: this.of.where, expected: key });
  }
}

const units: Readonly<Record<string, bigint>> = { KiB: 1n << 10n, MiB: 1n << 20n, GiB: 1n << 30n };

function numberOf(text: string): bigint | undefined {
  if (text.length > 40) return undefined;
  if (/^0x[0-9a-f]+(_[0-9a-f]+)*$/i.test(text)) return BigInt(text.replaceAll('_', ''));
  const [, count, unit = ''] = /^([0-9]{1,9}) ?(KiB|MiB|GiB)$/.exec(text) ?? [];
  return count === undefined ? undefined : BigInt(count) * (units[unit] as bigint);
}

function shown(node: unknown): string {
  if (isMap(node)) return 'object';
  if (isSeq(node)) return 'list';
  if (isAlias(node)) return 'alias';
  const value = isScalar(node) ? node.value : node;
  return typeof value === 'string' ? JSON.stringify(value).slice(0, 60) : String(value).slice(0, 60);
}
