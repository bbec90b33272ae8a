// What each space reads across PAS changes: random operations beside a slow model that keeps, for each frame, what memory
// holds, who has dirty lines over it, and what an older owner has left.
import { describe, expect, test } from 'vitest';
import { toPa } from '../../src/arch/address.ts';
import { Pas, pases } from '../../src/arch/world.ts';
import { Prng } from '../../src/base/prng.ts';
import type { ContentModel, LateWriteback, PhysicalMemory } from '../../src/memory/physical-memory.ts';
import { Access, type MemoryPort } from '../../src/memory/port.ts';
import { agree, complaintOf, differsAt, memoryWith, openPort, openPorts, pictureOf, ram, seeds } from './builders.ts';

const FIRST = 3;
const COUNT = 6;
const SEED = 77;
const FILLS = [0, 0, 0, 0xff, 0xff, 0xff];
const regions = [ram('zero', FIRST, 3), ram('ones', FIRST + 3, 3, 0xff)];

/** Bytes as they lie in memory, and the space whose key they are under; plain bytes read alike in every space. */
type Content = { key: Pas | undefined; readonly bytes: Uint8Array };
type Frame = {
  exists: boolean;
  memory: Content;
  owner: { pas: Pas; content: Content; hasBehind: boolean } | undefined;
  late: { pas: Pas; content: Content } | undefined;
};

const copyOf = ({ key, bytes }: Content): Content => ({ key, bytes: bytes.slice() });
const frameCopy = ({ exists, memory, owner, late }: Frame): Frame => ({
  exists,
  memory: copyOf(memory),
  owner: owner && { ...owner, content: copyOf(owner.content) },
  late: late && { ...late, content: copyOf(late.content) },
});

/** The key streams, seen from outside: what others read of zeros. Secure's own stream is taken as zero. */
function streamsOf(content: ContentModel): readonly (readonly Uint8Array[])[] {
  const memory = memoryWith(regions, { content, seed: SEED });
  const ports = openPorts(memory);
  const secure = ports[Pas.Secure] as MemoryPort;
  return Array.from({ length: COUNT }, (_, i) => {
    const at = toPa((FIRST + i) * 4096);
    secure.fill(at, 4096, 1);
    secure.fill(at, 4096, 0);
    memory.cleanToPopa(FIRST + i, Pas.Secure);
    return pases.map((pas) => (ports[pas] as MemoryPort).readBytes(at, 4096) as Uint8Array);
  });
}

class Model {
  frames: Frame[] = FILLS.map((fill) => ({
    exists: false,
    memory: { key: undefined, bytes: new Uint8Array(4096).fill(fill) },
    owner: undefined,
    late: undefined,
  }));
  readonly events: LateWriteback[] = [];
  readonly #encrypted: boolean;
  readonly #streams: readonly (readonly Uint8Array[])[];

  constructor(content: ContentModel, streams: readonly (readonly Uint8Array[])[]) {
    this.#encrypted = content === 'encrypted';
    this.#streams = streams;
  }

  get slots(): number {
    return this.frames.reduce(
      (sum, { exists, owner, late }) =>
        sum + (exists ? 1 : 0) + (owner?.hasBehind === true ? 1 : 0) + (late === undefined ? 0 : 1),
      0,
    );
  }

  slotsFor(i: number, pas: Pas): number {
    const { exists, owner, late } = this.frames[i] as Frame;
    if (!exists || owner === undefined) return 1;
    return owner.pas !== pas && late === undefined ? 1 : 0;
  }

  read(i: number, pas: Pas): Uint8Array {
    this.#land(i);
    const { memory, owner } = this.frames[i] as Frame;
    return this.#plain(i, owner?.pas === pas ? owner.content : memory, pas);
  }

