// The Realm Management Monitor at R-EL2. An activation takes one entry from below or above to its end: a boot, an RMI call, or
// an exception of a Realm. It leaves nothing on the stack: the last thing it does is to leave the PE to somebody else.

import { GRANULE_SIZE, type Pa, frameOf } from '../arch/address.ts';
import { Fid, fidOfWord } from '../arch/smccc.ts';
import { assert } from '../base/assert.ts';
import { type Hasher, nobleHasher } from '../crypto/hash.ts';
import { coldBoot, warmBoot } from './boot.ts';
import { Call } from './call.ts';
import { type AnyCommand, run } from './command.ts';
import { rmiCommands } from './commands.ts';
import { type FeatureChoice, type RmmFeatures, rmmFeatures } from './features.ts';
import { Granules, type GranulesData } from './granule.ts';
import { VirtualGic } from './gic.ts';
import { Measurer } from './measurement.ts';
import type { RmmPe, TokenMaker } from './ports.ts';
import { Realm, type RealmData } from './realm.ts';
import { handleRealm } from './realm-exit.ts';
import { Rec, type RecData } from './rec.ts';
import type { Running } from './rec-run.ts';
import { recEnter } from './rmi/rec-enter.ts';

const commands: ReadonlyMap<number, AnyCommand> = new Map(
  [...rmiCommands, recEnter].map((command) => [command.fid, command]),
);

/** Where the RMM waits, calls and is called back, as offsets from its entry point: constants of its image. */
export const RmmImage = { loop: 0x100, call: 0x200, vectors: 0x800 } as const;

export type RmmOptions = {
  readonly paBits: number;
  readonly peCount: number;
  readonly entry: Pa;
  readonly tokens: TokenMaker;
  readonly hasher?: Hasher;
  readonly features?: FeatureChoice | undefined;
};

export class Rmm {
  readonly paBits: number;
  readonly features: RmmFeatures;
  readonly granules = new Granules();
  readonly realms = new Map<number, Realm>();
  readonly recs = new Map<number, Rec>();
  /** RECs that run, by PE. */
  readonly running = new Map<number, Running>();
  readonly gic = new VirtualGic();
  readonly measurer: Measurer;
  readonly tokens: TokenMaker;
  readonly #peCount: number;
  readonly #entry: number;
  readonly #calls: (Call | undefined)[] = [];
  #isBooted = false;

  constructor({ paBits, peCount, entry, tokens, hasher = nobleHasher, features }: RmmOptions) {
    this.paBits = paBits;
    this.features = rmmFeatures(paBits, features);
    this.measurer = new Measurer(hasher);
    this.tokens = tokens;
    this.#peCount = peCount;
    this.#entry = entry;
  }

  /** Whether keys for attestation came from EL3 at boot. */
  get canAttest(): boolean {
    return this.#isBooted;
  }

  /** Back to before cold boot. */
  reset(): void {
    this.#isBooted = false;
    this.granules.reset([]);
    this.#forget();
  }

  activate(pe: RmmPe): void {
    const { offset } = pe;
    if (offset === 0) this.#boot(pe);
    else if (offset >= RmmImage.vectors) handleRealm(this, pe, offset - RmmImage.vectors);
    else this.#rmi(pe);
  }

  isVmidUsed(vmid: number): boolean {
    for (const realm of this.realms.values()) if (realm.config.vmid === vmid) return true;
    return false;
  }

  addRealm(realm: Realm): void {
    const { rd } = realm.config;
    this.realms.set(rd, realm);
  }

  removeRealm(realm: Realm): void {
    const { rd } = realm.config;
    this.realms.delete(rd);
  }

  addRec(rec: Rec): void {
    const { pa } = rec.config;
    this.recs.set(pa, rec);
  }

  removeRec(rec: Rec): void {
    const { pa } = rec.config;
    this.recs.delete(pa);
  }

  /** Zeros over a granule. Wiping is the owner's work: EL3 flushes and changes the table, it does not erase. */
  wipe(pe: RmmPe, pa: Pa): void {
    const refused = pe.realm.fill(pa, GRANULE_SIZE, 0);
    assert(refused === 0, "a granule that is wiped is the RMM's");
    if (pe.trace.on) pe.trace.emit({ kind: 'wipe', frame: frameOf(pa) });
  }

