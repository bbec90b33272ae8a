import { type MeasuredOperation, measureRealm } from '../../../rmm/measurement-log.ts';
import type { Scene, StepOf } from '../scene.ts';
import { IPA_BITS, RAM_SIZE, Stage, kernel, vcpuOf } from '../stage.ts';

/** Eight registers of eight bytes. */
const VALUES = 8;
/** A breakpoint and a watchpoint fewer than the fields of the parameters say. */
const params = { flags: 0n, s2sz: IPA_BITS, sveVl: 0, numBps: 5, numWps: 3, pmuNumCtrs: 0 };

/** What the Realm began with, as one number: read inside, and worked out again outside. */
export const realmMeasure: Scene = {
  id: 'realm-measure',
  kind: 'tour',
  title: 'demo.realm-measure.title',
  opening: 'demo.realm-measure.opening',
  closing: 'demo.realm-measure.closing',
  written: [
    { document: 'DEN0137', about: 'Realm Initial Measurement' },
    { document: 'DEN0137', about: 'RSI_MEASUREMENT_READ' },
  ],

  play(machine) {
    const stage = new Stage(machine);
    const realm = stage.hidden(() => stage.build());
    stage.enter(vcpuOf(realm), 'demo.realm-measure.enter');
    const read = stage.call('RSI_MEASUREMENT_READ', [0n], 'demo.realm-measure.read');
    const rim = digestOf(read);
    const told: StepOf<'digest'> = { kind: 'digest', of: 'RIM', digest: rim };

    const log = measureRealm('SHA_256', params, operations(kernel()));
    const steps = log.steps.map(({ op, detail, digest }, i): StepOf<'digest'> => ({
      ...(i === 0 ? ({ say: 'demo.realm-measure.again' } as const) : {}),
      kind: 'digest',
      of: `${op} ${detail}`.trim(),
      digest: hexOf(digest),
    }));
    const forged = measureRealm('SHA_256', params, operations(kernel('a very small kernal')));
    const other: StepOf<'digest'> = {
      say: 'demo.realm-measure.other',
      kind: 'digest',
      of: 'RIM',
      digest: hexOf(forged.measurements[0] as Uint8Array),
    };
    return {
      facts: {},
      steps: [...stage.steps, told, ...steps, other],
      checks: [
        { id: 'worked-out-again-it-is-the-same', expected: steps.at(-1)?.digest ?? '', found: rim },
        { id: 'one-letter-makes-another', expected: 'true', found: String(other.digest !== rim) },
      ],
    };
  },
};

/** What the host of the stage does that counts, in its order. */
const operations = (page: Uint8Array): readonly MeasuredOperation[] => [
  { op: 'init-ripas', base: 0, top: RAM_SIZE, entrySize: RAM_SIZE },
  { op: 'data-create', ipa: 0, page, isMeasured: true },
  { op: 'rec-create', isRunnable: true, pc: 0n, gprs: [] },
];

/** The digest in X1 to X4: 32 bytes, the least significant byte of each register first. */
function digestOf({ outputs }: StepOf<'command'>): string {
  const bytes = new Uint8Array(VALUES * 8);
  const view = new DataView(bytes.buffer);
  for (const [i, { value }] of outputs.slice(0, VALUES).entries()) view.setBigUint64(8 * i, value, true);
  return hexOf(bytes.subarray(0, 32));
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
