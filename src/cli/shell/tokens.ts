// A line of the shell as words and values. Everything is read before anything is done: a bad word leaves the machine as
// it was.

import type { AccessSize } from '../../arch/action.ts';
import { type El, type Pas, type World, parseWorld } from '../../arch/world.ts';
import { InputError } from '../../base/input-error.ts';
import { UsageError } from '../errors.ts';
import { parsePa, parseU64 } from '../number.ts';
import { suggest } from '../suggest.ts';

/** Words of a line; double quotes hold a word with spaces together. */
export function tokensOf(line: string): readonly string[] {
  const tokens = [...line.matchAll(/"([^"]*)"|[^\s"]+/g)].map(([word, quoted]) => quoted ?? word);
  if ((line.split('"').length - 1) % 2 !== 0) throw new InputError({ code: 'SHELL_QUOTE', where: 'line', found: line });
  return tokens;
}

/** The words of a command, taken one after the other; what is not taken is refused by `end`. */
export class Tokens {
  readonly #words: readonly string[];
  #next = 0;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  get isEmpty(): boolean {
    return this.#next >= this.#words.length;
  }

  /** The next word without taking it. */
  get peek(): string | undefined {
    return this.#words[this.#next];
  }

  word(name: string): string {
    const word = this.#words[this.#next];
    if (word === undefined) throw new UsageError({ code: 'SHELL_MISSING', where: name, expected: name });
    this.#next++;
    return word;
  }

  u64(name: string): bigint {
    return parseU64(this.word(name), name);
  }

  /** A physical address of the machine. */
  pa(name: string, paBits: number): bigint {
    return parsePa(this.word(name), name, paBits);
  }

  /** A whole number of a small range. */
  number(name: string, low: number, high: number): number {
    const word = this.word(name);
    const number = /^[0-9]{1,9}$/.test(word) ? Number(word) : NaN;
    if (number >= low && number <= high) return number;
    throw new UsageError({ code: 'USAGE_BAD_NUMBER', where: name, expected: `${low} .. ${high}`, found: word });
  }

  /** One of a list of words, upper or lower case. */
  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const word = this.word(name);
    const found = allowed.find((item) => item.toLowerCase() === word.toLowerCase());
    if (found !== undefined) return found;
    throw new UsageError({
      code: 'USAGE_BAD_VALUE',
      where: name,
      expected: allowed.join(', '),
      found: word,
      suggestion: suggest(word, allowed),
    });
  }

  world(name: string): World {
    return parseWorld(this.oneOf(name, ['NS', 'S', 'RL', 'RT'])) as World;
  }

  /** An access size, when the next word is a number. */
  size(sizes: readonly AccessSize[]): AccessSize | undefined {
    if (this.peek === undefined || !/^[0-9]/.test(this.peek)) return undefined;
    const word = this.word('SIZE');
    const found = sizes.find((size) => String(size) === word);
    if (found !== undefined) return found;
    throw new UsageError({ code: 'USAGE_BAD_VALUE', where: 'SIZE', expected: sizes.join(', '), found: word });
  }

  /** `as WORLD [EL]` and `pas PAS` in any order, each at most once. */
  who(): {
    readonly as: { readonly world: World; readonly el: El | undefined } | undefined;
    readonly pas: Pas | undefined;
  } {
    let as: { world: World; el: El | undefined } | undefined;
    let pas: Pas | undefined;
    while (!this.isEmpty) {
      const name = this.oneOf('as | pas', ['as', 'pas'] as const);
      if ((name === 'as' ? as : pas) !== undefined)
        throw new UsageError({ code: 'SHELL_TWICE', where: name, found: name });
      if (name === 'as') as = { world: this.world('as'), el: this.el() };
      else pas = this.world('pas') as Pas;
    }
    return { as, pas };
  }

  /** An EL, when the next word looks like one. */
  el(): El | undefined {
    if (this.peek === undefined || !/^(el)?[0-9]+$/i.test(this.peek)) return undefined;
    const word = this.word('EL');
    const found = /^(?:el)?([0-3])$/i.exec(word)?.[1];
    if (found !== undefined) return Number(found) as El;
    throw new UsageError({ code: 'USAGE_BAD_VALUE', where: 'EL', expected: '0, 1, 2, 3', found: word });
  }

  /** Demands that the line ends here. */
  end(): void {
    if (this.isEmpty) return;
    throw new UsageError({ code: 'SHELL_EXTRA', where: 'line', found: this.#words.slice(this.#next).join(' ') });
  }
}
