// A scenario from a file: read strictly and checked against itself and its machine before anything is run.

import { guests as standardGuests } from '../guest/guests.ts';
import { scriptImage } from '../guest/image.ts';
import type { Image, RealmLayout } from '../host/realm.ts';
import type { VmLayout } from '../host/vm.ts';
import type { MachineDescription } from '../machine/description.ts';
import type { Scenario, ScenarioGuest, Step } from '../scenario/scenario.ts';
import { describeMachine } from './machine-file.ts';
import { featureKeys, featuresOf } from './measure-manifest.ts';
import { readGuest } from './scenario-guest.ts';
import { type Named, readStep } from './scenario-step.ts';
import { type Fields, type Part, readYaml } from './yaml-file.ts';

export type ScenarioFile = {
  readonly scenario: Scenario;
  readonly machine: ReturnType<typeof describeMachine>;
};

const IPA_BITS_MIN = 32;
const IPA_BITS_MAX = 48;
const TABLES_MAX = 16;
const PAGE = 4096;
const GPRS_MAX = 8;
const realmKeys = ['ipaBits', 'hash', 'vmid', 'startLevel', 'parameters', 'rpv', 'ram', 'images', 'vcpus'];

export function readScenario(file: string): ScenarioFile {
  const fields = readYaml(file).object(['name', 'machine', 'strict', 'guests', 'realms', 'vms', 'steps']);
  const machine = machineOf(fields);
  const guests = new Map(
    fields
      .get('guests')
      ?.entries()
      .map(([name, part]) => [name, readGuest(part)]),
  );
  const layouts = new Layouts(guests, machine.description);
  const realms = new Map(
    fields
      .get('realms')
      ?.entries()
      .map(([name, part], i) => [name, layouts.realm(part, i + 1)]),
  );
  const vms = new Map(
    fields
      .get('vms')
      ?.entries()
      .map(([name, part], i) => [name, layouts.vm(part, 0x100 + i)]),
  );
  const named: Named = {
    realms: [...realms.keys()],
    vms: [...vms.keys()],
    pages: new Set<string>(),
    pes: machine.description.pes,
    image: (of) => layouts.content(of),
  };
  const steps: Step[] = fields
    .need('steps')
    .list()
    .map((part) => readStep(part, named));
  return { scenario: { name: fields.need('name').text(), realms, vms, guests, steps }, machine };
}

function machineOf(fields: Fields): ScenarioFile['machine'] {
  const part = fields.get('machine');
  const isStrict = fields.get('strict')?.flag();
  const name = part?.text() ?? 'base';
  const isShipped = part === undefined || ['base', 'max', 'large'].includes(name);
  // A file that is not there is the scenario's fault, and said of its line.
  if (!isShipped) part.contents();
  const described = describeMachine(isShipped ? name : part.fileName());
  const description: MachineDescription = {
    ...described.description,
    ...(isStrict === undefined ? {} : { isStrict }),
  };
  return { description, lines: described.lines };
}

/** Realms and VMs as a host is to build them. */
class Layouts {
  readonly #guests: ReadonlyMap<string, ScenarioGuest>;
  readonly #description: MachineDescription;

  constructor(guests: ReadonlyMap<string, ScenarioGuest>, description: MachineDescription) {
    this.#guests = guests;
    this.#description = description;
  }

