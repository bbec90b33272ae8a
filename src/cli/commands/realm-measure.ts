// `realm measure`: the measurements of a Realm from a manifest, with every digest on the way. No machine is made.

import { measureRealm } from '../../rmm/measurement-log.ts';
import type { Context } from '../context.ts';
import { Exit } from '../exit-code.ts';
import { hashAlgoOf, readManifest } from '../measure-manifest.ts';
import type { HashName } from '../program.ts';
import { table } from '../text.ts';

export type RealmMeasureOptions = { readonly hash: HashName | undefined; readonly json: boolean };

export function realmMeasure({ out, say }: Context, file: string, options: RealmMeasureOptions): Exit {
  const manifest = readManifest(file);
  const hash = options.hash ?? manifest.hash ?? 'sha-256';
  const { steps, measurements } = measureRealm(hashAlgoOf(hash), manifest.params, manifest.operations);
  const [rim, ...rems] = measurements.map(hexDigits) as [string, ...string[]];
  if (options.json) {
    out.json({
      schema: 'fourworlds/realm-measure/1',
      file,
      hash,
      steps: steps.map(({ content, digest, ...step }) => ({
        ...step,
        ...(content === undefined ? {} : { content: hexDigits(content) }),
        digest: hexDigits(digest),
      })),
      rim,
      rems,
    });
    return Exit.Yes;
  }
  out.line(out.paint('bold', say('realm.measure.title', { file, hash })));
  const names = steps.map(({ index }) => measurementName(index));
  const rows = steps.map(({ op, detail, digest }, i) => [op, detail, names[i] as string, hexDigits(digest)]);
  for (const line of table(rows)) out.line(`  ${line}`);
  out.line();
  for (const line of table([rim, ...rems].map((digest, i) => [out.paint('bold', measurementName(i)), digest])))
    out.line(line);
  return Exit.Yes;
}

const measurementName = (index: number): string => (index === 0 ? 'RIM' : `REM ${index}`);
const hexDigits = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
