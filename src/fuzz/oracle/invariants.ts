// What has to be true of every state, whatever calls led to it: each granule has one use, and the tables agree about it.

import type { MachineView } from '../../machine/view.ts';
import { ENTRIES, State } from './state.ts';

const FRAME = 4096n;

/** Sentences about what is wrong; none in a state that calls can lead to. */
export function brokenInvariants(view: MachineView): readonly string[] {
  const state = new State(view);
  const found: string[] = [];
  const uses = new Map<bigint, string>();
  const use = (addr: bigint, as: string): void => {
    if (state.granuleState(addr) !== as)
      found.push(`0x${addr.toString(16)} is used as ${as} and is ${state.granuleState(addr)}`);
    if (uses.has(addr)) found.push(`0x${addr.toString(16)} is used twice`);
    uses.set(addr, as);
  };
  for (const rd of state.realms.keys()) use(BigInt(rd), 'RD');
  for (const { pa, aux, rd } of state.recs.values()) {
    use(BigInt(pa), 'REC');
    for (const each of aux) use(BigInt(each), 'REC_AUX');
    if (!state.realms.has(rd)) found.push(`REC 0x${pa.toString(16)} has no Realm`);
  }
  for (const [table, { level }] of state.tables()) {
    use(table, 'RTT');
    for (let i = 0; i < ENTRIES; i++) {
      const { state: kind, addr } = state.entryOf(table, i) ?? {};
      if (kind !== 'ASSIGNED') continue;
      const count = 1n << BigInt(9 * (3 - level));
      for (let n = 0n; n < count; n++) use((addr as bigint) + n * FRAME, 'DATA');
    }
  }
  for (const { rd, numRecs, vmid } of state.realms.values()) {
    const own = [...state.recs.values()].filter((rec) => rec.rd === rd).length;
    if (own !== numRecs) found.push(`Realm 0x${rd.toString(16)} counts ${numRecs} RECs and has ${own}`);
    if ([...state.realms.values()].some((other) => other.rd !== rd && other.vmid === vmid))
      found.push(`VMID ${vmid} is used twice`);
  }
  for (const { base, states } of state.granuleTables) {
    for (const [i, number] of states.entries()) {
      const addr = BigInt(base) + BigInt(i) * FRAME;
      const name = state.granuleState(addr);
      if (number !== 0 && name !== 'DELEGATED' && uses.get(addr) !== name)
        found.push(`0x${addr.toString(16)} is ${name} and nobody's`);
      const isRealm = state.gpt(addr) === 'GPT_REALM';
      if (isRealm !== (number !== 0)) found.push(`0x${addr.toString(16)} is ${name} and its GPT entry says otherwise`);
    }
  }
  return found;
}
