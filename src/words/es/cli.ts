import type { cli as en } from '../en/cli.ts';

export const cli = {
  'cli.help.usage': 'Uso',
  'cli.help.examples': 'Ejemplos',
  'cli.help.commands': 'Comandos',
  'cli.help.arguments': 'Argumentos',
  'cli.help.options': 'Opciones',
  'cli.help.global': 'Opciones de todos los comandos',
  'cli.help.exits': 'Códigos de salida',
  'cli.help.optionsWord': 'opciones',
  'cli.help.commandWord': 'COMANDO',
  'cli.help.more':
    'fourworlds COMANDO --help explica un comando; fourworlds help TEMA explica worlds, gpt, granule, tlb, ' +
    'trace y machine.',

  'cli.exit.yes': 'sí: todo se hizo y todo está bien',
  'cli.exit.no': 'la pregunta era correcta y la respuesta es no',
  'cli.exit.usage': 'la línea de comandos está mal escrita',
  'cli.exit.malformed': 'un archivo se abrió, pero no es lo que dice ser',
  'cli.exit.cannotOpen': 'un archivo no se puede abrir, leer o escribir',
  'cli.exit.bug': 'un fallo de fourworlds; avísanos, por favor',
  'cli.exit.interrupted': 'interrumpido',

  'cli.option.help': 'explica cómo se usa este comando',
  'cli.option.version': 'muestra las versiones de la herramienta, de Node y de las especificaciones',
  'cli.option.lang': 'idioma de los textos: en o es (si no, LC_ALL, LC_MESSAGES, LANG)',
  'cli.option.quiet': 'no escribe en stderr nada más que errores',
  'cli.option.verbose': 'da más detalles',
  'cli.option.noColor': 'sin colores (también NO_COLOR; FORCE_COLOR los activa)',
  'cli.option.json': 'escribe un documento JSON en lugar de texto',
  'cli.option.machine': 'base, max, large o un archivo que describe una máquina (si falta: base)',
  'cli.option.width': 'columnas para dibujar (si falta: las de la terminal, o 80)',

  'cli.fourworlds.description':
    'fourworlds es la Confidential Compute Architecture de Arm en un portátil: una máquina con cuatro mundos ' +
    '(Normal, Secure, Realm, Root) en la que las tablas de protección de gránulos comprueban cada acceso.',
  'cli.fourworlds.example.demo':
    'la historia de la máquina en cinco minutos: arranque, mapa, un realm y quince ataques',
  'cli.fourworlds.example.walk': '¿puede el mundo Normal tocar este byte, y quién lo dice?',

  'cli.demo.summary':
    'la historia de la máquina: arranque, mapa de memoria, el viaje de un gránulo, la vida de un realm, ataques',
  'cli.demo.description':
    'Cuenta la historia de la máquina: cómo arranca, qué mundo posee qué memoria, cómo viaja un gránulo del ' +
    'mundo Normal al mundo Realm y vuelve, cómo se construye, se ejecuta y se va un realm, y qué detiene a un atacante.',
  'cli.demo.example.lang': 'la historia en español',
  'cli.demo.example.json': 'los mismos hechos para un programa',
  'cli.demo.exit.yes': 'se contó la historia y se detuvieron todos los ataques',
  'cli.demo.exit.no': 'un ataque no fue detenido',

  'cli.gpt.summary': 'tablas de protección de gránulos: mapa, recorrido y pruebas',
  'cli.gpt.description':
    'Las tablas de protección de gránulos dicen, para cada gránulo de memoria, qué espacio de direcciones ' +
    'físicas puede tocarlo. Estos comandos las muestran, siguen una comprobación a través de ellas y prueban ' +
    'la comprobación con vectores.',
  'cli.gpt.example.show': 'el mapa de la máquina después del arranque',
  'cli.gpt.example.walk': 'por qué el mundo Normal no puede leer la memoria del RMM',

  'cli.gptShow.summary': 'el mapa de una máquina, por regiones',
  'cli.gptShow.description':
    'Arranca una máquina, recorre sus tablas de protección de gránulos en memoria y muestra quién puede ' +
    'tocar qué: un mapa con letras y una lista de regiones, con el lugar y el tamaño de las tablas.',
  'cli.gptShow.example.plain': 'la máquina normal',
  'cli.gptShow.example.json': 'una máquina con 64 GiB, para un programa',
  'cli.gptShow.exit.yes': 'se mostró el mapa',

  'cli.gptWalk.summary': 'cada paso de la comprobación de un acceso',
  'cli.gptWalk.description':
    'Sigue paso a paso la comprobación de un acceso: los registros, los descriptores que se leen con sus ' +
    'bits, el veredicto y el lugar donde está escrita cada regla.',
  'cli.gptWalk.example.yes': '¿puede el mundo Normal leer su propia DRAM?',
  'cli.gptWalk.example.no': '¿puede EL3 leer la memoria del RMM con un acceso Non-secure?',
  'cli.gptWalk.argument.pa': 'dirección física: 0x88000000, 0x8800_0000 o 2281701376',
  'cli.gptWalk.option.pas': 'espacio de direcciones físicas del acceso: NS, S, RL, RT',
  'cli.gptWalk.option.state': 'estado de seguridad que lo hace (si falta: el del PAS)',
  'cli.gptWalk.exit.yes': 'el acceso está permitido',
  'cli.gptWalk.exit.no': 'el acceso se rechaza',

  'cli.gptCheck.summary': 'prueba la comprobación con vectores',
  'cli.gptCheck.description':
    'Pasa archivos de vectores de prueba (.jsonl o .jsonl.gz, - para stdin) por el mismo código que usa la ' +
    'máquina y dice dónde difieren las respuestas.',
  'cli.gptCheck.example.files': 'dos archivos, un resumen para personas',
  'cli.gptCheck.example.json': 'un resumen para programas y todas las respuestas en un archivo',
  'cli.gptCheck.argument.file': 'vectores, un objeto JSON por línea; - lee stdin',
  'cli.gptCheck.option.jsonl': 'escribe un documento JSON por archivo, uno por línea',
  'cli.gptCheck.option.results': 'escribe {file, id, got} de cada vector en un archivo, uno por línea',
  'cli.gptCheck.exit.yes': 'todos los vectores pasan',
  'cli.gptCheck.exit.no': 'al menos un vector no pasa',

  'cli.shell.summary': 'un intérprete de órdenes sobre una máquina ya arrancada',
  'cli.shell.description':
    'Arranca una máquina y espera órdenes: SMC por su nombre, realms, lecturas y escrituras como cualquier mundo, ' +
    'instantáneas, la traza. Las líneas pueden llegar por una tubería; una línea que falla no detiene las ' +
    'demás. Escribe help para ver las órdenes.',
  'cli.shell.example.prompt': 'un intérprete; help muestra las órdenes y quit sale',
  'cli.shell.example.script': 'las mismas órdenes por una tubería',
  'cli.shell.option.seed': 'semilla de la máquina (si falta: la de su descripción)',
  'cli.shell.option.json': 'escribe un documento JSON por línea',
  'cli.shell.exit.yes': 'todas las líneas se ejecutaron',
  'cli.shell.exit.no': 'al menos una línea fue rechazada',

  'cli.helpCommand.summary': 'ayuda sobre un comando o un concepto',
  'cli.helpCommand.description': 'Dice cómo se usa un comando o explica un concepto:',
  'cli.helpCommand.example.command': 'lo mismo que fourworlds gpt walk --help',
  'cli.helpCommand.example.topic': 'los cuatro mundos en una pantalla',
  'cli.helpCommand.argument.topic': 'un concepto o las palabras de un comando',

  'cli.completion.summary': 'un guion de autocompletado para bash, zsh o fish',
  'cli.completion.description': 'Escribe un guion que completa comandos y opciones en tu intérprete de comandos.',
  'cli.completion.example.bash': 'para bash, en cada sesión nueva',
  'cli.completion.example.fish': 'para fish, de inmediato',
  'cli.completion.argument.shell': 'bash, zsh o fish',
} as const satisfies Record<keyof typeof en, string>;
