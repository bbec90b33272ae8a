// A process that fills a 1 GiB realm with pages of unknown content once, cold, and prints what that took. The Host is trusted to
// know its own calls: it places a table of level 3 for every 2 MiB, and a page for every granule.
import { GRANULE_SIZE, toPa } from '../../../arch/address.ts';
import { Fid } from '../../../arch/smccc.ts';
import { Pas, World } from '../../../arch/world.ts';
import { smc } from '../../../cpu/act.ts';
import type { Pe } from '../../../cpu/pe.ts';
import { Machine } from '../../../machine/machine.ts';
import { baseMachine } from '../../../machine/machines/base.ts';

const GiB = 2 ** 30;
const TABLES = 0x9000_0000;
const PAGES = 0x8_8000_0000;
const PARAMS = 0x8f00_0000;
const TABLE_SPAN = 2 ** 21;

globalThis.gc?.();
const before = process.memoryUsage.rss();
const machine = Machine.boot(baseMachine);
const [pe] = machine.pes as readonly [Pe];
let calls = 0;

function must(fid: number, ...args: readonly number[]): void {
  pe.x[0] = BigInt(fid);
  for (const [n, arg] of args.entries()) pe.x[n + 1] = BigInt(arg);
  smc(pe);
  machine.settle(pe);
  calls++;
  if (pe.x[0] !== 0n) throw new Error(`0x${fid.toString(16)} gave 0x${(pe.x[0] as bigint).toString(16)}`);
}

let nextTable = TABLES;
function takeTable(): number {
  const pa = nextTable;
  nextTable += GRANULE_SIZE;
  must(Fid.RMI_GRANULE_DELEGATE, pa);
  return pa;
}

const started = performance.now();
const port = pe.port(Pas.NonSecure, World.NonSecure);
const rttBase = takeTable();
takeTable();
const rd = takeTable();
// s2sz, num_bps, num_wps, vmid, rtt_base, rtt_level_start, rtt_num_start; the rest is zero.
const params = [0x008, 40, 0x018, 5, 0x020, 3, 0x800, 1, 0x808, rttBase, 0x810, 1, 0x818, 2] as const;
for (let i = 0; i < params.length; i += 2)
  port.write64(toPa(PARAMS + (params[i] as number)), BigInt(params[i + 1] as number));
must(Fid.RMI_REALM_CREATE, rd, PARAMS);
must(Fid.RMI_RTT_CREATE, rd, takeTable(), 0, 2);
for (let ipa = 0; ipa < GiB; ipa += TABLE_SPAN) must(Fid.RMI_RTT_CREATE, rd, takeTable(), ipa, 3);
let pages = 0;
for (let ipa = 0; ipa < GiB; ipa += GRANULE_SIZE) {
  must(Fid.RMI_GRANULE_DELEGATE, PAGES + ipa);
  must(Fid.RMI_DATA_CREATE_UNKNOWN, rd, PAGES + ipa, ipa);
  pages++;
}
const milliseconds = performance.now() - started;
console.log(JSON.stringify({ milliseconds, calls, pages, grown: process.memoryUsage.rss() - before }));
