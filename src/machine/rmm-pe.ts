// A PE as the RMM has it. The RMM's ports are declared by the RMM; here they are a PE, its memory and real SMCs to the monitor.

import type { Pa } from '../arch/address.ts';
import { Pas, World } from '../arch/world.ts';
import { smc } from '../cpu/act.ts';
import type { Pe } from '../cpu/pe.ts';
import type { Monitor } from '../monitor/monitor.ts';
import type { RmmPe } from '../rmm/ports.ts';
import { RmmImage, setRegister } from '../rmm/rmm.ts';

/** A PE as the RMM sees it: registers, its two spaces, and EL3 behind real SMCs. */
export function rmmPe(pe: Pe, monitor: Monitor, entry: number): RmmPe {
  const [loop, calling] = [BigInt(entry + RmmImage.loop), BigInt(entry + RmmImage.call)];
  return {
    index: pe.index,
    get offset() {
      return pe.pcFrom(entry);
    },
    get x() {
      return pe.x;
    },
    get words() {
      return pe.words;
    },
    realm: pe.port(Pas.Realm, World.Realm),
    nonSecure: pe.port(Pas.NonSecure, World.Realm),
    trace: pe.trace,
    get: (reg) => pe.get(reg),
    read: (reg) => pe.read(reg),
    set: (reg, value) => pe.set(reg, value),
    eret: () => pe.eret(),
    invalidateStage2: () => undefined,
    el3: {
      gpi: (pa: Pa) => monitor.gpt.movableGpi(pe, pa),
      call: (fid, pa) => {
        setRegister(pe.words, 0, fid);
        setRegister(pe.words, 1, pa);
        pe.pc = calling;
        smc(pe);
        monitor.activate(pe);
        return (pe.words[1] as number) === 0 ? (pe.words[0] as number) : (pe.words[0] as number) | 0;
      },
    },
    leave: () => {
      pe.pc = loop;
      smc(pe);
    },
  };
}
