import type { explain as en } from '../en/explain.ts';

export const explain = {
  'cli.explain.summary': 'qué dice la especificación de un comando, estado, estructura o fila',
  'cli.explain.description':
    'Muestra qué dice RMM 1.0 de un nombre, tal como este proyecto lo implementa y lo comprueba: un comando ' +
    'de RMI, RSI o PSCI con sus filas en el orden de evaluación, un código de resultado, una estructura, un ' +
    'estado, una enumeración o una fila que la traza da como motivo de un fallo.',
  'cli.explain.argument.name': 'un nombre, o un comando y una de sus filas',
  'cli.explain.example.command': 'cuándo falla y qué cambia',
  'cli.explain.example.row': 'una fila de un comando',
  'cli.explain.exit.yes': 'el nombre es conocido',

  'explain.function': 'una función que no es un comando del RMM',
  'explain.structure': 'una estructura de {size} bytes; posiciones en bytes',
  'explain.bitfield': 'una palabra con campos; posiciones en bits',
  'explain.enumeration': 'una enumeración',
  'explain.value': 'un valor de',
  'explain.state': 'un estado; los pasos que llevan a él o salen de él',
  'explain.lifeCycle': 'un ciclo de vida; todos los pasos que hay',
  'explain.row': 'una fila; comandos que la tienen: {count}',
  'explain.statusOf': 'Filas que terminan con él',
  'explain.measured': 'se mide',

  'explain.inputs': 'Entradas',
  'explain.outputs': 'Salidas',
  'explain.context': 'Donde',
  'explain.failures': 'Falla por la primera fila que se cumple',
  'explain.order': 'Orden que exige la especificación',
  'explain.success': 'Se cumple tras el éxito',
  'explain.onFailure': 'Se cumple tras el fallo',
  'explain.footprint': 'No cambia nada más que',
  'explain.moves': 'Pasos que da',
  'explain.notes': 'Notas',
  'explain.source': 'Código',
  'explain.tests': 'Pruebas',
  'explain.page': 'Página',
  'explain.related': 'Véase también',

  'error.EXPLAIN_UNKNOWN': 'la especificación no tiene ese nombre',
  'hint.EXPLAIN_UNKNOWN':
    'se conocen los nombres de comandos, resultados, tipos, estados y filas; son los mismos en inglés y en español',
} as const satisfies Record<keyof typeof en, string>;
