/** The command line: what `--help` says. */
export const cli = {
  'cli.help.usage': 'Usage',
  'cli.help.examples': 'Examples',
  'cli.help.commands': 'Commands',
  'cli.help.arguments': 'Arguments',
  'cli.help.options': 'Options',
  'cli.help.global': 'Options of every command',
  'cli.help.exits': 'Exit codes',
  'cli.help.optionsWord': 'options',
  'cli.help.commandWord': 'COMMAND',
  'cli.help.more':
    'fourworlds COMMAND --help says more of a command; fourworlds help TOPIC explains worlds, gpt, granule, ' +
    'tlb, trace, machine.',

  'cli.exit.yes': 'yes: done, and all is well',
  'cli.exit.no': 'a well-formed question whose answer is no',
  'cli.exit.usage': 'the command line is wrong',
  'cli.exit.malformed': 'an input was opened but is not what it claims to be',
  'cli.exit.cannotOpen': 'a file cannot be opened, read or written',
  'cli.exit.bug': 'a bug in fourworlds; please report it',
  'cli.exit.interrupted': 'interrupted',

  'cli.option.help': 'say how this command is used',
  'cli.option.version': 'print the versions of the tool, Node and the specifications',
  'cli.option.lang': 'language of texts: en or es (else LC_ALL, LC_MESSAGES, LANG)',
  'cli.option.quiet': 'print nothing on stderr but errors',
  'cli.option.verbose': 'print more details',
  'cli.option.noColor': 'no colours (also NO_COLOR; FORCE_COLOR turns them on)',
  'cli.option.json': 'print one JSON document instead of text',
  'cli.option.machine': 'base, max, large, or a file that describes a machine (default: base)',
  'cli.option.width': 'columns to draw in (default: the terminal, else 80)',

  'cli.fourworlds.description':
    'fourworlds is the Arm Confidential Compute Architecture on a laptop: a machine with four worlds ' +
    '(Normal, Secure, Realm, Root) in which the granule protection tables check every access.',
  'cli.fourworlds.example.demo': 'the story of the machine in five minutes: boot, map, a realm, fifteen attacks',
  'cli.fourworlds.example.walk': 'may Normal world touch this byte, and who says so?',

  'cli.demo.summary': 'the story of the machine: boot, memory map, a granule’s journey, a realm’s life, attacks',
  'cli.demo.description':
    'Tells the story of the machine: how it boots, which world owns which memory, how a granule travels from ' +
    'Normal world to Realm world and back, how a realm is built, runs and goes, and what stops an attacker.',
  'cli.demo.example.lang': 'the story in Spanish',
  'cli.demo.example.json': 'the same facts for a program',
  'cli.demo.exit.yes': 'the story was told, and every attack was stopped',
  'cli.demo.exit.no': 'an attack was not stopped',

  'cli.gpt.summary': 'granule protection tables: map, walk, check',
  'cli.gpt.description':
    'The granule protection tables say of every granule of memory which physical address space may touch it. ' +
    'These commands show them, follow a check through them, and run test vectors against the check.',
  'cli.gpt.example.show': 'the map of the machine after boot',
  'cli.gpt.example.walk': 'why Normal world cannot read the memory of the RMM',

  'cli.gptShow.summary': 'the map of a machine, by region',
  'cli.gptShow.description':
    'Boots a machine, walks its granule protection tables in memory, and shows who may touch what: a map in ' +
    'letters and a list of regions, with the place and size of the tables.',
  'cli.gptShow.example.plain': 'the default machine',
  'cli.gptShow.example.json': 'a machine with 64 GiB, for a program',
  'cli.gptShow.exit.yes': 'the map was shown',

  'cli.gptWalk.summary': 'each step of the check of one access',
  'cli.gptWalk.description':
    'Follows the granule protection check of one access step by step: the registers, the descriptors it ' +
    'fetches with their bits, the verdict, and the place where each rule is written.',
  'cli.gptWalk.example.yes': 'may Normal world read its own DRAM?',
  'cli.gptWalk.example.no': 'may EL3 read RMM memory with a Non-secure access?',
  'cli.gptWalk.argument.pa': 'physical address: 0x88000000, 0x8800_0000 or 2281701376',
  'cli.gptWalk.option.pas': 'physical address space of the access: NS, S, RL, RT',
  'cli.gptWalk.option.state': 'Security state that makes it (default: the one of the PAS)',
  'cli.gptWalk.exit.yes': 'the access is allowed',
  'cli.gptWalk.exit.no': 'the access is refused',

  'cli.gptCheck.summary': 'run test vectors against the check',
  'cli.gptCheck.description':
    'Runs files of test vectors (.jsonl or .jsonl.gz, - for stdin) through the code that the machine runs, ' +
    'and reports where the answers differ.',
  'cli.gptCheck.example.files': 'two files, a summary for people',
  'cli.gptCheck.example.json': 'a summary for programs, and every answer in a file',
  'cli.gptCheck.argument.file': 'vectors, one JSON object a line; - reads stdin',
  'cli.gptCheck.option.jsonl': 'print one JSON document a file, one a line',
  'cli.gptCheck.option.results': 'write {file, id, got} of every vector to a file, one a line',
  'cli.gptCheck.exit.yes': 'every vector passes',
  'cli.gptCheck.exit.no': 'at least one vector does not',

  'cli.shell.summary': 'a prompt over a booted machine',
  'cli.shell.description':
    'Boots a machine and waits for commands: SMCs by name, realms, reads and writes as any world, ' +
    'snapshots, the trace. Lines can come from a pipe; a line that fails does not stop the others. Type help at the prompt.',
  'cli.shell.example.prompt': 'a prompt; help lists the commands, quit leaves',
  'cli.shell.example.script': 'the same commands from a pipe',
  'cli.shell.option.seed': 'seed of the machine (default: the one of its description)',
  'cli.shell.option.json': 'print one JSON document a line',
  'cli.shell.exit.yes': 'every line was carried out',
  'cli.shell.exit.no': 'at least one line was refused',

  'cli.helpCommand.summary': 'help for a command or a concept',
  'cli.helpCommand.description': 'Says how a command is used, or explains a concept:',
  'cli.helpCommand.example.command': 'the same as fourworlds gpt walk --help',
  'cli.helpCommand.example.topic': 'the four worlds on one screen',
  'cli.helpCommand.argument.topic': 'a concept, or the words of a command',

  'cli.completion.summary': 'a completion script for bash, zsh or fish',
  'cli.completion.description': 'Prints a script that completes commands and options in your shell.',
  'cli.completion.example.bash': 'for bash, in every new shell',
  'cli.completion.example.fish': 'for fish, at once',
  'cli.completion.argument.shell': 'bash, zsh or fish',
} as const;
