// FF-A over real SMCs: setup and discovery.

import { describe, expect, test } from 'vitest';
import { Pstate, Scr } from '../../src/arch/registers.ts';
import { Fid } from '../../src/arch/smccc.ts';
import { Pas, World } from '../../src/arch/world.ts';
import type { Driver } from '../../src/machine/driver.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import {
  BUSY,
  DENIED,
  INVALID_PARAMETERS,
  NOT_SUPPORTED,
  ONES,
  RETRY,
  RX,
  SP,
  TX,
  answer,
  boot,
  error,
  mapped,
  nil,
  success,
} from './ffa-answers.ts';

const uuid = [0x5e0c_5f2b, 0x0b4f_4d6a, 0x4bf0_3c9d, 0x01e7_c25e] as const;

describe('FFA_VERSION', () => {
  test.each([
    [0x1_0001n, 0x1_0001n],
    [0x1_0000n, 0x1_0001n],
    [0x1_0002n, 0x1_0001n],
    [0x1_ffffn, 0x1_0001n],
    [0xdead_beef_0001_0001n, 0x1_0001n],
    [0n, NOT_SUPPORTED],
    [0x2_0000n, NOT_SUPPORTED],
    [0x7fff_0001n, NOT_SUPPORTED],
    [0x8001_0001n, NOT_SUPPORTED],
    [ONES, NOT_SUPPORTED],
  ])('asked with %x answers %x in W0 alone', (asked, given) => {
    expect(boot().smc('FFA_VERSION', asked)).toEqual(answer(given));
  });
});

describe('FFA_ID_GET, FFA_SPM_ID_GET and FFA_FEATURES', () => {
  test('the host is the hypervisor, id 0, and the SPMC is 0x8000', () => {
    const host = boot();
    expect(host.smc('FFA_ID_GET')).toEqual(success(0n));
    expect(host.smc('FFA_SPM_ID_GET')).toEqual(success(0x8000n));
  });

  test.each([
    'FFA_ERROR',
    'FFA_SUCCESS',
    'FFA_SUCCESS64',
    'FFA_VERSION',
    'FFA_FEATURES',
    'FFA_ID_GET',
    'FFA_SPM_ID_GET',
    'FFA_RX_RELEASE',
    'FFA_RXTX_MAP',
    'FFA_RXTX_MAP64',
    'FFA_RXTX_UNMAP',
    'FFA_PARTITION_INFO_GET',
    'FFA_PARTITION_INFO_GET_REGS',
    'FFA_MSG_SEND_DIRECT_REQ',
    'FFA_MSG_SEND_DIRECT_REQ64',
  ] as const)('%s is there for the host; W2 = 0 also says buffers of 4 KiB', (name) => {
    expect(boot().smc('FFA_FEATURES', Fid[name])).toEqual(success());
  });

  test.each([
    'FFA_INTERRUPT',
    'FFA_MSG_WAIT',
    'FFA_RUN',
    'FFA_YIELD',
    'FFA_MSG_SEND_DIRECT_RESP',
    'FFA_MSG_SEND_DIRECT_RESP64',
    'FFA_MSG_SEND2',
    'FFA_MEM_SHARE',
    'FFA_MEM_RETRIEVE_REQ64',
    'FFA_NOTIFICATION_GET',
    'FFA_RX_ACQUIRE',
  ] as const)('%s is not there for the host: neither announced nor done', (name) => {
    const host = boot();
    expect(host.smc('FFA_FEATURES', Fid[name])).toEqual(error(NOT_SUPPORTED));
    expect(host.smc(name, SP)).toEqual(error(NOT_SUPPORTED));
  });

  test.each([0n, 1n, 2n, 3n, 0x7fff_ffffn, 0x8400_0001n, 0x8400_00efn, 0xc400_0150n, 0xffff_ffffn])(
    'feature or function %x is not there',
    (asked) => {
      expect(boot().smc('FFA_FEATURES', asked)).toEqual(error(NOT_SUPPORTED));
    },
  );

  test('no function has input properties', () => {
    expect(boot().smc('FFA_FEATURES', Fid.FFA_RXTX_MAP64, 1)).toEqual(error(NOT_SUPPORTED));
  });
});

