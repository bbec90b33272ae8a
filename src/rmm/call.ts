// One RMI call on its way through the RMM: its arguments, its outputs, and the little that several commands share.

import { GRANULE_SIZE, type Pa, toPa } from '../arch/address.ts';
import { Gpi } from '../arch/gpi.ts';
import { assert } from '../base/assert.ts';
import type { RmmPe } from './ports.ts';
import type { GranuleState } from './granule.ts';
import type { Realm } from './realm.ts';
import { CallArguments } from './registers.ts';
import type { Rec } from './rec.ts';
import type { Rmm } from './rmm.ts';
import { Rtt, Walk } from './rtt.ts';

/** Outputs that a command can set: X1 to X4. */
const OUTPUTS = 4;

export class Call {
  readonly rmm: Rmm;
  readonly pe: RmmPe;
  readonly args = new CallArguments();
  readonly rtt: Rtt;
  readonly walk = new Walk();
  /** X1 to X4 as numbers; a level may be negative. */
  readonly outputs = new Float64Array(1 + OUTPUTS);
  /** How many of them are results. */
  outputCount = 0;
  /** The PE is a REC's now: there is nothing to return yet. */
  hasEntered = false;

  constructor(rmm: Rmm, pe: RmmPe) {
    this.rmm = rmm;
    this.pe = pe;
    this.rtt = new Rtt(pe.realm);
  }

  /** Gets ready for the next call: takes the registers and forgets the outputs. */
  begin(): void {
    this.args.load(this.pe.words);
    this.outputs.fill(0);
    this.outputCount = 0;
    this.hasEntered = false;
  }

  /** Sets Xn. */
  out(n: number, value: number): void {
    this.outputs[n] = value;
    this.outputCount = Math.max(this.outputCount, n);
  }

  isDelegable(pa: number): boolean {
    return this.rmm.granules.isDelegable(pa);
  }

  isIn(pa: number, state: GranuleState): boolean {
    return this.rmm.granules.state(pa) === state;
  }

  /** The Realm of an RD; an earlier row has checked that it is one. */
  realm(rd: number): Realm {
    const realm = this.rmm.realms.get(rd);
    assert(realm !== undefined, 'a granule in state RD has a Realm');
    return realm;
  }

  rec(pa: number): Rec {
    const rec = this.rmm.recs.get(pa);
    assert(rec !== undefined, 'a granule in state REC has a REC');
    return rec;
  }

  /** Walks a Realm's tables. The result is this call's own walk object. */
  walkTo(realm: Realm, ipa: number, level: number): Walk {
    return this.rtt.walk(realm, ipa, level, this.walk);
  }

  /** Whether the Non-secure PAS reaches a granule: GPI Non-secure or All. */
  isNonSecure(pa: number): boolean {
    const gpi = this.pe.el3.gpi(toPa(pa));
    return gpi === Gpi.NonSecure || gpi === Gpi.All || gpi === Gpi.NonSecureOnly;
  }

  /** A copy of a granule of the Host: read once, then only the copy counts. Undefined: the access faulted. */
  copyFromHost(pa: number): Uint8Array | undefined {
    return this.pe.nonSecure.readBytes(toPa(pa), GRANULE_SIZE);
  }

  move(pa: number, to: GranuleState): void {
    this.rmm.granules.move(pa, to);
  }

  /** Zeros over a granule that is the RMM's. */
  wipe(pa: number): void {
    this.rmm.wipe(this.pe, toPa(pa));
  }

  /** GTSI_DELEGATE or GTSI_UNDELEGATE. What EL3 might refuse was asked first: a refusal means that our state is corrupt. */
  transition(fid: number, pa: Pa): void {
    const status = this.pe.el3.call(fid, pa);
    assert(status === 0, 'EL3 does a transition that the RMM has checked');
  }

  /** Stage 2 translations of a range of a Realm must be gone before a command returns. */
  invalidate(realm: Realm, ipa: number, size: number): void {
    this.pe.invalidateStage2(realm.config.vmid, ipa, size);
  }
}
