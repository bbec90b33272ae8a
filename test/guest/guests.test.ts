// The guests that come with the machine: each runs in a Realm and tells its host what came of it.
import { expect, test } from 'vitest';
import type { ScriptArgs } from '../../src/arch/action.ts';
import { Told } from '../../src/guest/guests.ts';
import { scriptImage } from '../../src/guest/image.ts';
import { runStep } from '../../src/host/abi.ts';
import { GranulePool, Host } from '../../src/host/realm.ts';
import { type Callbacks, type Exit, run } from '../../src/host/run.ts';
import { Machine } from '../../src/machine/machine.ts';

const UNPROTECTED = 2 ** 39;

/** Runs a guest to its end: its last host call, and why it exited. */
function told(script: string, args: ScriptArgs = null, callbacks: Callbacks = {}): { last: Exit; reasons: string[] } {
  const machine = Machine.boot();
  const driver = machine.host();
  const perform = (action: Parameters<typeof driver.perform>[0]): ReturnType<typeof driver.perform> =>
    driver.perform(action);
  const host = new Host(new GranulePool(0x8810_0000, 64 * 2 ** 20));
  const layout = {
    vmid: 1,
    ram: [{ base: 0x1000, size: 0x8000 }],
    images: [{ ipa: 0x1000, bytes: scriptImage(script, args) }],
    vcpus: [{ entry: 0x1000 }],
  };
  const realm = runStep(host.create(layout), perform);
  runStep(host.activate(realm), perform);
  const exits: Exit[] = [];
  const watch = { ...callbacks, exit: (exit: Exit) => exits.push(exit) };
  const { end } = runStep(run(host, realm, realm.vcpus[0]!, watch), perform);
  expect(['off', 'system-off']).toContain(end);
  return { last: exits.findLast(({ reason }) => reason === 'HOST_CALL')!, reasons: exits.map(({ reason }) => reason) };
}

test.each<[string, ScriptArgs, number, readonly bigint[]]>([
  ['hello', null, Told.hello, [0x1_0000n, 0x1_0000n, 40n, 0n]],
  ['compute', { count: 10 }, Told.computed, [55n]],
  ['toucher', { base: 0x3000, count: 5 }, Told.touched, [5n]],
  ['host-caller', { count: 3 }, Told.answers, [6n]],
  ['ripas-changer', { base: 0x3000, top: 0x5000 }, Told.ripas, [0n, 1n, 0n, 77n]],
  ['spinner', { count: 12 }, Told.computed, [12n]],
])('%s', (script, args, imm, gprs) => {
  const { last } = told(script, args);
  expect(last.imm).toBe(imm);
  expect(last.gprs.slice(0, gprs.length)).toEqual(gprs);
});

test('mmio-user uses a device that the host plays, or is told that there is none', () => {
  const args = { at: UNPROTECTED, value: 7 };
  const seen: unknown[] = [];
  const mmio: Callbacks['mmio'] = (access) => {
    seen.push({ ...access });
    return 0x55n;
  };
  expect(told('mmio-user', args, { mmio }).last.gprs[0]).toBe(0x55n);
  expect(seen).toEqual([
    { ipa: UNPROTECTED, isWrite: true, size: 4, value: 7n },
    expect.objectContaining({ ipa: UNPROTECTED, isWrite: false, size: 4 }),
  ]);
  expect(told('mmio-user', args, { mmio: () => undefined }).last.gprs[0]).toBe(2n ** 64n - 1n);
});

test('token-getter gets a whole token, in as many pieces as it takes', () => {
  const whole = told('token-getter', { piece: 0x1000 }).last.gprs;
  const pieces = told('token-getter', { piece: 0x40 }).last.gprs;
  expect(whole[0]).toBeGreaterThan(0n);
  expect(pieces[0]).toBe(whole[0]);
  expect(pieces[1]).toBeGreaterThan(whole[1]!);
});

test('measurer extends one measurement with its value', () => {
  const first = told('measurer', { index: 2, value: 5 }).last;
  expect(first.imm).toBe(Told.measured);
  expect(first.gprs.slice(0, 2)).toEqual([0n, 0n]);
  expect(first.gprs[2]).not.toBe(0n);
  expect(told('measurer', { index: 2, value: 6 }).last.gprs[2]).not.toBe(first.gprs[2]);
});

test('a guest may turn off its vCPU alone', () => {
  expect(told('compute', { end: 'cpu-off' }).reasons.at(-1)).toBe('PSCI');
});
