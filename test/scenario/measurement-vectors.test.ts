// Measurement vectors through the RMM itself: a host builds each Realm by SMCs, a guest extends its measurements, and what the RMM
// holds afterwards is what was worked out without it.
import { describe, expect, test } from 'vitest';
import { readManifest } from '../../src/cli/measure-manifest.ts';
import { scriptImage } from '../../src/guest/image.ts';
import { runStep } from '../../src/host/abi.ts';
import { GranulePool, Host, type HostedRealm } from '../../src/host/realm.ts';
import { run } from '../../src/host/run.ts';
import { Machine } from '../../src/machine/machine.ts';
import { maxMachine } from '../../src/machine/machines/max.ts';
import type { MeasuredOperation } from '../../src/rmm/measurement-log.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RimVector, hasSharedVectors, ownVectors, sharedVectors } from '../cli/rim-vectors.ts';

/** A machine whose RMM offers everything that the vectors ask for. */
const machine = Machine.boot({
  ...maxMachine,
  paBits: 52,
  rmm: { ...maxMachine.rmm, features: { sveVl: 15, numBps: 63, numWps: 63, pmuNumCtrs: 31, lpa2: true } },
});
const driver = machine.host();
const perform = (action: Parameters<typeof driver.perform>[0]): ReturnType<typeof driver.perform> =>
  driver.perform(action);
const host = new Host(new GranulePool(0x8810_0000, 256 * 2 ** 20));

const digest = (bytes: Uint8Array, hash: string): string =>
  Buffer.from(bytes.subarray(0, hash === 'sha-256' ? 32 : 64)).toString('hex');

/** The manifest as `realm measure` understands it. */
function parse(vector: RimVector): ReturnType<typeof readManifest> {
  const folder = mkdtempSync(join(tmpdir(), 'fourworlds-vector-'));
  try {
    const file = join(folder, 'manifest.json');
    writeFileSync(file, JSON.stringify(vector.manifest));
    return readManifest(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Builds the Realm, and gives it a guest when it is to extend measurements. */
function measured(vector: RimVector): readonly string[] {
  const { hash = 'sha-256', params, operations } = parse(vector);
  const { s2sz, ...features } = params;
  const layout = { ipaBits: s2sz, hash, vmid: 1, vcpus: [], features };
  const realm = runStep(host.create(layout), perform);
  for (const operation of operations) build(realm, operation);
  const { rd } = realm;
  const rim = digest(machine.rmm.realms.get(rd)!.measurements[0] as Uint8Array, hash);
  const extensions = operations.filter((operation) => operation.op === 'measurement-extend');
  if (extensions.length > 0) extend(realm, extensions);
  const [, ...rems] = machine.rmm.realms.get(rd)!.measurements.map((value) => digest(value, hash));
  runStep(host.destroy(realm), perform);
  return [rim, ...rems];
}

function build(realm: HostedRealm, operation: MeasuredOperation): void {
  switch (operation.op) {
    case 'init-ripas':
      // Entries are as small as the tables that are there.
      if (operation.entrySize === 4096)
        for (let at = operation.base; at < operation.top; at += 2 ** 21) runStep(host.mapTables(realm, at, 3), perform);
      return runStep(host.initRipas(realm, operation.base, operation.top), perform);
    case 'data-create':
      return runStep(
        host.populate(realm, { ipa: operation.ipa, bytes: operation.page, isMeasured: operation.isMeasured }),
        perform,
      );
    case 'rec-create': {
      const vcpu = { entry: Number(operation.pc), isRunnable: operation.isRunnable, x: operation.gprs };
      runStep(host.createVcpu(realm, vcpu), perform);
      return;
    }
    case 'measurement-extend':
      return;
  }
}

/** A guest that extends, in a Realm that is measured already: its own page and vCPU change the RIM, which was read before. */
function extend(realm: HostedRealm, extensions: readonly MeasuredOperation[]): void {
  const calls = extensions.flatMap((operation) => {
    if (operation.op !== 'measurement-extend') return [];
    const { index, value } = operation;
    const bytes = new Uint8Array(64);
    bytes.set(value);
    const words = new BigUint64Array(bytes.buffer);
    const x = [0xc400_0193n, BigInt(index), BigInt(value.length), ...words];
    return [{ smc: x.map((word) => `0x${word.toString(16)}`) }];
  });
  const steps = [...calls, { smc: ['0x84000008'] }];
  runStep(host.populate(realm, { ipa: 0x4000, bytes: scriptImage('scripted', { name: 'extender', steps }) }), perform);
  runStep(host.createVcpu(realm, { entry: 0x4000 }), perform);
  runStep(host.activate(realm), perform);
  expect(runStep(run(host, realm, realm.vcpus.at(-1)!), perform).end).toBe('system-off');
}

const sound = (pc: bigint): boolean => pc <= BigInt(Number.MAX_SAFE_INTEGER);
/** The host of this repository enters at addresses that a number holds; larger ones are for `realm measure` alone. */
const isBuildable = ({ manifest }: RimVector): boolean =>
  manifest.operations.every((operation) => sound(BigInt(String(operation['rec-create']?.['pc'] ?? 0))));

test('the machine says in RMI_FEATURES what its RMM offers otherwise', () => {
  const [status, features = 0n] = driver.smc('RMI_FEATURES', 0);
  expect(status).toBe(0n);
  const field = (high: number, low: number): number =>
    Number((features >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n));
  expect([field(7, 0), field(8, 8), field(9, 9), field(13, 10)]).toEqual([52, 1, 1, 15]);
  expect([field(19, 14), field(25, 20), field(26, 26), field(31, 27)]).toEqual([63, 63, 1, 31]);
});

describe.skipIf(!hasSharedVectors)('the reference vectors (skipped where they are not beside the repository)', () => {
  const vectors = hasSharedVectors ? sharedVectors() : [];

  test('all 23 can be built', () => {
    expect(vectors.filter(isBuildable)).toHaveLength(23);
  });

  test.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (_, vector) => {
    expect(measured(vector)[vector.index]).toBe(vector.result);
  });
});

describe('our own vectors', () => {
  const vectors = ownVectors().filter(isBuildable);

  test.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (_, vector) => {
    expect(measured(vector)).toEqual([vector.result, ...vector.rems]);
  });

  test('hardly any cannot be built', () => {
    expect(vectors.length).toBe(ownVectors().length - 2);
  });
});
