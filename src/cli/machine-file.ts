// Machines by name or from a file. A file is JSON or YAML 1.2 and is read strictly: unknown keys, wrong kinds of value
// and numbers that are no exact integers are refused with their line, before a machine is made of it.

import { readFileSync } from 'node:fs';
import { type Node, type Pair, LineCounter, isAlias, isMap, isPair, isScalar, isSeq, parseDocument } from 'yaml';
import { InputError } from '../base/input-error.ts';
import type { MachineDescription } from '../machine/description.ts';
import { Machine, type MachineOptions } from '../machine/machine.ts';
import { baseMachine } from '../machine/machines/base.ts';
import { largeMachine } from '../machine/machines/large.ts';
import { maxMachine } from '../machine/machines/max.ts';
import { fileError } from './errors.ts';
import { type Shape, machineShape } from './machine-shape.ts';

const shipped: Readonly<Record<string, MachineDescription>> = {
  base: baseMachine,
  max: maxMachine,
  large: largeMachine,
};

/** A description with what changes it, and the file it came from. */
export type Described = { readonly description: MachineDescription; readonly lines: Lines | undefined };

/** The description behind `--machine`. */
export function describeMachine(name: string): Described {
  const known = Object.hasOwn(shipped, name) ? shipped[name] : undefined;
  if (known !== undefined) return { description: known, lines: undefined };
  let text: string;
  try {
    text = readFileSync(name, 'utf8');
  } catch (error) {
    throw fileError(error, name === '' ? '--machine' : name);
  }
  return parseMachine(text, name);
}

/** Boots a described machine; what is wrong with it is said of the line of its file. */
export function bootMachine({ description, lines }: Described, options: MachineOptions = {}): Machine {
  try {
    return Machine.boot(description, options);
  } catch (error) {
    if (!(error instanceof InputError) || lines === undefined) throw error;
    throw lines.blame(error);
  }
}

/** Reads a description. Throws InputError with FILE:LINE. */
export function parseMachine(text: string, file: string): Described {
  const counter = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    intAsBigInt: true,
    lineCounter: counter,
  });
  const lines = new Lines(file, (offset) => counter.linePos(offset).line);
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined)
    throw new InputError({
      ...(problem.code === 'DUPLICATE_KEY'
        ? { code: 'MACHINE_DUPLICATE_KEY' }
        : { code: 'MACHINE_SYNTAX', found: problem.code }),
      where: `${file}:${problem.linePos?.[0].line ?? 1}`,
    });
  const given = new Reader(lines).read(document.contents, machineShape, '') as Readonly<Record<string, unknown>>;
  const { extends: base, ...own } = given;
  const description = merge(base === undefined ? {} : (shipped[String(base)] as MachineDescription), own);
  const missing = missingKey(description, machineShape, '');
  if (missing !== undefined)
    throw new InputError({ code: 'MACHINE_MISSING_KEY', where: lines.at(missing), expected: missing });
  return { description: description as MachineDescription, lines };
}

/** Which line of the file each part came from. */
class Lines {
  readonly file: string;
  readonly #lineOf: (offset: number) => number;
  readonly #lines = new Map<string, number>();
  /** Places of list items by the name in them, as errors of the library say them: `gpt.regions DRAM`. */
  readonly #names = new Map<string, string>();

  constructor(file: string, lineOf: (offset: number) => number) {
    this.file = file;
    this.#lineOf = lineOf;
  }

  note(path: string, node: Node | Pair | null | undefined): void {
    const offset = offsetOf(node);
    if (offset !== undefined) this.#lines.set(path, this.#lineOf(offset));
  }

  name(list: string, name: string, path: string): void {
    this.#names.set(`${list} ${name}`, path);
    this.#names.set(name, path);
  }

  /** `FILE:LINE` of a part, or of the nearest part around it. */
  at(path: string): string {
    for (let around = path; around !== ''; around = around.replace(/(\.[^.[]*|\[[0-9]+\]|^[^.[]*)$/, '')) {
      const line = this.#lines.get(around);
      if (line !== undefined) return `${this.file}:${line}`;
    }
    return `${this.file}:${this.#lines.get('') ?? 1}`;
  }

  /** An error of the library, with the line of what it complains of. */
  blame(error: InputError): InputError {
    const path = this.#names.get(error.where) ?? error.where.split(' ')[0] ?? '';
    return new InputError({
      code: error.code,
      where: `${this.at(path)} ${error.where}`,
      ...(error.expected === undefined ? {} : { expected: error.expected }),
      ...(error.found === undefined ? {} : { found: error.found }),
    });
  }
}

export type { Lines };

function offsetOf(node: Node | Pair | null | undefined): number | undefined {
  if (node === null || node === undefined) return undefined;
  return isPair(node) ? offsetOf(node.key as Node | null) : node.range?.[0];
}

/** Walks the nodes of a file along a shape. */
class Reader {
  readonly #lines: Lines;

  constructor(lines: Lines) {
    this.#lines = lines;
  }

  read(node: unknown, shape: Shape, path: string): unknown {
    if (isAlias(node)) throw this.#wrongKind(path, shape, 'alias');
    switch (shape.kind) {
      case 'object':
        return this.#object(node, shape, path);
      case 'list':
        return this.#list(node, shape, path);
      default:
        return this.#scalar(node, shape, path);
    }
  }

  #object(node: unknown, shape: Extract<Shape, { kind: 'object' }>, path: string): unknown {
    if (shape.orNull === true && isScalar(node) && node.value === null) return undefined;
    if (!isMap(node)) throw this.#wrongKind(path, shape, kindOf(node));
    this.#lines.note(path, node);
    const entries: [string, unknown][] = [];
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : kindOf(pair.key);
      const inner = path === '' ? key : `${path}.${key}`;
      this.#lines.note(inner, pair as Pair);
      const part = Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined;
      if (part === undefined)
        throw new InputError({
          code: 'MACHINE_UNKNOWN_KEY',
          where: this.#lines.at(inner),
          expected: Object.keys(shape.keys).join(', '),
          found: inner,
        });
      entries.push([key, this.read(pair.value, part, inner)]);
    }
    return Object.fromEntries(entries);
  }