  write(i: number, pas: Pas, offset: number, bytes: Uint8Array): void {
    const frame = this.frames[i] as Frame;
    if (frame.owner === undefined) {
      frame.owner = { pas, content: copyOf(frame.memory), hasBehind: frame.exists };
    } else if (frame.owner.pas !== pas) {
      this.#land(i);
      frame.late = { pas: frame.owner.pas, content: frame.owner.content };
      frame.owner = { pas, content: copyOf(frame.memory), hasBehind: frame.owner.hasBehind };
    }
    frame.exists = true;
    const { content } = frame.owner;
    if (this.#encrypted) {
      // Plain bytes of a frame that nobody wrote become the writer's own; others keep what they are.
      if (content.key === undefined) this.#under(i, content, pas);
      content.key = pas;
    }
    const stream = this.#stream(i, content);
    for (let j = 0; j < bytes.length; j++) content.bytes[offset + j] = (bytes[j] as number) ^ (stream[offset + j] ?? 0);
  }

  clean(i: number, pas: Pas): boolean {
    const frame = this.frames[i] as Frame;
    const isLate = frame.late?.pas === pas;
    const isOwner = frame.owner?.pas === pas;
    if (isLate || isOwner) this.#land(i);
    if (isOwner && frame.owner !== undefined) {
      frame.memory = frame.owner.content;
      frame.owner = undefined;
    }
    return isLate || isOwner;
  }

  load(i: number, offset: number, bytes: Uint8Array): void {
    const frame = this.frames[i] as Frame;
    this.#land(i);
    if (frame.owner !== undefined) frame.memory = frame.owner.content;
    frame.owner = undefined;
    frame.exists = true;
    const stream = this.#stream(i, frame.memory);
    for (let j = 0; j < bytes.length; j++)
      frame.memory.bytes[offset + j] = (bytes[j] as number) ^ (stream[offset + j] ?? 0);
  }

  /** The lines that an old owner changed reach memory over those of the new one, as they lie there. */
  #land(i: number): void {
    const { memory, owner, late } = this.frames[i] as Frame;
    if (owner === undefined || late === undefined) return;
    const found = this.#plain(i, memory, late.pas);
    const left = this.#plain(i, late.content, late.pas);
    let lines = 0;
    for (let line = 0; line < 4096; line += 64) {
      if (differsAt(found.subarray(line, line + 64), left.subarray(line, line + 64)) < 0) continue;
      lines++;
      owner.content.bytes.set(late.content.bytes.subarray(line, line + 64), line);
    }
    (this.frames[i] as Frame).late = undefined;
    this.events.push({ frame: FIRST + i, pas: late.pas, lines });
  }

  #stream(i: number, { key }: Content): Uint8Array | readonly [] {
    return key === undefined ? [] : ((this.#streams[i] as readonly Uint8Array[])[key] as Uint8Array);
  }

  #under(i: number, content: Content, pas: Pas): void {
    const stream = (this.#streams[i] as readonly Uint8Array[])[pas] as Uint8Array;
    for (let j = 0; j < 4096; j++) content.bytes[j]! ^= stream[j] as number;
  }

  #plain(i: number, content: Content, pas: Pas): Uint8Array {
    const plain = copyOf(content);
    if (content.key !== undefined) {
      // Reading is taking off one's own stream, whichever the bytes are under.
      this.#under(i, plain, pas);
    }
    return plain.bytes;
  }
}

const inPlace = (memory: PhysicalMemory, model: Model, ports: readonly MemoryPort[], what: string): void => {
  for (let i = 0; i < COUNT; i++) {
    for (const pas of pases) {
      const seen = (ports[pas] as MemoryPort).readBytes(toPa((FIRST + i) * 4096), 4096) as Uint8Array;
      agree([what, i, pas], differsAt(seen, model.read(i, pas)), -1);
    }
  }
  expect(memory.framesUsed).toBe(model.slots);
};