describe('functions that are none', () => {
  test.each([0x8400_0078, 0x8400_008b, 0x8400_00ef, 0xc400_0063, 0xc400_0068, 0xc400_00ef])(
    '0x%x in the range of FF-A gets the answer of SMCCC and changes nothing else',
    (fid) => {
      expect(boot().smc(fid, 1, 2, 3)).toEqual(answer(ONES, 1n, 2n, 3n));
    },
  );

  test.each(['FFA_ERROR', 'FFA_SUCCESS', 'FFA_SUCCESS64'] as const)('the host cannot call the answer %s', (name) => {
    expect(boot().smc(name, 0, ONES)).toEqual(error(NOT_SUPPORTED));
  });

  test('a machine without a Secure world has no FF-A', () => {
    const host = Machine.boot({ ...baseMachine, secure: undefined }).host();
    expect(host.smc('FFA_VERSION', 0x1_0001)[0]).toBe(ONES);
    expect(host.smc('FFA_MSG_SEND_DIRECT_REQ', SP)[0]).toBe(ONES);
  });

  test('the Realm world has no FF-A', () => {
    const realm = boot();
    realm.pe.set('scr_el3', realm.pe.get('scr_el3') | Scr.NSE);
    realm.pe.pstate = Pstate.DAIF | 0b0101n;
    expect(realm.smc('FFA_VERSION', 0x1_0001)[0]).toBe(ONES);
    expect(realm.smc('FFA_MSG_SEND_DIRECT_REQ', SP)[0]).toBe(ONES);
  });
});

describe('FFA_RXTX_MAP and FFA_RXTX_UNMAP', () => {
  const top = 2n ** 48n;

  test.each([
    ['TX that is not aligned', TX + 0x800, RX, 1],
    ['RX that is not aligned', TX, RX + 1, 1],
    ['one buffer for both', TX, TX, 1],
    ['RX that begins inside TX', TX, TX + 0x1000, 2],
    ['TX that begins inside RX', RX + 0x2000, RX, 3],
    ['no pages', TX, RX, 0],
    ['more pages than six bits', TX, 0x8900_0000, 64],
    ['a page count with bits above bit 5', TX, 0x8900_0000, 0x1_0000_0001n],
    ['a page count with bit 6', TX, 0x8900_0000, 0x41],
    ['all ones', ONES, ONES, ONES],
    ['TX above the PA space', top, RX, 1],
    ['RX that ends above the PA space', TX, top - 0x1000n, 2],
    ['TX at the top of 64 bits', ONES - 0xfffn, RX, 1],
    ['an address that would round to memory', (1n << 60n) | BigInt(TX), RX, 1],
    ['both zero', 0, 0, 1],
    ['TX in Root memory', 0x0400_0000, RX, 1],
    ['RX in the level 1 tables', TX, 0xffee_0000, 1],
    ['RX in Secure memory', TX, 0x0600_1000, 1],
    ['TX in the memory of the RMM', 0xfdc0_0000, RX, 1],
    ['RX that reaches from host memory into Secure memory', TX, 0xfbff_f000, 2],
    ['TX over a device', 0x1c09_0000, RX, 1],
    ['RX where nothing is', TX, 0x2_0000_0000n, 1],
  ] as const)('%s is refused, and nothing is mapped', (_, tx, rx, pages) => {
    const host = boot();
    expect(host.smc('FFA_RXTX_MAP64', tx, rx, pages)).toEqual(error(INVALID_PARAMETERS));
    expect(host.smc('FFA_RXTX_UNMAP')).toEqual(error(INVALID_PARAMETERS));
  });

  test('SMC32 takes the low halves: the same pair', () => {
    const host = boot();
    const high = 0xffff_ffff_0000_0000n;
    expect(host.smc('FFA_RXTX_MAP', high | BigInt(TX), high | BigInt(RX), high | 1n)).toEqual(success());
  });

  test('adjoining buffers and 63 pages are fine', () => {
    expect(boot().smc('FFA_RXTX_MAP64', TX, TX + 63 * 4096, 63)).toEqual(success());
  });

  test('a second pair is denied until the first is unmapped', () => {
    const host = mapped();
    expect(host.smc('FFA_RXTX_MAP64', 0x8801_0000, 0x8802_0000, 1)).toEqual(error(DENIED));
    expect(host.smc('FFA_RXTX_UNMAP')).toEqual(success());
    expect(host.smc('FFA_RXTX_MAP64', 0x8801_0000, 0x8802_0000, 1)).toEqual(success());
  });

  test('nobody unmaps on behalf of a VM, and twice is once too often', () => {
    const host = mapped();
    expect(host.smc('FFA_RXTX_UNMAP', 0x1_0000)).toEqual(error(INVALID_PARAMETERS));
    expect(host.smc('FFA_RXTX_UNMAP')).toEqual(success());
    expect(host.smc('FFA_RXTX_UNMAP')).toEqual(error(INVALID_PARAMETERS));
  });

  test('a page that was delegated is no buffer, and is one again when it is back', () => {
    const host = boot();
    expect(host.smc('RMI_GRANULE_DELEGATE', RX)[0]).toBe(0n);
    expect(host.smc('FFA_RXTX_MAP64', TX, RX, 1)).toEqual(error(INVALID_PARAMETERS));
    expect(host.smc('FFA_RXTX_MAP64', RX - 0x1000, TX, 2)).toEqual(error(INVALID_PARAMETERS));
    expect(host.smc('RMI_GRANULE_UNDELEGATE', RX)[0]).toBe(0n);
    expect(host.smc('FFA_RXTX_MAP64', TX, RX, 1)).toEqual(success());
  });
});

