// The files of specs/rmm-1.0/: their shape by schema, and what a schema cannot say.
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { commandSpecs } from '../../src/spec/commands.generated.ts';
import {
  bitfields,
  booleanTypes,
  commandFids,
  enumerations,
  failureRows,
  lifeCycles,
  structures,
} from '../../src/spec/generated.ts';
import { files, owns } from '../../src/tools/gen/spec.ts';
import { filesBelow, inRepo } from '../../src/tools/repo.ts';
import { commandFile, INTERFACES, readJson, readSpecification, SPEC_FOLDER } from '../../src/tools/spec-files.ts';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

const specification = readSpecification();
const { commands, types, states } = specification;
const ajv = new Ajv({ allErrors: true, strict: true, strictTuples: false, strictRequired: false, strictTypes: false });
const validator = (name: string) => ajv.compile(readJson<object>(`specs/schema/${name}.schema.json`));
const isCommand = validator('command');

const named = commands.map((command) => [command.name, command] as const);
const repeated = (names: readonly string[]): readonly string[] => names.filter((name, i) => names.indexOf(name) < i);

describe('every file has the shape of its schema', () => {
  test.each(named)('%s', (_, command) => {
    isCommand(command);
    expect(isCommand.errors).toBeNull();
  });

  test.each(['types', 'states', 'vocabulary'] as const)('%s.json', (name) => {
    const validate = validator(name);
    validate(specification[name]);
    expect(validate.errors).toBeNull();
  });

  test('which refuses what is wrong', () => {
    const good = structuredClone(commands[0] as object) as Record<string, unknown>;
    expect(isCommand({ ...good, fid: '3288334672' })).toBe(false);
    expect(isCommand({ ...good, success: ['higher is the highest revision'] })).toBe(false);
    expect(isCommand({ ...good, footnote: 'x' })).toBe(false);
    expect(isCommand({ ...good, purpose: 'no sentence' })).toBe(false);
  });
});

test('there are 41 commands with 224 failure rows, 9 of them informal, and 135 ordered pairs', () => {
  const rows = commands.flatMap(({ failure }) => failure);
  expect({
    commands: INTERFACES.map((name) => commands.filter((command) => command.interface.toLowerCase() === name).length),
    rows: rows.length,
    informal: rows.filter(({ informal }) => informal).length,
    pairs: commands.reduce((sum, { order }) => sum + order.length, 0),
  }).toEqual({ commands: [23, 10, 8], rows: 224, informal: 9, pairs: 135 });
});

describe.each(named)('%s', (_, command) => {
  const { failure, order, evaluationOrder, input, output, context, after = [], success, onFailure = [] } = command;

  test('stands in the file of its name and interface', () => {
    expect(command.name.startsWith(`${command.interface}_`)).toBe(true);
    expect(readJson(`${SPEC_FOLDER}/${commandFile(command)}.json`)).toEqual(command);
  });

  test('is evaluated in an order that has every row once and keeps every pair', () => {
    expect([...evaluationOrder].sort()).toEqual(failure.map(({ id }) => id).sort());
    const place = (id: string): number => evaluationOrder.indexOf(id);
    const broken = order.filter(([first, second]) => !(place(first) >= 0 && place(first) < place(second)));
    expect(broken).toEqual([]);
  });

  test('gives no name and no id twice', () => {
    const lists = [
      failure.map(({ id }) => id),
      success.map(({ id, at = '' }) => `${id} ${at}`),
      onFailure.map(({ id }) => id),
      [...input, ...output, ...context, ...after].map(({ name }) => name),
    ];
    expect(lists.flatMap(repeated)).toEqual([]);
  });

  test('has its result in X0 and its arguments behind it', () => {
    expect(input.map(({ reg }) => reg)).toEqual(input.map((_, i) => `x${i + 1}`));
    expect(output.map(({ reg }) => reg)).toEqual(output.map((_, i) => `x${i}`));
    expect(output.slice(0, 1).filter(({ name }) => name !== 'result')).toEqual([]);
  });

  test('fails with statuses of its interface, and with an index where there is one', () => {
    const prefix = command.interface === 'PSCI' ? 'PSCI_' : `${command.interface}_ERROR_`;
    expect(failure.filter(({ post }) => !post.startsWith(prefix))).toEqual([]);
    const withIndex = failure.filter(({ index }) => index !== undefined);
    expect(failure.filter((row) => row.post === 'RMI_ERROR_RTT' && !withIndex.includes(row))).toEqual([]);
    expect(withIndex.filter(({ post }) => post !== 'RMI_ERROR_RTT' && post !== 'RMI_ERROR_REALM')).toEqual([]);
  });
});

test('no function identifier is given twice', () => {
  expect(repeated(commands.flatMap(({ fid, fid32 }) => [fid, ...(fid32 === undefined ? [] : [fid32])]))).toEqual([]);
});