describe.each(['plain', 'encrypted'] as const)('content model %s', (content) => {
  const streams = streamsOf(content);

  test.each(seeds(3))(
    'every space reads what the slow model says, through checkpoints and restores: seed %i',
    (seed) => {
      const random = new Prng(seed * 7919);
      // Sometimes the pool is so small that writes are refused in between.
      const framesMax = seed % 2 === 0 ? 11 : 64;
      const memory = memoryWith(regions, { content, seed: SEED, framesMax });
      const ports = openPorts(memory);
      const model = new Model(content, streams);
      const events: LateWriteback[] = [];
      memory.onLateWriteback = (event) => events.push(event);
      const saved: { checkpoint: ReturnType<PhysicalMemory['checkpoint']>; frames: Frame[]; picture: unknown }[] = [];
      let refusals = 0;

      for (let step = 0; step < 800; step++) {
        const what = `seed ${seed} step ${step}`;
        const i = random.below(COUNT);
        const pas = random.below(4) as Pas;
        const port = ports[pas] as MemoryPort;
        const at = (FIRST + i) * 4096;
        switch (random.below(12)) {
          case 0:
          case 1:
          case 2: {
            // A store, sometimes into the next frame.
            const offset = random.below(3) === 0 ? 4090 + random.below(6) : 64 * random.below(6) + random.below(49);
            const size = 1 + random.below(16);
            const crosses = offset + size > 4096;
            if (crosses && i === COUNT - 1) break;
            for (let j = 0; j < 16; j++)
              port.bytes[j] = random.below(3) === 0 ? (FILLS[i] as number) : random.below(256);
            const needed = model.slotsFor(i, pas) + (crosses ? model.slotsFor(i + 1, pas) : 0);
            if (model.slots + needed > framesMax) {
              refusals++;
              agree(what, complaintOf(() => port.store(toPa(at + offset), size)).code, 'MEMORY_FRAMES_EXHAUSTED');
              break;
            }
            agree(what, port.store(toPa(at + offset), size), Access.Ok);
            const head = Math.min(size, 4096 - offset);
            model.write(i, pas, offset, port.bytes.slice(0, head));
            if (crosses) model.write(i + 1, pas, 0, port.bytes.slice(head, size));
            break;
          }
          case 3: {
            const value = FILLS[i] as number;
            if (!(model.frames[i] as Frame).exists) {
              agree(what, port.fill(toPa(at), 4096, value), Access.Ok);
            } else if (model.slots + model.slotsFor(i, pas) <= framesMax) {
              agree(what, port.fill(toPa(at), 4096, value), Access.Ok);
              model.write(i, pas, 0, new Uint8Array(4096).fill(value));
            }
            break;
          }
          case 4:
          case 5: {
            const seen = port.readBytes(toPa(at), 4096) as Uint8Array;
            agree(what, differsAt(seen, model.read(i, pas)), -1);
            break;
          }
          case 6:
          case 7:
            agree(what, memory.cleanToPopa(FIRST + i, pas), model.clean(i, pas));
            break;
          case 8: {
            if (!(model.frames[i] as Frame).exists && model.slots + 1 > framesMax) break;
            const bytes = Uint8Array.from({ length: 100 }, () => random.below(256));
            memory.load(FIRST + i, 1000, bytes);
            model.load(i, 1000, bytes);
            break;
          }
          case 9:
            if (saved.length < 12) {
              const picture = pictureOf(memory);
              saved.push({ checkpoint: memory.checkpoint(), frames: model.frames.map(frameCopy), picture });
            } else {
              saved.splice(random.below(saved.length), 1);
            }
            break;
          case 10: {
            // Any of them: older ones after newer ones, and the other way round, one twice.
            const to = saved[random.below(saved.length)];
            if (to === undefined) break;
            memory.restore(to.checkpoint);
            model.frames = to.frames.map(frameCopy);
            agree(what, pictureOf(memory), to.picture);
            break;
          }
          case 11: {
            const picture = pictureOf(memory);
            memory.setFrames(memory.frames());
            agree(what, pictureOf(memory), picture);
            break;
          }
        }
        agree(what, memory.framesUsed, model.slots);
        agree(what, memory.dirtyIn(FIRST + i), (model.frames[i] as Frame).owner?.pas);
        agree(what, events, model.events);
        events.length = 0;
        model.events.length = 0;
      }
      expect(refusals > 0).toBe(framesMax < 64);

      const elsewhere = memoryWith(regions, { content, seed: SEED });
      elsewhere.setFrames(memory.frames());
      const before = model.frames.map(frameCopy);
      inPlace(elsewhere, model, openPorts(elsewhere), 'in another memory');
      model.frames = before;
      inPlace(memory, model, ports, 'at the end');
      for (const { checkpoint, frames } of [...saved, ...saved.reverse()]) {
        memory.restore(checkpoint);
        model.frames = frames.map(frameCopy);
        inPlace(memory, model, ports, 'at a checkpoint');
      }
    },
  );

  test('many cycles of work and restore neither leak slots nor lose any', () => {
    const memory = memoryWith(regions, { content, seed: SEED });
    const ports = openPorts(memory);
    const work = (): void => {
      for (let i = 0; i < COUNT; i++) {
        const at = toPa((FIRST + i) * 4096);
        ports[Pas.NonSecure]?.fill(at, 4096, 1 + i);
        if (i % 2 === 0) memory.cleanToPopa(FIRST + i, Pas.NonSecure);
        ports[Pas.Realm]?.write64(at, 9n);
        if (i % 3 === 0) memory.cleanToPopa(FIRST + i, Pas.Realm);
      }
    };
    work();
    const start = memory.checkpoint();
    const { used } = memory.pool;
    work();
    const most = memory.pool.used;
    const picture = pictureOf(memory);
    let high = 0;
    for (let cycle = 0; cycle < 60; cycle++) {
      memory.restore(start);
      expect(memory.pool.used).toBe(used);
      work();
      expect(memory.pool.used).toBe(most);
      if (cycle === 2) high = memory.pool.high;
    }
    expect(memory.pool.high).toBe(high);
    expect(pictureOf(memory)).toEqual(picture);
  });
});