  #list(node: unknown, shape: Extract<Shape, { kind: 'list' }>, path: string): unknown {
    if (!isSeq(node)) throw this.#wrongKind(path, shape, kindOf(node));
    return node.items.map((item, i) => {
      const inner = `${path}[${i}]`;
      this.#lines.note(inner, item as Node);
      const value = this.read(item, shape.of, inner);
      const missing = missingKey(value, shape.of, inner);
      if (missing !== undefined)
        throw new InputError({ code: 'MACHINE_MISSING_KEY', where: this.#lines.at(inner), expected: missing });
      const { name } = value as { readonly name?: unknown };
      if (typeof name === 'string') this.#lines.name(path, name, inner);
      return value;
    });
  }

  #scalar(node: unknown, shape: Exclude<Shape, { kind: 'object' | 'list' }>, path: string): unknown {
    if (!isScalar(node)) throw this.#wrongKind(path, shape, kindOf(node));
    const { value } = node;
    switch (shape.kind) {
      case 'boolean':
        if (typeof value !== 'boolean') throw this.#wrongKind(path, shape, shown(value));
        return value;
      case 'text':
        if (typeof value !== 'string' || (shape.oneOf !== undefined && !shape.oneOf.includes(value)))
          throw this.#wrongKind(path, shape, shown(value));
        return value;
      case 'integer':
        return this.#integer(value, shape, path);
    }
  }

  #integer(value: unknown, shape: Extract<Shape, { kind: 'integer' }>, path: string): number {
    const number = typeof value === 'bigint' ? value : typeof value === 'string' ? sizeOf(value) : undefined;
    // A number that the parser did not read as an integer has a fraction or an exponent.
    if (number === undefined) throw this.#wrongKind(path, shape, shown(value));
    if (number < 0n || number > BigInt(Number.MAX_SAFE_INTEGER))
      throw new InputError({
        code: 'MACHINE_NUMBER',
        where: `${this.#lines.at(path)} ${path}`,
        expected: '0 .. 9007199254740991',
        found: String(number).slice(0, 40),
      });
    if (shape.oneOf !== undefined && !shape.oneOf.includes(Number(number)))
      throw this.#wrongKind(path, shape, String(number));
    return Number(number);
  }

  #wrongKind(path: string, shape: Shape, found: string): InputError {
    const where = path === '' ? this.#lines.at(path) : `${this.#lines.at(path)} ${path}`;
    return new InputError({ code: 'MACHINE_WRONG_TYPE', where, expected: expectedOf(shape), found });
  }
}

const units: Readonly<Record<string, bigint>> = { KiB: 1n << 10n, MiB: 1n << 20n, GiB: 1n << 30n };

/** `0x8000_0000` and `32 MiB`: what JSON has no numbers for. */
function sizeOf(text: string): bigint | undefined {
  if (/^0x[0-9a-f]+(_[0-9a-f]+)*$/i.test(text) && text.length <= 40) return BigInt(text.replaceAll('_', ''));
  const [, count, unit = ''] = /^([0-9]{1,9}) ?(KiB|MiB|GiB)$/.exec(text) ?? [];
  return count === undefined ? undefined : BigInt(count) * (units[unit] as bigint);
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value).slice(0, 60) : String(value).slice(0, 60);

function kindOf(node: unknown): string {
  if (isMap(node)) return 'object';
  if (isSeq(node)) return 'list';
  return isScalar(node) ? shown(node.value) : 'null';
}

function expectedOf(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return shape.oneOf?.join(', ') ?? 'text';
    case 'integer':
      return shape.oneOf?.join(', ') ?? 'integer: 4096, 0x1000, "0x8000_0000", "32 MiB"';
    case 'boolean':
      return 'true | false';
    case 'list':
      return 'list';
    case 'object':
      return `object: ${Object.keys(shape.keys).join(', ')}`;
  }
}

/** What a file names replaces what it starts from; objects are merged by key, lists are replaced. */
function merge(base: unknown, own: unknown): unknown {
  if (!isPlain(base) || !isPlain(own)) return own;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(own)) merged[key] = merge(merged[key], value);
  return merged;
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The first key that is demanded and not there. */
function missingKey(value: unknown, shape: Shape, path: string): string | undefined {
  if (shape.kind !== 'object' || !isPlain(value)) return undefined;
  for (const [key, part] of Object.entries(shape.keys)) {
    const inner = path === '' ? key : `${path}.${key}`;
    const isOptional =
      part.isOptional === true || ('orNull' in part && part.orNull === true && Object.hasOwn(value, key));
    if (value[key] === undefined) {
      if (!isOptional) return inner;
      continue;
    }
    const missing = missingKey(value[key], part, inner);
    if (missing !== undefined) return missing;
  }
  return undefined;
}
