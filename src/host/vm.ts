// A plain virtual machine under the same host: its stage 2 tables are the host's own, in Non-secure memory. What the host can do
// to it, and cannot do to a Realm, is what Realms are for.

import type { ExceptionView } from '../arch/action.ts';
import { Ec, ecOf } from '../arch/syndrome.ts';
import { GRANULE, HostError, type Step, read, write, writeBytes } from './abi.ts';
import type { GranulePool, Image } from './realm.ts';

/** HCR_EL2: stage 2 on, AArch64 below; SMC, WFI, FIQ, IRQ and SError come to the host. */
const HCR_GUEST = (1n << 0n) | (1n << 31n) | (1n << 19n) | (1n << 13n) | (0b111n << 3n);
const EL1H_MASKED = 0x3c5n;
const IPA_BITS = 39;
const START_LEVEL = 1;
/** Page: valid, read and write, Normal write-back, Inner Shareable, accessed. */
const PAGE_BITS = 0x7dfn;
const TABLE_BITS = 0b11n;
/** VTCR_EL2: 39 bits from level 1, 4 KiB granules, 48-bit addresses. */
const VTCR = BigInt(64 - IPA_BITS) | (1n << 6n) | (5n << 16n) | (1n << 31n);

export type VmLayout = {
  readonly vmid: number;
  readonly images: readonly Image[];
  readonly entry: number;
  readonly x?: readonly bigint[];
};

/** A VM as its host knows it. */
export type HostedVm = {
  readonly vmid: number;
  readonly table: number;
  readonly pages: Map<number, number>;
  pc: bigint;
  pstate: bigint;
};

/** Builds a VM: tables, pages, contents. */
export function* createVm(pool: GranulePool, layout: VmLayout): Step<HostedVm> {
  const table = yield* emptyPage(pool);
  const vm: HostedVm = { vmid: layout.vmid, table, pages: new Map(), pc: BigInt(layout.entry), pstate: EL1H_MASKED };
  for (const { ipa, bytes } of layout.images) {
    for (let at = 0; at < bytes.length; at += GRANULE) {
      const page = yield* mapPage(pool, vm, ipa + at);
      yield* writeBytes(page, bytes.subarray(at, at + GRANULE));
    }
  }
  return vm;
}

/** A fresh page behind an IPA; the host may read and write it at any time. */
function* mapPage(pool: GranulePool, vm: HostedVm, ipa: number): Step<number> {
  let table = vm.table;
  for (let level = START_LEVEL; level < 3; level++) {
    const entry = table + 8 * (Math.floor(ipa / 2 ** (12 + 9 * (3 - level))) % 512);
    const word = yield* read(entry);
    if (word === 0n) {
      const next = yield* emptyPage(pool);
      yield* write(entry, BigInt(next) | TABLE_BITS);
      table = next;
    } else {
      table = Number(word & 0xffff_ffff_f000n);
    }
  }
  const page = yield* emptyPage(pool);
  yield* write(table + 8 * (Math.floor(ipa / GRANULE) % 512), BigInt(page) | PAGE_BITS);
  vm.pages.set(ipa, page);
  return page;
}

/** Runs the VM: pages that it lacks are added, SMCs that it makes are passed over. Says what else it came back with. */
export function* runVm(pool: GranulePool, vm: HostedVm): Step<ExceptionView> {
  for (;;) {
    const exception = yield* enterVm(vm);
    // An interrupt is the host's to handle, and has no syndrome.
    if (exception.interrupt !== undefined) return exception;
    switch (ecOf(exception.esr)) {
      case Ec.DataAbortLower:
      case Ec.InstructionAbortLower: {
        const hpfar = yield { op: 'mrs', reg: 'hpfar_el2' };
        const ipa = hpfar.kind === 'done' ? Number(hpfar.value >> 4n) * GRANULE : NaN;
        if (!(ipa < 2 ** IPA_BITS) || vm.pages.has(ipa)) return exception;
        yield* mapPage(pool, vm, ipa);
        break;
      }
      case Ec.Smc64:
        vm.pc += 4n;
        break;
      default:
        return exception;
    }
  }
}

/** Enters the VM until it comes back. */
export function* enterVm(vm: HostedVm): Step<ExceptionView> {
  const registers = [
    ['vttbr_el2', (BigInt(vm.vmid) << 48n) | BigInt(vm.table)],
    ['vtcr_el2', VTCR],
    ['hcr_el2', HCR_GUEST],
    ['vmpidr_el2', 0x8000_0000n],
    ['elr_el2', vm.pc],
    ['spsr_el2', vm.pstate],
  ] as const;
  for (const [reg, value] of registers) yield { op: 'msr', reg, value };
  const outcome = yield { op: 'eret' };
  yield { op: 'msr', reg: 'hcr_el2', value: 1n << 31n };
  if (outcome.kind !== 'exception') throw new HostError(`a VM came back as ${outcome.kind}`);
  vm.pc = outcome.exception.elr;
  const spsr = yield { op: 'mrs', reg: 'spsr_el2' };
  if (spsr.kind === 'done') vm.pstate = spsr.value;
  return outcome.exception;
}

function* emptyPage(pool: GranulePool): Step<number> {
  const page = pool.take();
  yield* writeBytes(page, new Uint8Array(GRANULE));
  return page;
}
