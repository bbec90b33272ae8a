// Commands that keep a machine and take it back: in the session, or in a file.

import { readFileSync, writeFileSync } from 'node:fs';
import { InputError } from '../../base/input-error.ts';
import { UsageError, fileError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import type { Reply, ShellCommand, ShellContext } from './reply.ts';
import { Tokens } from './tokens.ts';

export const momentCommands: readonly ShellCommand[] = [
  { name: 'snapshot', usage: 'snapshot [NAME]', run: snapshot },
  { name: 'restore', usage: 'restore [NAME]', run: restore },
  { name: 'save', usage: 'save FILE', run: save },
  { name: 'load', usage: 'load FILE', run: load },
];

const DEFAULT = 'default';

function snapshot({ session, say }: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const name = tokens.isEmpty ? DEFAULT : tokens.word('NAME');
  tokens.end();
  session.snapshots.set(name, session.machine.snapshot());
  return { lines: [say('shell.snapshot', { name })], result: { snapshot: name } };
}

function restore({ session, say }: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const name = tokens.isEmpty ? DEFAULT : tokens.word('NAME');
  tokens.end();
  const taken = session.snapshots.get(name);
  if (taken === undefined) {
    const names = [...session.snapshots.keys()];
    throw new UsageError({
      code: 'SHELL_NO_SNAPSHOT',
      where: 'NAME',
      expected: names.join(', ') || 'snapshot NAME',
      found: name,
      suggestion: suggest(name, names),
    });
  }
  session.machine.restore(taken);
  return { lines: [say('shell.restored', { name })], result: { restored: name } };
}

function save({ session, say }: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const file = tokens.word('FILE');
  tokens.end();
  const text = `${JSON.stringify(session.machine.save())}\n`;
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw fileError(error, file);
  }
  return { lines: [say('shell.saved', { file, bytes: text.length })], result: { saved: file, bytes: text.length } };
}

function load({ session, say }: ShellContext, words: readonly string[]): Reply {
  const tokens = new Tokens(words);
  const file = tokens.word('FILE');
  tokens.end();
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(error, file);
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new InputError({ code: 'SNAPSHOT_NOT_JSON', where: file });
  }
  try {
    session.replace(data);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { code, expected, found } = error;
    throw new InputError({
      code,
      where: `${file} ${error.where}`.trim(),
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
    });
  }
  const { name } = session.machine.description;
  return { lines: [say('shell.loaded', { file, machine: name })], result: { loaded: file, machine: name } };
}
