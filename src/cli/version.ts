import { readFileSync } from 'node:fs';

/** The public texts that the machine follows. */
const specifications = [
  ['RMM', '1.0-rel0 (DEN0137)'],
  ['RMM-EL3', '0.3'],
  ['FF-A', '1.1 (DEN0077A)'],
  ['PSCI', '1.1 (DEN0022)'],
  ['SMCCC', '1.2 (DEN0028)'],
] as const;

/** The version of the package. */
export function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String((manifest as { readonly version: unknown }).version);
}

/** One line each for the tool, Node and the specifications. */
export function versionLines(): readonly string[] {
  return [
    `fourworlds ${ownVersion()}`,
    `Node ${process.versions.node}`,
    ...specifications.map(([name, revision]) => `${name} ${revision}`),
  ];
}
