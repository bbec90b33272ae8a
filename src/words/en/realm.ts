/** What `realm run` and `realm measure` say. */
export const realm = {
  'cli.realm.summary': 'Realms: play a scenario, work out measurements',
  'cli.realm.description':
    'A Realm is a virtual machine that its own host cannot look into. These commands play scenarios with Realms, ' +
    'honest ones and attacks, and work out what a Realm will be measured as.',
  'cli.realm.example.run': 'a Realm from its creation to its end',
  'cli.realm.example.measure': 'the measurements of a Realm that is described in a file',

  'cli.realmRun.summary': 'play a scenario and judge what was expected of it',
  'cli.realmRun.description':
    'Plays a scenario: a machine, Realms with their guests, and steps that a host or an attacker takes, each with ' +
    'what is expected of it. The file is checked as a whole before anything is run.',
  'cli.realmRun.argument.scenario': 'YAML or JSON file; fixtures/scenarios has examples',
  'cli.realmRun.option.trace': 'show what the machine does in each step',
  'cli.realmRun.option.seed':
    'number that decides who goes first where several PEs could (default: that of the machine)',
  'cli.realmRun.example.plain': 'a Realm from its creation to its end',
  'cli.realmRun.example.json': 'an attack, with every step of the machine, for a program',
  'cli.realmRun.exit.yes': 'all expectations hold',
  'cli.realmRun.exit.no': 'an expectation does not hold',
  'realm.run.ok': '{steps} steps, {expectations} expectations: all hold',
  'realm.run.bad': '{steps} steps, {expectations} expectations: {failed} fail',

  'cli.realmMeasure.summary': 'the measurements of a Realm, worked out without a machine',
  'cli.realmMeasure.description':
    'Works out the RIM and the REMs of a Realm from its parameters, the operations in their order and the contents ' +
    'of its pages, and shows every digest on the way.',
  'cli.realmMeasure.argument.manifest': 'YAML or JSON file; fixtures/manifests has examples',
  'cli.realmMeasure.option.hash': 'sha-256 or sha-512 (default: that of the manifest, else sha-256)',
  'cli.realmMeasure.example.plain': 'every digest from REALM_CREATE to the last operation',
  'cli.realmMeasure.example.json': 'the same Realm with the other hash, for a program',
  'cli.realmMeasure.exit.yes': 'the measurements were worked out',
  'realm.measure.title': 'Measurements of {file}, {hash}',

  'error.YAML_SYNTAX': 'the file is neither YAML nor JSON',
  'hint.YAML_SYNTAX': 'look at the line; spaces at its start matter in YAML',
  'error.YAML_DUPLICATE_KEY': 'a key is given twice',
  'hint.YAML_DUPLICATE_KEY': 'keep the one that is meant',
  'error.YAML_UNKNOWN_KEY': 'this key has no meaning here',
  'hint.YAML_UNKNOWN_KEY': 'the expected keys are all there are; check the spelling',
  'error.YAML_MISSING_KEY': 'a key is missing',
  'hint.YAML_MISSING_KEY': 'add the expected key',
  'error.YAML_WRONG_TYPE': 'this value is of the wrong kind',
  'hint.YAML_WRONG_TYPE': 'write what is expected; the guide shows whole files',
  'error.YAML_NUMBER': 'this number is out of range',
  'hint.YAML_NUMBER': 'numbers are whole and have at most 64 bits',
  'error.YAML_FILE': 'a file that this one names cannot be read',
  'hint.YAML_FILE': 'paths count from the folder of the file that names them',
  'error.SCENARIO_LAYOUT': 'no Realm can be laid out like this',
  'hint.SCENARIO_LAYOUT': 'memory lies in whole pages in the lower half of the IPA space, each page once',
  'error.SCENARIO_NAME': 'the scenario has no such thing',
  'hint.SCENARIO_NAME': 'take one of the expected names',
  'error.SCENARIO_COMMAND': 'there is no such command or register',
  'hint.SCENARIO_COMMAND': 'docs/reference/rmm-1.0 lists the commands with their arguments',
  'error.SCENARIO_MACHINE': 'the host has no memory of its own on this machine',
  'hint.SCENARIO_MACHINE': 'normal.entry has to lie in one of the banks, with a MiB behind it',
  'error.MANIFEST_PLACE': 'no RMM would carry this out',
  'hint.MANIFEST_PLACE': 'addresses lie in the lower half of the IPA space, at multiples of what is mapped',
  'error.MANIFEST_ORDER': 'a Realm that extends measurements runs, and its initial measurement is final',
  'hint.MANIFEST_ORDER': 'put measurement-extend behind all other operations',
  'error.MANIFEST_TOO_LONG': 'the manifest comes to too many digests',
  'hint.MANIFEST_TOO_LONG': 'initialise large ranges with larger entries: level 2 covers 2 MiB',
} as const;
