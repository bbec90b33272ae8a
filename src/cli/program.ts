// The command tree: what can be typed, and which module does it. Parsing lives here; each module is loaded when its
// command runs.

import { Argument, CommanderError, Option } from 'commander';
import { worlds, worldName } from '../arch/world.ts';
import { languages } from '../words/words.ts';
import { CliCommand } from './command.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import type { Exit } from './exit-code.ts';
import { parseLanguage } from './settings.ts';
import { suggest } from './suggest.ts';
import { versionLines } from './version.ts';

/** Shells that `completion` can write for. */
const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Hashes that a Realm may be measured with. */
export const hashNames = ['sha-256', 'sha-512'] as const;
export type HashName = (typeof hashNames)[number];

/** Concepts that `help` explains. */
export const topics = ['worlds', 'gpt', 'granule', 'tlb', 'trace', 'machine'] as const;
export type Topic = (typeof topics)[number];

/** The tree with everything under it. `done` is told the exit code of the command that ran. */
export function makeProgram(context: Context, done: (exit: Exit) => void): CliCommand {
  const { say } = context;
  const program = new CliCommand('fourworlds', context);
  program.helpCommand(false).description(say('cli.fourworlds.description'));
  program.examples = [
    ['fourworlds demo', 'cli.fourworlds.example.demo'],
    ['fourworlds gpt walk 0x88000000 --pas NS', 'cli.fourworlds.example.walk'],
  ];
  program
    .option('-V, --version', say('cli.option.version'))
    .addOption(new Option('--lang <LANG>', say('cli.option.lang')).argParser(parseLanguage).choices(languages))
    .option('-q, --quiet', say('cli.option.quiet'))
    .option('-v, --verbose', say('cli.option.verbose'))
    .option('--no-color', say('cli.option.noColor'))
    .on('option:version', () => {
      for (const line of versionLines()) context.out.line(line);
      throw new CommanderError(0, 'commander.version', '');
    });
  // `choices` brings its own parser with an English sentence; ours speaks.
  program.options.find(({ long }) => long === '--lang')?.argParser(parseLanguage);

  addDemo(program, done);
  addGpt(program, done);
  addRealm(program, done);
  addShell(program, done);
  addExplain(program, done);
  addHelp(program, done);
  addCompletion(program, done);
  return program;
}

type Done = (exit: Exit) => void;

function addDemo(program: CliCommand, done: Done): void {
  const { context } = program;
  const { say, out, language } = context;
  const command = program.command('demo').summary(say('cli.demo.summary')).description(say('cli.demo.description'));
  command.examples = [
    ['fourworlds demo --lang es', 'cli.demo.example.lang'],
    ['fourworlds demo --json', 'cli.demo.example.json'],
  ];
  command.exits = { 0: 'cli.demo.exit.yes', 1: 'cli.demo.exit.no' };
  command.option('--json', say('cli.option.json')).action(async ({ json }: { json?: boolean }) => {
    const { runDemo } = await import('./demo/run.ts');
    done(runDemo(out, { language, json: json === true }) as Exit);
  });
}

function addGpt(program: CliCommand, done: Done): void {
  const { say } = program.context;
  const gpt = program.command('gpt').summary(say('cli.gpt.summary')).description(say('cli.gpt.description'));
  gpt.examples = [
    ['fourworlds gpt show', 'cli.gpt.example.show'],
    ['fourworlds gpt walk 0xfdc00000 --pas NS', 'cli.gpt.example.walk'],
  ];
  addGptShow(gpt, done);
  addGptWalk(gpt, done);
  addGptCheck(gpt, done);
}

function addGptShow(gpt: CliCommand, done: Done): void {
  const { context } = gpt;
  const { say } = context;
  const command = gpt.command('show').summary(say('cli.gptShow.summary')).description(say('cli.gptShow.description'));
  command.examples = [
    ['fourworlds gpt show', 'cli.gptShow.example.plain'],
    ['fourworlds gpt show --machine large --json', 'cli.gptShow.example.json'],
  ];
  command.exits = { 0: 'cli.gptShow.exit.yes' };
  command
    .addOption(machineOption(context))
    .addOption(new Option('--width <N>', say('cli.option.width')).argParser(parseWidth))
    .option('--json', say('cli.option.json'))
    .action(async (options: { machine: string; width?: number; json?: boolean }) => {
      const { gptShow } = await import('./commands/gpt-show.ts');
      const width = options.width ?? context.out.width;
      done(await gptShow(context, { machine: options.machine, width, json: options.json === true }));
    });
}