describe('types', () => {
  test('have names of their own, and so have values and fields', () => {
    const { enumerations, bitfields, structures } = types;
    const lists = [
      [...enumerations, ...bitfields, ...structures].map(({ name }) => name),
      ...enumerations.map(({ values }) => values.map(({ name }) => name)),
      ...enumerations.map(({ values }) => values.flatMap(({ value }) => (value === undefined ? [] : [String(value)]))),
      ...[...bitfields, ...structures].map(({ fields }) => fields.map(({ name }) => name)),
    ];
    expect(lists.flatMap(repeated)).toEqual([]);
  });

  test.each(types.structures.map((structure) => [structure.name, structure] as const))(
    'fields of %s stand in order, do not overlap, are aligned and fit',
    (_, { size, fields }) => {
      const ends = fields.map(({ offset, size, count = 1 }) => Number(offset) + size * count);
      const starts = fields.map(({ offset }) => Number(offset));
      expect(starts.filter((start, i) => start < (ends[i - 1] ?? 0))).toEqual([]);
      expect(fields.filter(({ offset, size }) => Number(offset) % Math.min(size, 8) !== 0)).toEqual([]);
      expect(ends.at(-1)).toBeLessThanOrEqual(Number(size));
    },
  );

  test.each(types.bitfields.map((bitfield) => [bitfield.name, bitfield] as const))(
    'fields of %s do not overlap and fit',
    (_, { bits, fields }) => {
      const used = fields.flatMap(({ high, low }) => Array.from({ length: high - low + 1 }, (_, i) => low + i));
      expect(repeated(used.map(String))).toEqual([]);
      expect(Math.max(...used)).toBeLessThan(bits);
    },
  );

  test('offsets are those of the interface', () => {
    const at = (name: string, field: string): string | undefined =>
      types.structures.find((structure) => structure.name === name)?.fields.find((each) => each.name === field)?.offset;
    expect(at('RmiRealmParams', 'rtt_num_start')).toBe('0x818');
    expect(at('RmiRecParams', 'aux')).toBe('0x808');
    expect(at('RmiRecEnter', 'gicv3_lrs')).toBe('0x308');
    expect(at('RmiRecExit', 'pmu_ovf_status')).toBe('0x700');
    expect(at('RsiHostCall', 'gprs')).toBe('0x008');
    expect(at('RmmMeasurementDescriptorData', 'content')).toBe('0x060');
  });
});

describe('life cycles', () => {
  const valuesOf = (type = ''): readonly string[] =>
    types.enumerations.find(({ name }) => name === type)?.values.map(({ name }) => name) ?? [];
  const names = commands.map(({ name }) => name);

  test.each(states.lifeCycles.map((cycle) => [cycle.name, cycle] as const))(
    '%s moves by commands from and to states',
    (_, { states, ripas, moves }) => {
      const known = ['NONE', ...valuesOf(states)];
      const knownRipas = ['NONE', ...valuesOf(ripas)];
      const columns = ripas === undefined ? [known, names, known] : [known, knownRipas, names, known, knownRipas];
      expect(moves.filter((move) => !columns.every((values, i) => values.includes(move[i] ?? '')))).toEqual([]);
    },
  );

  test('every granule passes through DELEGATED', () => {
    const granule = states.lifeCycles.find(({ name }) => name === 'granule');
    expect(granule?.moves.filter(([from, , to]) => from !== 'DELEGATED' && to !== 'DELEGATED')).toEqual([]);
  });
});

describe('generated files', () => {
  test('are as fresh as the specification', () => {
    const wanted = files();
    const stale = [...wanted].filter(([path, text]) => readFileSync(inRepo(path), 'utf8') !== text);
    expect(stale.map(([path]) => path)).toEqual([]);
    expect(owns.flatMap(filesBelow).filter((path) => !wanted.has(path))).toEqual([]);
  });

  test('have links that lead somewhere', () => {
    const pages = [...files()].filter(([path]) => path.endsWith('.md'));
    const broken = pages.flatMap(([path, text]) =>
      [...text.matchAll(/\]\(([^)]+)\)/g)]
        .map(([, to = '']) => posix.join(path, '..', to))
        .filter((to) => !existsSync(inRepo(to))),
    );
    expect(pages.length).toBe(45);
    expect(broken).toEqual([]);
  });

  test('say the same as the specification', () => {
    expect(commandSpecs).toEqual(commands);
    expect(Object.keys(commandFids)).toEqual(commands.map(({ name }) => name));
    expect(commandFids.PSCI_CPU_ON).toEqual([0xc400_0003, 0x8400_0003]);
    for (const { name, evaluationOrder } of commands) {
      expect(Object.keys(failureRows[name as keyof typeof failureRows])).toEqual(evaluationOrder);
    }
    expect(failureRows.RMI_RTT_CREATE.rtt_walk).toBe('RMI_ERROR_RTT');
    expect(enumerations.PsciReturnCode.PSCI_ALREADY_ON).toBe(-4);
    expect(booleanTypes).toContain('RmiTrap');
    expect(bitfields.RmiFeatureRegister0.max_recs_order).toEqual({ high: 41, low: 38, type: 'UInt8' });
    expect(structures.RmiRecExit.fields.imm).toEqual({
      offset: 0x600,
      size: 2,
      count: 1,
      type: 'UInt16',
      isMeasured: false,
    });
    expect(lifeCycles.realm[1]).toEqual(['REALM_NEW', 'RMI_REALM_ACTIVATE', 'REALM_ACTIVE']);
  });
});
