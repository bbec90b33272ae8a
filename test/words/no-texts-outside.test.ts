// Texts for people live in src/words and nowhere else: no literal of the command line looks like a sentence, but for a
// list of reasons.
import { describe, expect, test } from 'vitest';
import { texts } from '../tidy/sources.ts';
import { literalsOf } from './literals.ts';

/** Two words of letters beside each other, the second in lower case: the start of a sentence. */
const SENTENCE = /\p{L}{2,}[,;:.…]* …?\p{Ll}{2,}/u;

/** What looks like a sentence and is none, with the reason. */
const ALLOWED: readonly { readonly what: RegExp; readonly file?: string; readonly reason: string }[] = [
  { what: /^(fourworlds|printf|npx fourworlds) /, reason: 'a line to type' },
  {
    what: /^(read|write|fetch|dma|walk|trace|strict|as|world|tlbi|show|build) [\w [\]|]+$/,
    reason: 'the words of a shell command: they stay English',
  },
  { what: /^GPF level \d [A-Z_]+$/, reason: 'a line of the trace' },
  { what: /^RMI_ERROR_[A-Z]+ [a-z_0-9]+$/, reason: 'a status and the failure row behind it' },
  { what: /^ *(RMI_\w+|RmiRecExit)[, ]/, reason: 'names of the specification' },
  { what: /^(SYNC esr hpfar|host call|REC exit due to Data Abort)$/, reason: 'names of the specification' },
  {
    what: /^(the host writes its own memory|the specification has every command|a Realm on the stage has a vCPU)$/,
    file: 'src/cli/demo/stage.ts',
    reason: 'assertions: a bug, not a text',
  },
  { what: /^a very small kern[ea]l$/, reason: 'what a page of a Realm holds' },
  { what: /./, file: 'src/cli/commands/completion.ts', reason: 'programs for other shells' },
];

const isAllowed = (file: string, text: string): boolean =>
  ALLOWED.some((row) => (row.file === undefined || row.file === file) && row.what.test(text));

function found(files: ReadonlyMap<string, string>): readonly string[] {
  return [...files].flatMap(([file, source]) =>
    literalsOf(source)
      .filter(({ text }) => SENTENCE.test(text) && !isAllowed(file, text))
      .map(({ line, text }) => `${file}:${line}: ${text.slice(0, 80)}`),
  );
}

const sources = texts((path) => /^src\/cli\/.*\.ts$/.test(path));

test('the command line holds no text for people', () => {
  expect(found(sources)).toEqual([]);
  expect(sources.size).toBeGreaterThan(20);
});

test('no entry of the list is without use', () => {
  const all = [...sources].flatMap(([file, source]) => literalsOf(source).map(({ text }) => ({ file, text })));
  const unused = ALLOWED.filter(
    ({ what, file }) =>
      !all.some((one) => (file === undefined || one.file === file) && SENTENCE.test(one.text) && what.test(one.text)),
  );
  expect(unused.map(({ what }) => String(what))).toEqual([]);
});

describe('a planted text is found', () => {
  test.each([
    ["out.line('the host reads a granule');", 1],
    ['out.line(`nothing at ${hex(at)} here`);', 1],
    ["const text = `${isGood ? 'all is well' : 'x'}`;", 1],
    ["say('cli.help.usage'); // a comment with words", 0],
    ["const re = /some words here/;\nout.line('x');", 0],
    ["out.line('GPT L0 4K');", 0],
  ])('%s', (source, count) => {
    expect(found(new Map([['src/cli/planted.ts', source]]))).toHaveLength(count);
  });
});