  realm(part: Part, vmid: number): RealmLayout {
    const fields = part.object(realmKeys);
    const bits = fields.get('ipaBits');
    const ipaBits = bits?.number(64) ?? 40;
    const max = Math.min(IPA_BITS_MAX, this.#description.paBits);
    if (ipaBits < IPA_BITS_MIN || ipaBits > max)
      throw (bits ?? part).refuse('SCENARIO_LAYOUT', `${IPA_BITS_MIN} .. ${max}`, String(ipaBits));
    const startLevel = startLevelOf(fields.get('startLevel'), ipaBits);
    const end = 2 ** (ipaBits - 1);
    const ram =
      fields
        .get('ram')
        ?.list()
        .map((range) => rangeOf(range, end)) ?? [];
    const images =
      fields
        .get('images')
        ?.list()
        .map((image) => this.#image(image, end)) ?? [];
    apart(fields.get('images'), images);
    const rpv = fields.get('rpv');
    const features = fields.get('parameters');
    const bytes = rpv?.bytes();
    if (bytes !== undefined && bytes.length > 64)
      throw (rpv as Part).refuse('SCENARIO_LAYOUT', '<= 64', String(bytes.length));
    return {
      ipaBits,
      ...(features === undefined ? {} : { features: featuresOf(features.object(featureKeys)) }),
      hash: fields.get('hash')?.oneOf(['sha-256', 'sha-512'] as const) ?? 'sha-256',
      vmid: fields.get('vmid')?.number(0xffff) ?? vmid,
      startLevel,
      ...(bytes === undefined ? {} : { rpv: bytes }),
      ram,
      images,
      vcpus: fields.get('vcpus')?.list().map(vcpuOf) ?? [],
    };
  }

  vm(part: Part, vmid: number): VmLayout {
    const fields = part.object(['images', 'entry', 'x']);
    const images = fields
      .need('images')
      .list()
      .map((image) => this.#image(image, 2 ** 39));
    return { vmid, images, entry: fields.need('entry').number(2 ** 39), x: gprsOf(fields.get('x')) };
  }

  #image(part: Part, end: number): Image {
    const fields = part.object(['ipa', 'script', 'args', 'guest', 'file', 'hex', 'fill', 'size', 'measure']);
    const at = fields.need('ipa');
    const ipa = at.number();
    const bytes = this.content(fields);
    if (ipa % PAGE !== 0 || ipa + bytes.length > end)
      throw at.refuse('SCENARIO_LAYOUT', `n x 0x1000, < 0x${end.toString(16)}`, `0x${ipa.toString(16)}`);
    return { ipa, bytes, isMeasured: fields.get('measure')?.flag() ?? true };
  }

  /** What an image holds: a script by name, a guest of the scenario, a file, hex digits, or a byte over and over. */
  content(fields: Fields): Uint8Array {
    const given = ['script', 'guest', 'file', 'hex', 'fill'].filter((key) => fields.get(key) !== undefined);
    const [kind] = given;
    if (kind === undefined || given.length > 1) throw fields.of.wrongType('script | guest | file | hex | fill');
    const part = fields.need(kind);
    if (kind !== 'script' && fields.get('args') !== undefined) throw fields.need('args').wrongType('script');
    switch (kind) {
      case 'script':
        return scriptImage(part.oneOf(Object.keys(standardGuests)), fields.get('args')?.plain() ?? null);
      case 'guest': {
        const name = part.oneOf([...this.#guests.keys()]);
        const { steps } = this.#guests.get(name) as ScenarioGuest;
        try {
          return scriptImage('scripted', { name, steps: steps as never });
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          throw part.refuse('SCENARIO_LAYOUT', `<= ${PAGE}`, name);
        }
      }
      case 'file':
        return part.contents();
      case 'hex':
        return part.bytes();
      default:
        return new Uint8Array(fields.get('size')?.number(2 ** 26) ?? PAGE).fill(part.number(0xff));
    }
  }
}

function startLevelOf(part: Part | undefined, ipaBits: number): number {
  if (part === undefined) return ipaBits > 43 ? 0 : 1;
  const startLevel = part.number(3);
  const single = 9 * (3 - startLevel) + 21;
  const tables = ipaBits > single ? 2 ** (ipaBits - single) : 1;
  const min = 9 * (3 - startLevel) + 13;
  if (tables > TABLES_MAX || ipaBits < min || (startLevel === 0 && tables > 1))
    throw part.refuse('SCENARIO_LAYOUT', `${min} .. ${single + 4}`, `ipaBits ${ipaBits}`);
  return startLevel;
}

function rangeOf(part: Part, end: number): { readonly base: number; readonly size: number } {
  const fields = part.object(['base', 'size']);
  const base = fields.need('base').number();
  const size = fields.need('size').number();
  if (base % PAGE !== 0 || size % PAGE !== 0 || size === 0 || base + size > end)
    throw part.refuse('SCENARIO_LAYOUT', `n x 0x1000, <= 0x${end.toString(16)}`, `0x${(base + size).toString(16)}`);
  return { base, size };
}

/** No two images in one page. */
function apart(part: Part | undefined, images: readonly Image[]): void {
  const pages = new Set<number>();
  for (const [i, { ipa, bytes }] of images.entries())
    for (let at = ipa; at < ipa + bytes.length; at += PAGE) {
      const image = part?.list()[i];
      if (pages.has(at) && image !== undefined)
        throw image.refuse('SCENARIO_LAYOUT', '1 x 0x1000', `0x${at.toString(16)}`);
      pages.add(at);
    }
}

function vcpuOf(part: Part): RealmLayout['vcpus'][number] {
  const fields = part.object(['entry', 'runnable', 'x']);
  return {
    entry: fields.need('entry').number(),
    isRunnable: fields.get('runnable')?.flag() ?? true,
    x: gprsOf(fields.get('x')),
  };
}

function gprsOf(part: Part | undefined): readonly bigint[] {
  const gprs = part?.list().map((gpr) => gpr.u64()) ?? [];
  if (gprs.length > GPRS_MAX) throw (part as Part).refuse('SCENARIO_LAYOUT', `<= ${GPRS_MAX}`, String(gprs.length));
  return gprs;
}
