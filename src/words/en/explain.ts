/** What `explain` says around the specification; the specification itself is English. */
export const explain = {
  'cli.explain.summary': 'what the specification says of a command, status, structure, state or row',
  'cli.explain.description':
    'Shows what RMM 1.0 says of a name, as this project implements and checks it: a command of RMI, RSI or ' +
    'PSCI with its rows in the order of evaluation, a status, a structure, a state, an enumeration, or a row ' +
    'that the trace names as the reason of a failure.',
  'cli.explain.argument.name': 'a name, or a command and one of its rows',
  'cli.explain.example.command': 'when it fails, and what it changes',
  'cli.explain.example.row': 'one row of one command',
  'cli.explain.exit.yes': 'the name is known',

  'explain.function': 'a function that is no command of the RMM',
  'explain.structure': 'a structure of {size} bytes; offsets in bytes',
  'explain.bitfield': 'a word with fields; places in bits',
  'explain.enumeration': 'an enumeration',
  'explain.value': 'a value of',
  'explain.state': 'a state; moves that lead to it or away',
  'explain.lifeCycle': 'a life cycle; every move there is',
  'explain.row': 'a row; commands that have it: {count}',
  'explain.statusOf': 'Rows that end with it',
  'explain.measured': 'measured',

  'explain.inputs': 'Inputs',
  'explain.outputs': 'Outputs',
  'explain.context': 'Where',
  'explain.failures': 'Fails by the first row that holds',
  'explain.order': 'Order that the specification demands',
  'explain.success': 'Holds after success',
  'explain.onFailure': 'Holds after failure',
  'explain.footprint': 'Changes nothing but',
  'explain.moves': 'Moves that it makes',
  'explain.notes': 'Notes',
  'explain.source': 'Source',
  'explain.tests': 'Tests',
  'explain.page': 'Page',
  'explain.related': 'See also',

  'error.EXPLAIN_UNKNOWN': 'the specification has no such name',
  'hint.EXPLAIN_UNKNOWN': 'names of commands, statuses, types, states and rows are known',
} as const;
