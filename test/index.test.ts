// What the package exports is a promise: a name that goes, or one that comes, is a line of this test and of the changelog.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as library from '../src/index.ts';
import { inRepo } from '../src/tools/repo.ts';

test('the library exports these values', () => {
  expect(Object.keys(library).sort().join(' ')).toBe(
    [
      'Driver Fid Gpi InputError Machine Pas World baseMachine gpiName largeMachine maxMachine smcName',
      'traceLine worldName',
    ].join(' '),
  );
});

test('the library exports these types', () => {
  const text = readFileSync(inRepo('src/index.ts'), 'utf8');
  const types = [...text.matchAll(/export type \{([^}]*)\}/g)].flatMap(([, names = '']) => names.match(/\w+/g) ?? []);
  expect(types.sort().join(' ')).toBe(
    [
      'AccessOptions AccessResult AccessSize Action Actor BankDescription Complaint DeviceDescription El',
      'Entry ExceptionView FaultView Features FidName Finding GptRegionDescription MachineDescription',
      'MachineOptions NamedFault Outcome RamDescription RunEnd Script ScriptArgs ScriptFactory',
      'ScriptLibrary Snapshot SnapshotData SysReg TraceEvent',
    ].join(' '),
  );
});

test('a host delegates a granule and can no longer read it', () => {
  const machine = library.Machine.boot();
  const host = machine.host();
  expect(host.write(0x8800_1000, 0x1234)).toEqual({ value: 0n, fault: undefined });
  expect(host.read(0x8800_1000)).toEqual({ value: 0x1234n, fault: undefined });
  expect(host.smc('RMI_GRANULE_DELEGATE', 0x8800_1000)[0]).toBe(0n);
  const { value, fault } = host.read(0x8800_1000);
  expect(value).toBeUndefined();
  expect(fault).toMatchObject({ name: 'GPF', el: 2, esr: 0x9600_0028n, far: 0x8800_1000n });
});
