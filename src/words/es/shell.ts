import type { shell as en } from '../en/shell.ts';

export const shell = {
  'shell.welcome':
    'La máquina {machine} ha arrancado. Eres el anfitrión: mundo Normal, EL2. help muestra las órdenes y quit sale.',
  'shell.stored': 'guardados {size} bytes en {at}',
  'shell.returned': 'volvió',
  'shell.fault': 'fallo: {class}, llega a EL{el}',
  'shell.moved': 'el PE está ahora en otra parte: {to}',
  'shell.stopped': 'la máquina se ha detenido: {end}',
  'shell.exception': 'en su lugar llegó una excepción desde EL{from}: ESR {esr}',
  'shell.dmaAborted': 'la SMMU aborta el acceso a {pas}: {fault}, nivel {level}',
  'shell.actsAs': 'a partir de ahora actúa {who}',
  'shell.pe': 'el PE {index} está en {power}, en {state}',
  'shell.snapshot': 'instantánea {name} tomada',
  'shell.restored': 'instantánea {name} restaurada',
  'shell.saved': 'guardada en {file}, {bytes} bytes',
  'shell.loaded': 'máquina {machine} cargada desde {file}',
  'shell.gptLevel': 'nivel {level}',
  'shell.gptSpan': 'lo mismo para {size}',
  'shell.gptWho': 'deja entrar a: {who}',
  'shell.traceOn': 'los sucesos se muestran según ocurren',
  'shell.traceOff': 'los sucesos se guardan sin mostrarse; trace last N los muestra',
  'shell.noFindings': 'ningún hallazgo',
  'shell.notStrict': 'ningún hallazgo: el modo estricto está desactivado (strict on)',
  'shell.strictOn':
    'modo estricto activado: cada uso de una entrada GPT obsoleta es un hallazgo; las instantáneas con ' +
    'nombre se han borrado',
  'shell.strictOff': 'modo estricto desactivado; las instantáneas con nombre se han borrado',

  'shell.help.smc': 'llama al firmware por nombre (RMI_VERSION) o número; los ARG van a X1 y siguientes',
  'shell.help.world': 'elige quién actúa a partir de ahora: NS, S, RL, RT',
  'shell.help.as': 'otro nombre de world',
  'shell.help.pe': 'elige el PE o dice cuál es',
  'shell.help.read': 'carga 1, 2, 4, 8 o 16 bytes (8 si no se dice)',
  'shell.help.write': 'guarda un valor',
  'shell.help.fetch': 'busca una instrucción, como lo haría un salto a esa dirección',
  'shell.help.dma': 'un acceso de un dispositivo, a través de la SMMU y de su propia comprobación',
  'shell.help.mrs': 'lee un registro del sistema',
  'shell.help.msr': 'escribe un registro del sistema',
  'shell.help.tlbi': 'invalida información de la GPT guardada en caché; solo desde EL3',
  'shell.help.regs': 'registros del PE que no son cero',
  'shell.help.snapshot': 'recuerda la máquina tal como está',
  'shell.help.restore': 'vuelve a una instantánea',
  'shell.help.save': 'escribe la máquina en un archivo',
  'shell.help.load': 'sigue con una máquina leída de un archivo',
  'shell.help.gpt': 'qué dicen las tablas de una dirección y a quién dejan entrar',
  'shell.help.walk': 'cada paso de la comprobación de un acceso',
  'shell.help.trace': 'muestra los sucesos según ocurren, o los últimos',
  'shell.help.findings': 'lo que ha encontrado el modo estricto',
  'shell.help.strict': 'anota cada uso de una entrada GPT obsoleta',
  'shell.help.help': 'esta lista, o una sola orden',
  'shell.help.quit': 'sale',
  'shell.help.exit': 'otro nombre de quit',
  'shell.help.notes':
    'Los números son decimales o hexadecimales: 4096, 0x1000, 0x8800_0000. # empieza un comentario. Un ' +
    'mundo que no está en el PE actúa durante una sola orden: el PE pasa a ese mundo y después se devuelven ' +
    'los registros de quien estaba allí.',
} as const satisfies Record<keyof typeof en, string>;
