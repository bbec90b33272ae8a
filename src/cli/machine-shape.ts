// The shape of a machine description in a file. It mirrors MachineDescription: a test holds the two together.

/** What a value of the file has to look like. */
export type Shape =
  | { readonly kind: 'boolean'; readonly isOptional?: true }
  | { readonly kind: 'integer'; readonly oneOf?: readonly number[]; readonly isOptional?: true }
  | { readonly kind: 'text'; readonly oneOf?: readonly string[]; readonly isOptional?: true }
  | { readonly kind: 'list'; readonly of: Shape; readonly isOptional?: true }
  | {
      readonly kind: 'object';
      readonly keys: Readonly<Record<string, Shape>>;
      readonly orNull?: true;
      readonly isOptional?: true;
    };

const integer = { kind: 'integer' } as const;
const boolean = { kind: 'boolean' } as const;
const text = { kind: 'text' } as const;
const place = { name: text, base: integer, size: integer };

export const machineShape: Shape = {
  kind: 'object',
  keys: {
    extends: { kind: 'text', oneOf: ['base', 'max', 'large'], isOptional: true },
    name: text,
    paBits: integer,
    pes: integer,
    features: {
      kind: 'object',
      keys: {
        gpc2: boolean,
        gpc3: boolean,
        gdi: boolean,
        sel2: boolean,
        granule16k: boolean,
        granule64k: boolean,
      },
    },
    content: { kind: 'text', oneOf: ['plain', 'encrypted'] },
    framesMax: integer,
    seed: integer,
    isStrict: boolean,
    isGpfToEl3: boolean,
    ram: {
      kind: 'list',
      of: {
        kind: 'object',
        keys: { ...place, fill: integer, keptByReset: { kind: 'boolean', isOptional: true } },
      },
    },
    devices: { kind: 'list', of: { kind: 'object', keys: place } },
    gpt: {
      kind: 'object',
      keys: {
        ppsBits: integer,
        l0Bits: { kind: 'integer', oneOf: [30, 34, 36, 39] },
        granuleBits: { kind: 'integer', oneOf: [12, 14, 16] },
        l0Base: integer,
        l0Size: integer,
        l1Base: integer,
        l1Size: integer,
        contiguousBitsMax: { kind: 'integer', oneOf: [0, 21, 25, 29] },
        regions: {
          kind: 'list',
          of: {
            kind: 'object',
            keys: { ...place, gpi: text, how: { kind: 'text', oneOf: ['block', 'granule'] } },
          },
        },
      },
    },
    rmm: {
      kind: 'object',
      keys: {
        base: integer,
        sharedBuffer: integer,
        features: {
          kind: 'object',
          isOptional: true,
          keys: {
            s2sz: { ...integer, isOptional: true },
            lpa2: { ...boolean, isOptional: true },
            sveVl: { ...integer, isOptional: true },
            numBps: { ...integer, isOptional: true },
            numWps: { ...integer, isOptional: true },
            pmuNumCtrs: { ...integer, isOptional: true },
          },
        },
      },
    },
    banks: { kind: 'list', of: { kind: 'object', keys: { base: integer, size: integer } } },
    normal: { kind: 'object', keys: { entry: integer } },
    secure: { kind: 'object', keys: { entry: integer }, orNull: true },
  },
};
