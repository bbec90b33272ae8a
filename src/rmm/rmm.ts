// The Realm Management Monitor at R-EL2. An activation takes one entry from EL3 - a boot or an RMI call - to its end.
// Simplified: until realms exist it knows three commands and one granule life cycle.

import { GRANULE_SIZE, type Pa, frameOf } from '../arch/address.ts';
import { Fid, NOT_SUPPORTED, fidOf, signed } from '../arch/smccc.ts';
import { Pas } from '../arch/world.ts';
import { assert } from '../base/assert.ts';
import { hex } from '../base/hex.ts';
import { coldBoot, warmBoot } from './boot.ts';
import { type Command, type CommandResult, run } from './command.ts';
import { Granules, type GranulesData } from './granule.ts';
import type { RmmPe } from './ports.ts';
import { granuleDelegate } from './rmi/granule-delegate.ts';
import { granuleUndelegate } from './rmi/granule-undelegate.ts';
import { rmiVersion, supportedRevisions } from './rmi/version.ts';

/** What a command sees: the RMM's state and the PE it runs on. */
export type Activation = {
  readonly paBits: number;
  readonly granules: Granules;
  readonly pe: RmmPe;
  /** GTSI_DELEGATE or GTSI_UNDELEGATE. What EL3 might refuse was asked first, so a refusal means that our state is corrupt. */
  transition(fid: number, pa: Pa): void;
  /** Overwrites a granule with zeros, through the Realm PAS. */
  wipe(pa: Pa): void;
};

type AnyCommand = Command<Activation, never>;

const commands: ReadonlyMap<number, AnyCommand> = new Map(
  [rmiVersion, granuleDelegate, granuleUndelegate].map((command) => [command.fid, command as unknown as AnyCommand]),
);

export type RmmData = { readonly granules: GranulesData; readonly isBooted: boolean };

export class Rmm {
  readonly granules = new Granules();
  readonly #paBits: number;
  readonly #peCount: number;
  readonly #entry: bigint;
  #isBooted = false;

  constructor(paBits: number, peCount: number, entry: Pa) {
    this.#paBits = paBits;
    this.#peCount = peCount;
    this.#entry = BigInt(entry);
  }

  /** Back to before cold boot. */
  reset(): void {
    this.#isBooted = false;
    this.granules.reset([]);
  }

  /** One entry from EL3, to its end: the last thing it does is an SMC that leaves. */
  activate(pe: RmmPe): void {
    if (pe.pc === this.#entry) this.#boot(pe);
    else this.#call(pe);
  }

  /** Zeros over a granule. Wiping is the owner's work: EL3 flushes and changes the table, it does not erase. */
  wipe(pe: RmmPe, pa: Pa): void {
    const result = pe.memory(Pas.Realm).fill(pa, GRANULE_SIZE, 0);
    assert(result === 0, `granule ${hex(pa)} is the RMM's to wipe`);
    if (pe.trace.on) pe.trace.emit({ kind: 'wipe', frame: frameOf(pa) });
  }

  data(): RmmData {
    return { granules: this.granules.data(), isBooted: this.#isBooted };
  }

  setData(data: RmmData): void {
    this.granules.setData(data.granules);
    this.#isBooted = data.isBooted;
  }

  #boot(pe: RmmPe): void {
    let code: number;
    if (this.#isBooted) {
      code = warmBoot(pe, this.#peCount);
    } else {
      const result = coldBoot(pe, this.#paBits);
      code = result.code;
      this.granules.reset(result.banks);
      this.#isBooted = code === 0;
    }
    pe.leave([BigInt(Fid.RMM_BOOT_COMPLETE), signed(code)]);
  }

  #call(pe: RmmPe): void {
    const x = [...pe.x.subarray(0, 8)];
    const command = commands.get(fidOf(x[0] as bigint));
    const result = command === undefined ? { x: [NOT_SUPPORTED], failed: undefined } : this.#run(command, pe, x);
    // X1 to X3 are zero unless they are results; X4 goes back as it came (SMCCC 1.2).
    const [x0 = 0n, x1, x2, x3, x4] = result.x;
    const isKnown = command !== undefined;
    const kept = (n: number): bigint => (isKnown && n < 4 ? 0n : (x[n] as bigint));
    if (pe.trace.on && result.failed !== undefined) {
      pe.trace.emit({ kind: 'rmi', pe: pe.index, name: command?.name ?? '', failed: result.failed });
    }
    pe.leave([BigInt(Fid.RMM_RMI_REQ_COMPLETE), x0, x1 ?? kept(1), x2 ?? kept(2), x3 ?? kept(3), x4 ?? kept(4)]);
  }

  #run(command: AnyCommand, pe: RmmPe, x: readonly bigint[]): CommandResult {
    const activation: Activation = {
      paBits: this.#paBits,
      granules: this.granules,
      pe,
      transition: (fid, pa) => {
        const [x0] = pe.el3.smc([BigInt(fid), BigInt(pa)]);
        assert(x0 === 0n, `EL3 refused ${hex(fid)} for ${hex(pa)} with ${hex(x0 ?? 0n)}`);
      },
      wipe: (pa) => this.wipe(pe, pa),
    };
    const result = run(command, activation, x);
    return command.fid === Fid.RMI_VERSION && result.failed !== undefined
      ? { ...result, x: [...result.x, ...supportedRevisions] }
      : result;
  }
}