describe('what a missing step of a transition lets be seen', () => {
  const at = toPa(FIRST * 4096);
  const delegated = (content: ContentModel, steps: { popa: boolean; wipe: boolean }): readonly MemoryPort[] => {
    const memory = memoryWith(regions, { content, seed: SEED });
    const ports = openPorts(memory);
    (ports[Pas.NonSecure] as MemoryPort).write64(at, 0x5ec2e7n);
    if (steps.popa) memory.cleanToPopa(FIRST, Pas.NonSecure);
    if (steps.wipe) (ports[Pas.Realm] as MemoryPort).fill(at, 4096, 0);
    return ports;
  };
  const realmReads = (ports: readonly MemoryPort[]): bigint | undefined => (ports[Pas.Realm] as MemoryPort).read64(at);

  test('with every step the new owner reads zero', () => {
    expect(realmReads(delegated('plain', { popa: true, wipe: true }))).toBe(0n);
    expect(realmReads(delegated('encrypted', { popa: true, wipe: true }))).toBe(0n);
  });

  test('without the wipe it reads what was there, or the stream that stands for it', () => {
    expect(realmReads(delegated('plain', { popa: true, wipe: false }))).toBe(0x5ec2e7n);
    const seen = realmReads(delegated('encrypted', { popa: true, wipe: false }));
    expect(seen).not.toBe(0x5ec2e7n);
    expect(seen).not.toBe(0n);
    expect(realmReads(delegated('encrypted', { popa: true, wipe: false }))).toBe(seen);
  });

  test('without the clean the old owner overtakes the wipe, line by line', () => {
    const ports = delegated('plain', { popa: false, wipe: false });
    (ports[Pas.Realm] as MemoryPort).fill(at, 4096, 0x11);
    expect(realmReads(ports)).toBe(0x5ec2e7n);
    expect((ports[Pas.Realm] as MemoryPort).read64(toPa(at + 64))).toBe(0x1111_1111_1111_1111n);
    expect(realmReads(delegated('encrypted', { popa: false, wipe: true }))).not.toBe(0n);
  });

  test('a late line is known even after the new owner has cleaned its own', () => {
    const memory = memoryWith(regions);
    const lines: number[] = [];
    memory.onLateWriteback = (event) => lines.push(event.lines);
    openPort(memory, Pas.NonSecure).fill(at, 4096, 0xaa);
    memory.cleanToPopa(FIRST, Pas.NonSecure);
    openPort(memory, Pas.NonSecure).write64(at, 1n);
    openPort(memory, Pas.Realm).fill(at, 4096, 0);
    expect(memory.cleanToPopa(FIRST, Pas.Realm)).toBe(true);
    expect(lines).toEqual([1]);
    expect(openPort(memory, Pas.NonSecure).read64(at)).toBe(1n);
    expect(openPort(memory, Pas.NonSecure).read64(toPa(at + 64))).toBe(0n);
  });
});