describe('FFA_PARTITION_INFO_GET and FFA_RX_RELEASE', () => {
  const descriptor = (host: Driver): readonly (bigint | undefined)[] =>
    [0, 8, 16, 24].map((at) => host.read(RX + at).value);

  test('the nil UUID gives all partitions, with their UUIDs', () => {
    const host = mapped();
    expect(host.smc('FFA_PARTITION_INFO_GET', ...nil)).toEqual(success(1n, 24n));
    // Id, one execution context, takes direct requests (bit 0), AArch64 (bit 8); UUID.
    expect(descriptor(host)).toEqual([0x101_0001_8001n, 0x0b4f_4d6a_5e0c_5f2bn, 0x01e7_c25e_4bf0_3c9dn, 0n]);
  });

  test('who asks by UUID is not told the UUID', () => {
    const host = mapped();
    expect(host.smc('FFA_PARTITION_INFO_GET', ...uuid)).toEqual(success(1n, 24n));
    expect(descriptor(host)).toEqual([0x101_0001_8001n, 0n, 0n, 0n]);
  });

  test('a caller of 1.0 gets its descriptors of eight bytes and no size', () => {
    const host = mapped();
    host.smc('FFA_VERSION', 0x1_0000);
    host.write(RX + 8, 0x5555n);
    expect(host.smc('FFA_PARTITION_INFO_GET', ...nil)).toEqual(success(1n, 0n));
    expect(descriptor(host)).toEqual([0x1_0001_8001n, 0x5555n, 0n, 0n]);
  });

  test('counting needs no buffer and fills none', () => {
    expect(boot().smc('FFA_PARTITION_INFO_GET', ...nil, 1)).toEqual(success(1n));
    const host = mapped();
    expect(host.smc('FFA_PARTITION_INFO_GET', ...uuid, 1)).toEqual(success(1n));
    expect(descriptor(host)).toEqual([0n, 0n, 0n, 0n]);
    expect(host.smc('FFA_RX_RELEASE')).toEqual(error(DENIED));
  });

  test.each([
    ['a UUID that nobody has', [1, 2, 3, 4, 0]],
    ['a UUID that differs in one bit', [uuid[0], uuid[1], uuid[2], uuid[3] ^ 1, 0]],
    ['a flag that is none', [...nil, 2]],
    ['all ones', [ONES, ONES, ONES, ONES, ONES]],
  ] as const)('%s is refused', (_, args) => {
    expect(mapped().smc('FFA_PARTITION_INFO_GET', ...args)).toEqual(error(INVALID_PARAMETERS));
  });

  test('without buffers it is busy', () => {
    expect(boot().smc('FFA_PARTITION_INFO_GET', ...nil)).toEqual(error(BUSY));
  });

  test('a full RX buffer is the caller’s until it is released, once', () => {
    const host = mapped();
    expect(host.smc('FFA_RX_RELEASE')).toEqual(error(DENIED));
    expect(host.smc('FFA_PARTITION_INFO_GET', ...nil)).toEqual(success(1n, 24n));
    host.write(RX, 0x77n);
    expect(host.smc('FFA_PARTITION_INFO_GET', ...nil)).toEqual(error(BUSY));
    expect(host.read(RX).value).toBe(0x77n);
    expect(host.smc('FFA_RX_RELEASE', 1)).toEqual(error(INVALID_PARAMETERS));
    expect(host.smc('FFA_RX_RELEASE')).toEqual(success());
    expect(host.smc('FFA_RX_RELEASE')).toEqual(error(DENIED));
    expect(host.smc('FFA_PARTITION_INFO_GET', ...nil)).toEqual(success(1n, 24n));
  });

  test('a new pair starts with a free RX buffer', () => {
    const host = mapped();
    host.smc('FFA_PARTITION_INFO_GET', ...nil);
    host.smc('FFA_RXTX_UNMAP');
    host.smc('FFA_RXTX_MAP64', TX, RX, 1);
    expect(host.smc('FFA_RX_RELEASE')).toEqual(error(DENIED));
  });

  test('an RX page that was delegated after it was mapped is not written: an error, and no crash', () => {
    const host = mapped();
    const port = host.pe.port(Pas.Realm, World.Realm);
    host.smc('RMI_GRANULE_DELEGATE', RX);
    const before = port.readBytes(RX as never, 4096);
    expect(host.smc('FFA_PARTITION_INFO_GET', ...nil)).toEqual(error(DENIED));
    expect(port.readBytes(RX as never, 4096)).toEqual(before);
    expect(host.machine.end).toBeUndefined();
    // Nothing was handed over, so there is nothing to release.
    expect(host.smc('FFA_RX_RELEASE')).toEqual(error(DENIED));
    expect(host.smc('FFA_RXTX_UNMAP')).toEqual(success());
  });
});