function addGptWalk(gpt: CliCommand, done: Done): void {
  const { context } = gpt;
  const { say } = context;
  const command = gpt.command('walk').summary(say('cli.gptWalk.summary')).description(say('cli.gptWalk.description'));
  command.examples = [
    ['fourworlds gpt walk 0x88000000 --pas NS', 'cli.gptWalk.example.yes'],
    ['fourworlds gpt walk 0xfdc00000 --pas NS --state RT', 'cli.gptWalk.example.no'],
  ];
  command.exits = { 0: 'cli.gptWalk.exit.yes', 1: 'cli.gptWalk.exit.no' };
  command
    .addArgument(new Argument('<pa>', say('cli.gptWalk.argument.pa')))
    .addOption(worldOption('--pas <PAS>', say('cli.gptWalk.option.pas')).makeOptionMandatory())
    .addOption(worldOption('--state <WORLD>', say('cli.gptWalk.option.state')))
    .addOption(machineOption(context))
    .option('--json', say('cli.option.json'))
    .action(async (pa: string, options: { pas: string; state?: string; machine: string; json?: boolean }) => {
      const { gptWalk } = await import('./commands/gpt-walk.ts');
      done(await gptWalk(context, pa, { ...options, json: options.json === true }));
    });
}

function addGptCheck(gpt: CliCommand, done: Done): void {
  const { context } = gpt;
  const { say } = context;
  const command = gpt
    .command('check')
    .summary(say('cli.gptCheck.summary'))
    .description(say('cli.gptCheck.description'));
  command.examples = [
    ['fourworlds gpt check access.jsonl.gz report.jsonl.gz', 'cli.gptCheck.example.files'],
    ['fourworlds gpt check --json --results answers.jsonl access.jsonl', 'cli.gptCheck.example.json'],
  ];
  command.exits = { 0: 'cli.gptCheck.exit.yes', 1: 'cli.gptCheck.exit.no' };
  command
    .addArgument(new Argument('<file...>', say('cli.gptCheck.argument.file')))
    .addOption(new Option('--json', say('cli.option.json')).conflicts('jsonl'))
    .option('--jsonl', say('cli.gptCheck.option.jsonl'))
    .option('--results <OUT>', say('cli.gptCheck.option.results'))
    .action(async (files: string[], options: { json?: boolean; jsonl?: boolean; results?: string }) => {
      const { gptCheck } = await import('./commands/gpt-check.ts');
      const form = options.json === true ? 'json' : options.jsonl === true ? 'jsonl' : 'text';
      done(await gptCheck(context, files, { form, results: options.results }));
    });
}

function addRealm(parent: CliCommand, done: Done): void {
  const { say } = parent.context;
  const realm = parent.command('realm').summary(say('cli.realm.summary')).description(say('cli.realm.description'));
  realm.examples = [
    ['fourworlds realm run fixtures/scenarios/whole-life.yaml', 'cli.realm.example.run'],
    ['fourworlds realm measure fixtures/manifests/small.yaml', 'cli.realm.example.measure'],
  ];
  addRealmRun(realm, done);
  addRealmMeasure(realm, done);
}

function addRealmRun(realm: CliCommand, done: Done): void {
  const { context } = realm;
  const { say } = context;
  const command = realm
    .command('run')
    .summary(say('cli.realmRun.summary'))
    .description(say('cli.realmRun.description'));
  command.examples = [
    ['fourworlds realm run fixtures/scenarios/whole-life.yaml', 'cli.realmRun.example.plain'],
    ['fourworlds realm run --trace --json fixtures/scenarios/double-mapping.yaml', 'cli.realmRun.example.json'],
  ];
  command.exits = { 0: 'cli.realmRun.exit.yes', 1: 'cli.realmRun.exit.no' };
  command
    .addArgument(new Argument('<scenario>', say('cli.realmRun.argument.scenario')))
    .option('--trace', say('cli.realmRun.option.trace'))
    .addOption(new Option('--seed <N>', say('cli.realmRun.option.seed')).argParser(parseSeed))
    .option('--json', say('cli.option.json'))
    .action(async (file: string, { trace, seed, json }: { trace?: boolean; seed?: number; json?: boolean }) => {
      const { realmRun } = await import('./commands/realm-run.ts');
      done(realmRun(context, file, { trace: trace === true, seed, json: json === true }));
    });
}

function addRealmMeasure(realm: CliCommand, done: Done): void {
  const { context } = realm;
  const { say } = context;
  const command = realm
    .command('measure')
    .summary(say('cli.realmMeasure.summary'))
    .description(say('cli.realmMeasure.description'));
  command.examples = [
    ['fourworlds realm measure fixtures/manifests/small.yaml', 'cli.realmMeasure.example.plain'],
    ['fourworlds realm measure --hash sha-512 --json fixtures/manifests/small.yaml', 'cli.realmMeasure.example.json'],
  ];
  command.exits = { 0: 'cli.realmMeasure.exit.yes' };
  const hash = new Option('--hash <HASH>', say('cli.realmMeasure.option.hash')).choices(hashNames);
  command
    .addArgument(new Argument('<manifest>', say('cli.realmMeasure.argument.manifest')))
    .addOption(hash.argParser(oneOf('--hash', hashNames)))
    .option('--json', say('cli.option.json'))
    .action(async (file: string, { hash: name, json }: { hash?: HashName; json?: boolean }) => {
      const { realmMeasure } = await import('./commands/realm-measure.ts');
      done(realmMeasure(context, file, { hash: name, json: json === true }));
    });
}