  /** Ends an RMI call: X0 and the outputs go to the Host by way of EL3. */
  complete(pe: RmmPe, x0: number, outputs: readonly number[] = [0, 0, 0]): void {
    const { words } = pe;
    setRegister(words, 0, Fid.RMM_RMI_REQ_COMPLETE);
    setRegister(words, 1, x0);
    for (let n = 0; n < outputs.length; n++) setRegister(words, 2 + n, outputs[n] as number);
    pe.leave();
  }

  data(): RmmData {
    return {
      isBooted: this.#isBooted,
      granules: this.granules.data(),
      realms: [...this.realms.values()].map((realm) => realm.data()),
      recs: [...this.recs.values()].map((rec) => rec.data()),
      running: [...this.running].map(([pe, { rec, ...rest }]) => ({ pe, rec: rec.config.pa, ...rest })),
    };
  }

  setData(data: RmmData): void {
    this.#forget();
    this.#isBooted = data.isBooted;
    this.granules.setData(data.granules);
    for (const realm of data.realms) this.realms.set(realm.config.rd, Realm.from(realm));
    for (const rec of data.recs) this.recs.set(rec.pa, Rec.from(rec, this.realms.get(rec.rd) as Realm));
    for (const { pe, rec, ...rest } of data.running) this.running.set(pe, { rec: this.recs.get(rec) as Rec, ...rest });
  }

  #forget(): void {
    this.realms.clear();
    this.recs.clear();
    this.running.clear();
  }

  #boot(pe: RmmPe): void {
    let code: number;
    pe.set('vbar_el2', BigInt(this.#entry + RmmImage.vectors));
    if (this.#isBooted) {
      code = warmBoot(pe, this.#peCount);
    } else {
      const result = coldBoot(pe, this.paBits);
      code = result.code;
      this.granules.reset(result.banks);
      this.#isBooted = code === 0;
    }
    const { words } = pe;
    setRegister(words, 0, Fid.RMM_BOOT_COMPLETE);
    setRegister(words, 1, code);
    pe.leave();
  }

  #rmi(pe: RmmPe): void {
    const call = (this.#calls[pe.index] ??= new Call(this, pe));
    call.begin();
    const command = commands.get(fidOfWord(call.args.lo(0)));
    // X1 to X3 are zero unless they are results; X4 goes back as it came (SMCCC 1.2). An unknown function changes only X0.
    if (command === undefined) {
      const { words } = pe;
      for (let n = 4; n >= 1; n--) copyRegister(words, n + 1, n);
      setRegister(words, 0, Fid.RMM_RMI_REQ_COMPLETE);
      setRegister(words, 1, -1);
      return pe.leave();
    }
    const { code, failed } = run(command, call);
    if (pe.trace.on && failed !== undefined) pe.trace.emit({ kind: 'rmi', pe: pe.index, name: command.name, failed });
    if (call.hasEntered) return;
    // Taken now, not before: a command may bring frames into being, and then registers are elsewhere.
    const { words } = pe;
    for (let n = 0; n < 8; n++) {
      words[2 * n] = call.args.lo(n);
      words[2 * n + 1] = call.args.hi(n);
    }
    setRegister(words, 0, Fid.RMM_RMI_REQ_COMPLETE);
    copyRegister(words, 5, 4);
    setRegister(words, 1, code);
    for (let n = 1; n <= 3; n++) setRegister(words, n + 1, call.outputs[n] as number);
    if (call.outputCount >= 4 || command.fid === Fid.RMI_RTT_READ_ENTRY)
      setRegister(words, 5, call.outputs[4] as number);
    pe.leave();
  }
}

export type RmmData = {
  readonly isBooted: boolean;
  readonly granules: GranulesData;
  readonly realms: readonly RealmData[];
  readonly recs: readonly RecData[];
  readonly running: readonly ({ readonly pe: number; readonly rec: number } & Omit<Running, 'rec'>)[];
};

/** Writes a register from a number: a size, an address, or a small negative one. */
export function setRegister(words: Uint32Array, n: number, value: number): void {
  // An element takes a number modulo 2^32.
  words[2 * n] = value;
  words[2 * n + 1] = Math.floor(value / 2 ** 32);
}

function copyRegister(words: Uint32Array, to: number, from: number): void {
  words[2 * to] = words[2 * from] as number;
  words[2 * to + 1] = words[2 * from + 1] as number;
}
