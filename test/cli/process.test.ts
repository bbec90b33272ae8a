// The program as a process: what only the process decides. It is run from dist/, as users run it.
import { spawn, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { inRepo } from '../../src/tools/repo.ts';
import { cli } from './run-cli.ts';

const main = inRepo('dist', 'cli', 'main.js');
const environment = { PATH: process.env['PATH'] ?? '', LANG: 'C' };
const sh = (script: string): { code: number | null; out: string; err: string } => {
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '--noprofile', '-c', script], {
    encoding: 'utf8',
    // Without it bash takes the pipe of a test for a network and reads its start-up files.
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, MAIN: main, NODE: process.execPath },
  });
  return { code: status, out: stdout, err: stderr };
};

test('a reader that goes away early is no error', () => {
  expect(sh('"$NODE" "$MAIN" gpt show --json | head -n 1; echo "${PIPESTATUS[0]}"')).toEqual({
    code: 0,
    out: '{\n0\n',
    err: '',
  });
});

test('exit codes reach the shell', () => {
  expect(sh('"$NODE" "$MAIN" gpt walk 0xfdc00000 --pas NS >/dev/null').code).toBe(1);
  expect(sh('"$NODE" "$MAIN" gtp 2>/dev/null').code).toBe(2);
  expect(sh('echo "{" | "$NODE" "$MAIN" gpt check - 2>/dev/null').code).toBe(3);
  expect(sh('"$NODE" "$MAIN" gpt check /no/where 2>/dev/null').code).toBe(4);
});

test('an interrupt is exit code 130', async () => {
  const child = spawn(process.execPath, [main, 'shell'], { env: environment });
  let out = '';
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
    if (out.includes('PE 0')) child.kill('SIGINT');
  });
  child.stdin.write('pe\n');
  const code = await new Promise((resolve) => child.on('exit', resolve));
  expect(code).toBe(130);
});

test('the completion script for bash completes commands, options, values and topics', async () => {
  const { out: script } = await cli('completion bash');
  const after = (...words: string[]): readonly string[] => {
    const typed = ['fourworlds', ...words].map((word) => `"${word}"`).join(' ');
    const ask = `COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _fourworlds; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return sh(`${script}\n${ask}`).out.trim().split('\n');
  };
  expect(after('gp')).toEqual(['gpt']);
  expect(after('gpt', '')).toEqual(expect.arrayContaining(['show', 'walk', 'check', '--lang']));
  expect(after('gpt', 'walk', '--s')).toEqual(['--state']);
  expect(after('gpt', 'walk', '0', '--pas', 'R')).toEqual(['RT', 'RL']);
  expect(after('gpt', 'show', '--machine', 'm')).toEqual(expect.arrayContaining(['max']));
  expect(after('help', 'gr')).toEqual(['granule']);
  expect(after('--lang', 'e')).toEqual(['en', 'es']);
});

test('the other completion scripts name every command and option of the tree', async () => {
  for (const shell of ['zsh', 'fish']) {
    const { out } = await cli(`completion ${shell}`);
    for (const word of ['walk', 'check', 'completion', 'pas', 'results', 'seed', 'granule'])
      expect(out).toContain(word);
    expect((await cli(`completion ${shell} --lang es`)).out).not.toBe(out);
  }
});
