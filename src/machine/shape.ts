// Shapes of plain data that comes from outside, with the place of what does not fit. An object has exactly the keys of its shape,
// and the types tie a shape to what it describes: a field that is added there does not compile until it is here.

import { InputError } from '../base/input-error.ts';

/** Throws unless a value has the shape of a T. */
export type Shape<T> = (value: unknown, where: string) => T;

/** Shapes whose refusals carry one code. */
export function shapes(code: string) {
  function refuse(where: string, expected: string, value: unknown): never {
    const found = typeof value === 'object' ? Object.prototype.toString.call(value) : String(value).slice(0, 40);
    throw new InputError({ code, where, expected, found });
  }

  const is =
    <T>(holds: (value: unknown) => boolean, expected: string): Shape<T> =>
    (value, where) =>
      holds(value) ? (value as T) : refuse(where, expected, value);

  const integer = <T extends number>(min: number, max: number): Shape<T> =>
    is(
      (value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max,
      `a whole number from ${min} to ${max}`,
    );

  const optional =
    <T>(shape: Shape<T>): Shape<T | undefined> =>
    (value, where) =>
      value === undefined ? undefined : shape(value, where);

  const list =
    <T>(shape: Shape<T>, length?: number): Shape<readonly T[]> =>
    (value, where) => {
      if (!Array.isArray(value) || (length ?? value.length) !== value.length)
        return refuse(where, length === undefined ? 'a list' : `a list of ${length}`, value);
      return Array.from(value, (item, i) => shape(item, `${where}[${i}]`));
    };

  /** An object with exactly these keys; optional ones may be absent. */
  const object =
    <T extends object>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> =>
    (value, where) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(where, 'an object', value);
      const given = value as Readonly<Record<string, unknown>>;
      const at = (key: string): string => (where === '' ? key : `${where}.${key}`);
      for (const key of Object.keys(given))
        if (!Object.hasOwn(fields, key)) refuse(at(key), Object.keys(fields).join(', '), key);
      for (const [key, shape] of Object.entries<Shape<unknown>>(fields))
        shape(Object.hasOwn(given, key) ? given[key] : undefined, at(key));
      return value as T;
    };

  return {
    refuse,
    is,
    integer,
    oneOf: <T>(...all: readonly T[]): Shape<T> => is((value) => all.includes(value as T), all.map(String).join(', ')),
    flag: is<boolean>((value) => typeof value === 'boolean', 'true or false'),
    text: is<string>((value) => typeof value === 'string', 'a text'),
    optional,
    list,
    object,
  };
}