describe('FFA_PARTITION_INFO_GET_REGS', () => {
  const get = (...args: readonly (number | bigint)[]): readonly bigint[] =>
    boot().smc('FFA_PARTITION_INFO_GET_REGS', ...args);
  const both = [0x0b4f_4d6a_5e0c_5f2bn, 0x01e7_c25e_4bf0_3c9dn] as const;

  test('the nil UUID gives all: last index, current index and tag 0, size 24, then the descriptor', () => {
    expect(get(0, 0, 0)).toEqual(answer(0xc400_0061n, 0n, 24n << 48n, 0x101_0001_8001n, ...both));
  });

  test('who asks by UUID is not told the UUID', () => {
    expect(get(...both, 0)).toEqual(answer(0xc400_0061n, 0n, 24n << 48n, 0x101_0001_8001n));
  });

  test('an index behind the last one, an unknown UUID or reserved bits are refused', () => {
    expect(get(0, 0, 1)).toEqual(error(INVALID_PARAMETERS));
    expect(get(0, 0, 0xffff)).toEqual(error(INVALID_PARAMETERS));
    expect(get(1, 0, 0)).toEqual(error(INVALID_PARAMETERS));
    expect(get(0, 0, 1n << 32n)).toEqual(error(INVALID_PARAMETERS));
    expect(get(ONES, ONES, ONES)).toEqual(error(INVALID_PARAMETERS));
  });

  test('a tag from another time asks for another try', () => {
    expect(get(0, 0, 0x1_0000)).toEqual(error(RETRY));
  });
});
