import type { Word } from '../../words/words.ts';
import type { CliCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { Exit } from '../exit-code.ts';
import { type Topic, topics } from '../program.ts';
import { suggest } from '../suggest.ts';
import { definition } from '../text.ts';

/** Help for a concept, for a command by its words, or the list of both. */
export function help(program: CliCommand, words: readonly string[]): Exit {
  const { out, say } = program.context;
  const wanted = words.join(' ').toLowerCase();
  if (wanted === '') {
    out.line(program.helpInformation());
    out.line();
    out.line(out.paint('bold', `${say('topic.title')}:`));
    for (const topic of topics)
      for (const line of definition(topic, say(titleOf(topic)), 10, Math.min(out.width, 100))) out.line(line);
    return Exit.Yes;
  }
  const command = program.tree.find(({ path }) => path === wanted && path !== '');
  // `gpt` is both: the concept first, and where its commands are explained.
  const topic = topics.find((name) => name === wanted);
  if (topic !== undefined) {
    out.line(say(textOf(topic)));
    if (command !== undefined) {
      out.line();
      out.line(`${say('topic.seeAlso')}: fourworlds ${command.path} --help`);
    }
    return Exit.Yes;
  }
  if (command !== undefined) {
    out.line(command.helpInformation());
    return Exit.Yes;
  }
  const names = [...topics, ...program.tree.flatMap(({ path }) => (path === '' ? [] : [path]))];
  throw new UsageError({
    code: 'USAGE_UNKNOWN_TOPIC',
    where: 'fourworlds help',
    expected: [...new Set(names)].join(', '),
    found: wanted,
    suggestion: suggest(wanted, names),
  });
}

const titleOf = (topic: Topic): Word => `topic.${topic}.title`;
const textOf = (topic: Topic): Word => `topic.${topic}`;
