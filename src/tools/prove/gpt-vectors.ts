// Every published vector through the command, then every copy of them in which one expectation is altered.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { inRepo } from '../repo.ts';
import { alteredVectors } from './support/altered-vectors.ts';

export const shows = 'all published vectors pass through `gpt check`, and every altered expectation is reported';

const FIXTURES = inRepo('../shared/fixtures/gpt');

type Report = {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly mismatches: unknown[];
};

export function run(): boolean {
  if (!existsSync(FIXTURES)) {
    console.log('  skipped: the published vectors are not beside this checkout');
    return true;
  }
  const files = readdirSync(FIXTURES)
    .filter((name) => name.endsWith('.jsonl.gz'))
    .map((name) => join(FIXTURES, name));
  const published = check(files);
  console.log(`  published: ${published.report.passed} of ${published.report.total} pass, exit code ${published.code}`);

  const folder = mkdtempSync(join(tmpdir(), 'fourworlds-prove-'));
  try {
    const lines = files.flatMap((file) => gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n'));
    const altered = lines.flatMap(alteredVectors);
    const copy = join(folder, 'altered.jsonl');
    writeFileSync(copy, `${altered.join('\n')}\n`);
    const { report, code } = check([copy]);
    console.log(
      `  altered: ${altered.length} expectations of ${lines.length} vectors, ${report.failed} reported, exit code ${code}`,
    );
    return (
      published.code === 0 &&
      published.report.total === lines.length &&
      published.report.passed === lines.length &&
      code === 1 &&
      report.failed === altered.length &&
      report.mismatches.length === altered.length
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function check(files: readonly string[]): { readonly report: Report; readonly code: number | null } {
  const command = [inRepo('dist/cli/main.js'), 'gpt', 'check', ...files, '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (stderr !== '') console.error(stderr);
  return { report: JSON.parse(stdout) as Report, code: status };
}
