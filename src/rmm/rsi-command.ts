// The shape of a call that a Realm makes: RSI and PSCI. Failure rows answer at once; the effect answers, exits to the Host, or
// finds that the Realm's buffer is not there.

import { type Pa, toPa } from '../arch/address.ts';
import type { ExitRecord } from './exit-record.ts';
import type { RmmPe } from './ports.ts';
import type { Realm } from './realm.ts';
import type { Rec } from './rec.ts';
import { CallArguments } from './registers.ts';
import type { Rmm } from './rmm.ts';
import { Hipas, LEVEL_MAX, Ripas, Rtt, Walk, entrySize } from './rtt.ts';

/** RSI and PSCI results, as the signed numbers that go into X0. */
export const Rsi = {
  RSI_SUCCESS: 0,
  RSI_ERROR_INPUT: 1,
  RSI_ERROR_STATE: 2,
  RSI_INCOMPLETE: 3,
  RSI_ERROR_UNKNOWN: 4,
} as const;
export const Psci = {
  PSCI_SUCCESS: 0,
  PSCI_NOT_SUPPORTED: -1,
  PSCI_INVALID_PARAMETERS: -2,
  PSCI_DENIED: -3,
  PSCI_ALREADY_ON: -4,
  PSCI_INVALID_ADDRESS: -9,
} as const;
const realmStatus = { ...Rsi, ...Psci } as const;
export type RealmStatus = keyof typeof realmStatus;

/** What became of a call: X0 and up, an exit, or an access to the Realm's own buffer that faults. */
export type RealmAnswer =
  | { readonly kind: 'return'; readonly x: readonly (number | bigint)[] }
  /** The SMC is done; `x` is what the Realm finds when it goes on, where that is known already. */
  | { readonly kind: 'exit'; readonly exit: ExitRecord; readonly x?: readonly (number | bigint)[] }
  /** Exit as a data abort at an IPA; the SMC is executed again. */
  | { readonly kind: 'abort'; readonly ipa: number; readonly level: number };

export type RealmFailure<C> = {
  readonly id: string;
  readonly error: RealmStatus;
  readonly when: (c: C) => boolean;
  /** X1 and up of a failure that has outputs. */
  readonly outputs?: (c: C) => readonly number[];
};

export type RealmCommand<C> = {
  readonly name: string;
  /** The SMC64 form, and the SMC32 form where both are taken. */
  readonly fids: readonly number[];
  readonly context: (call: RealmCall) => C;
  readonly failures: readonly RealmFailure<C>[];
  readonly effect: (c: C) => RealmAnswer;
};

export type AnyRealmCommand = RealmCommand<unknown>;
export const rsi = <C>(command: RealmCommand<C>): AnyRealmCommand => command as unknown as AnyRealmCommand;

/** Runs a command: the first row that holds decides. */
export function runRealm(
  command: AnyRealmCommand,
  call: RealmCall,
): { readonly answer: RealmAnswer; readonly failed: string | undefined } {
  const c = command.context(call);
  for (const { id, error, when, outputs } of command.failures) {
    if (!when(c)) continue;
    const [x1 = 0, x2 = 0, x3 = 0, ...more] = outputs?.(c) ?? [];
    return { answer: { kind: 'return', x: [realmStatus[error], x1, x2, x3, ...more] }, failed: id };
  }
  return { answer: command.effect(c), failed: undefined };
}

/** Where a Realm's buffer lies, or what happens when it is touched. */
export type Buffer =
  | { readonly kind: 'there'; readonly pa: Pa }
  | { readonly kind: 'empty' }
  | { readonly kind: 'abort'; readonly level: number };

/** One call of a Realm. */
export class RealmCall {
  readonly rmm: Rmm;
  readonly pe: RmmPe;
  readonly rec: Rec;
  readonly args = new CallArguments();
  readonly #rtt: Rtt;
  readonly #walk = new Walk();

  constructor(rmm: Rmm, pe: RmmPe, rec: Rec) {
    this.rmm = rmm;
    this.pe = pe;
    this.rec = rec;
    this.#rtt = new Rtt(pe.realm);
    this.args.load(pe.words);
  }

  get realm(): Realm {
    return this.rec.realm;
  }

  isProtected(ipa: number): boolean {
    return ipa < this.realm.protectedEnd;
  }

  /** Walks the Realm's own tables to the deepest level. */
  walk(ipa: number): Walk {
    return this.#rtt.walk(this.realm, ipa, LEVEL_MAX, this.#walk);
  }

  /** Reads one entry of the table in which the last walk ended. */
  entryAt(index: number): Walk['entry'] {
    return this.#rtt.read(this.#walk.table, index, this.#walk.level, this.realm.config.lpa2, {
      hipas: 0,
      ripas: 0,
      addr: 0,
      attr: 0,
    });
  }

  /** The Realm memory behind a Protected IPA. */
  buffer(ipa: number): Buffer {
    const { level, entry } = this.walk(ipa);
    if (entry.hipas === Hipas.ASSIGNED && entry.ripas === Ripas.RAM) {
      return { kind: 'there', pa: toPa(entry.addr + (ipa % entrySize(level))) };
    }
    return entry.ripas === Ripas.EMPTY && entry.hipas !== Hipas.TABLE ? { kind: 'empty' } : { kind: 'abort', level };
  }
}
