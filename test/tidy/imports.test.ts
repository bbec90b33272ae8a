import { expect, test } from 'vitest';
import { IMPORT_RULES, scanImports } from '../../src/tools/import-rules.ts';
import { isSource, texts } from './sources.ts';

const scan = (path: string, text: string): readonly string[] => scanImports(new Map([[path, text]])).findings;

test('every import of the sources goes where the table allows', () => {
  const { findings, fileCount, importCount } = scanImports(texts(isSource));
  expect(findings).toEqual([]);
  expect(fileCount).toBeGreaterThan(5);
  expect(importCount).toBeGreaterThan(5);
});

test('rows of the table name only rows above them, so folders cannot form a cycle', () => {
  const rows = Object.keys(IMPORT_RULES);
  for (const [row, allowed] of Object.entries(IMPORT_RULES)) {
    for (const target of allowed) {
      const folder = target.endsWith('/view.ts') ? 'machine' : target;
      expect(rows.slice(0, rows.indexOf(row)), `${row} imports ${target}`).toContain(folder);
    }
  }
});

test.each([
  ['src/verifier/appraise.ts', "import { rtt } from '../rmm/rtt.ts';"],
  ['src/verifier/appraise.ts', "import type { Machine } from '../machine/machine.ts';"],
  ['src/fuzz/oracle/evaluate.ts', "import { granule } from '../../rmm/granule.ts';"],
  ['src/fuzz/oracle/evaluate.ts', "import { machine } from '../../machine/machine.ts';"],
  ['src/fuzz/run.ts', "import { flawed } from './bugs/skip-wipe.ts';"],
  ['src/rmm/rmi/rtt-create.ts', "import {\n  a,\n  b,\n} from '../../cpu/mmu.ts';"],
  ['src/machine/machine.ts', "export { demo } from '../cli/demo.ts';"],
  ['src/memory/gpt.ts', "import '../monitor/monitor.ts';"],
  ['src/memory/gpt.ts', "const later = await import('../monitor/monitor.ts');"],
  ['src/memory/gpt.ts', "let m: import('../monitor/monitor.ts').Monitor;"],
  ['src/memory/gpt.ts', 'const later = await import(name);'],
  ['src/memory/gpt.ts', "import { readFileSync } from 'node:fs';"],
  ['src/attest/token.ts', "import { p384 } from '@noble/curves/nist.js';"],
  ['src/rmm/rtt.ts', "import lodash from 'lodash';"],
  ['src/cli/main.ts', "import { runTool } from '../tools/tool.ts';"],
  ['src/web/app.ts', "import { serve } from '../service/serve.ts';"],
  ['src/index.ts', "export { x } from './rmm/rtt.ts';"],
  ['src/spec/rows.ts', "import rows from '../../specs/rows.json';"],
  ['src/misc/thing.ts', ''],
])('a planted import is found: %s %s', (path, text) => {
  const findings = scan(path, `// A header.\n\n${text}\n`);
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatch(new RegExp(`^${path}:[13]: `));
});

test.each([
  ['src/rmm/rmi/rtt-create.ts', "import { isAligned } from '../../arch/address.ts';"],
  ['src/rmm/rmi/rtt-create.ts', "import { assert } from '../../base/assert.ts';"],
  ['src/rmm/rmi/rtt-create.ts', "import { rmi } from '../command.ts';"],
  ['src/fuzz/oracle/evaluate.ts', "import type { View } from '../../machine/view.ts';"],
  ['src/fuzz/run.ts', "import { evaluate } from './oracle/evaluate.ts';"],
  ['src/cli/fuzz.ts', "import { readFileSync } from 'node:fs';\nimport { skipWipe } from '../fuzz/bugs/skip-wipe.ts';"],
  ['src/memory/gpt.ts', "// import { rtt } from '../rmm/rtt.ts';\n/* import '../rmm/rtt.ts' */"],
  ['src/memory/gpt.ts', "const program = `import { rtt } from '../rmm/rtt.ts';`;"],
])('an allowed import is not: %s %s', (path, text) => {
  expect(scan(path, text)).toEqual([]);
});
