// `npm run prove -- NAME`: one claim shown at full length, by hand. Each file of src/tools/prove/ is one proof.
import { registryEntry, registryNames, runTool } from './tool.ts';

const USAGE = `
usage: npm run prove -- NAME [ARGUMENTS]
       npm run prove -- --list

Runs one full-length proof and prints what it shows; exit code 0 when the claim holds, 1 when it does not.
`;

/** What a module in src/tools/prove/ exports. */
export interface Proof {
  /** The claim in one sentence. */
  readonly shows: string;
  /** Prints the evidence and returns whether the claim holds. */
  run(args: readonly string[]): boolean | Promise<boolean>;
}

await runTool(USAGE, async ([name, ...args]) => {
  const known = registryNames('prove');
  if (name === undefined || name === '--list') {
    if (known.length === 0) console.log('no proofs yet: add a file to src/tools/prove/');
    for (const each of known) {
      console.log(`${each.padEnd(24)} ${(await registryEntry<Proof>('prove', each, known)).shows}`);
    }
    return 0;
  }
  const { shows, run } = await registryEntry<Proof>('prove', name, known);
  console.log(`${name}: ${shows}`);
  const started = performance.now();
  const holds = await run(args);
  console.log(`${name}: ${holds ? 'holds' : 'DOES NOT HOLD'} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  return holds ? 0 : 1;
});