function addShell(parent: CliCommand, done: Done): void {
  const { context } = parent;
  const { say } = context;
  const command = parent.command('shell').summary(say('cli.shell.summary')).description(say('cli.shell.description'));
  command.examples = [
    ['fourworlds shell', 'cli.shell.example.prompt'],
    ["printf 'smc RMI_VERSION\\nread 0x88000000\\n' | fourworlds shell", 'cli.shell.example.script'],
  ];
  command.exits = { 0: 'cli.shell.exit.yes', 1: 'cli.shell.exit.no' };
  command
    .addOption(machineOption(context))
    .addOption(new Option('--seed <N>', say('cli.shell.option.seed')).argParser(parseSeed))
    .option('--json', say('cli.shell.option.json'))
    .action(async (options: { machine: string; seed?: number; json?: boolean }) => {
      const { shell } = await import('./commands/shell.ts');
      done(await shell(context, { machine: options.machine, seed: options.seed, json: options.json === true }));
    });
}

function addExplain(parent: CliCommand, done: Done): void {
  const { context } = parent;
  const { say } = context;
  const command = parent
    .command('explain')
    .summary(say('cli.explain.summary'))
    .description(say('cli.explain.description'));
  command.examples = [
    ['fourworlds explain RMI_RTT_CREATE', 'cli.explain.example.command'],
    ['fourworlds explain RMI_RTT_CREATE rtt_walk', 'cli.explain.example.row'],
  ];
  command.exits = { 0: 'cli.explain.exit.yes' };
  command
    .addArgument(new Argument('<name...>', say('cli.explain.argument.name')))
    .option('--json', say('cli.option.json'))
    .action(async (words: string[], { json }: { json?: boolean }) => {
      const { explain } = await import('./commands/explain.ts');
      done(explain(context, words, json === true));
    });
}

function addHelp(parent: CliCommand, done: Done): void {
  const { context } = parent;
  const { say } = context;
  const command = parent.command('help').summary(say('cli.helpCommand.summary'));
  command.description(`${say('cli.helpCommand.description')} ${topics.join(', ')}.`);
  command.examples = [
    ['fourworlds help gpt walk', 'cli.helpCommand.example.command'],
    ['fourworlds help worlds', 'cli.helpCommand.example.topic'],
  ];
  command
    .addArgument(new Argument('[topic...]', say('cli.helpCommand.argument.topic')))
    .action(async (words: string[]) => {
      const { help } = await import('./commands/help.ts');
      done(help(parent, words));
    });
}

function addCompletion(parent: CliCommand, done: Done): void {
  const { context } = parent;
  const { say } = context;
  const command = parent
    .command('completion')
    .summary(say('cli.completion.summary'))
    .description(say('cli.completion.description'));
  command.examples = [
    [
      'fourworlds completion bash > ~/.local/share/bash-completion/completions/fourworlds',
      'cli.completion.example.bash',
    ],
    ['fourworlds completion fish > ~/.config/fish/completions/fourworlds.fish', 'cli.completion.example.fish'],
  ];
  const argument = new Argument('<shell>', say('cli.completion.argument.shell')).choices(shells);
  argument.argParser(oneOf('SHELL', shells));
  command.addArgument(argument).action(async (name: Shell) => {
    const { completion } = await import('./commands/completion.ts');
    done(completion(parent, name));
  });
}

const machineOption = ({ say }: Context): Option =>
  new Option('--machine <M>', say('cli.option.machine')).default('base');

function worldOption(flags: string, what: string): Option {
  const names = worlds.map(worldName);
  const option = new Option(flags, what).choices(names);
  return option.argParser((value: string) => oneOf(option.long ?? flags, names)(value.toUpperCase()));
}

/** A parser for one of a list of words, with a suggestion for a typing error. */
function oneOf<T extends string>(where: string, allowed: readonly T[]): (value: string) => T {
  return (value) => {
    const found = allowed.find((item) => item === value);
    if (found !== undefined) return found;
    throw new UsageError({
      code: 'USAGE_BAD_VALUE',
      where,
      expected: allowed.join(', '),
      found: value,
      suggestion: suggest(value, allowed),
    });
  };
}

function parseWidth(value: string): number {
  return wholeNumber('--width', value, 40, 400);
}

function parseSeed(value: string): number {
  return wholeNumber('--seed', value, 0, 0xffff_ffff);
}

function wholeNumber(where: string, value: string, low: number, high: number): number {
  const number = /^(0x[0-9a-fA-F]{1,8}|[0-9]{1,10})$/.test(value) ? Number(value) : NaN;
  if (number >= low && number <= high) return number;
  throw new UsageError({ code: 'USAGE_BAD_NUMBER', where, expected: `${low} .. ${high}`, found: value });
}
