import type { demo as en } from '../en/demo.ts';

export const demo = {
  'demo.title': 'fourworlds: la historia hasta aquí',
  'demo.intro':
    'Nada de esto estaba escrito de antemano: una máquina acaba de arrancar, todo se ha hecho en ella, y cada dirección y cada código de fallo son los que encontró su software. Los mundos y los espacios de direcciones llevan nombres cortos: NS Non-secure (el mundo Normal), S Secure, RL Realm, RT Root. EL es el nivel de excepción, de 0 (una aplicación) a 3 (el monitor).',
  'demo.label.tried': 'Intento',
  'demo.label.stopped': 'Lo detiene',
  'demo.label.written': 'Consta en',
  'demo.yes': 'sí',
  'demo.stopped': 'DETENIDO',
  'demo.not-stopped': 'NO DETENIDO',
  'demo.failed': 'NO SE CUMPLE: {id}. Se esperaba: {expected}. Se encontró: {found}.',
  'demo.fault.level': 'nivel {level}',
  'demo.fault.entry': 'la tabla dice {gpi}',

  'demo.worlds.title': 'Cuatro mundos, una memoria',
  'demo.worlds.opening':
    'Tres mundos funcionan uno al lado del otro y no se fían unos de otros. El cuarto, Root, cambia de uno a otro. Las direcciones indican por dónde se entra en cada uno, y dónde están las tablas de Root.',
  'demo.worlds.normal': 'Mundo Normal',
  'demo.worlds.normal-who': 'el host, en EL2',
  'demo.worlds.secure': 'Mundo Secure',
  'demo.worlds.secure-who': 'un servicio, en EL1',
  'demo.worlds.realm': 'Mundo Realm',
  'demo.worlds.realm-who': 'el RMM, en EL2',
  'demo.worlds.root': 'Mundo Root: el monitor, en EL3. Se le llama con SMC.',
  'demo.worlds.root-who': 'Solo él escribe las tablas de protección (GPT), en {at}.',
  'demo.worlds.check': 'La comprobación de gránulos (GPC) busca cada acceso en la GPT.',
  'demo.worlds.memory': 'Memoria: gránulos de 4 KiB, cada uno de un mundo, de todos o de nadie.',
  'demo.worlds.closing':
    'RMM es el Realm Management Monitor: cuida de los realms, máquinas virtuales en las que ni siquiera el host puede mirar. Una dirección física no dice nada por sí sola: cada acceso nombra además un espacio de direcciones físicas (PAS), uno por mundo. La comprobación lo compara con lo que la tabla dice del gránulo.',

  'demo.boot.title': 'Arranque',
  'demo.boot.opening':
    'Una máquina de {pes} procesadores (PE, processing elements) y direcciones de {paBits} bits arranca en Root. EL3 escribe primero las tablas para 2^{ppsBits} bytes y activa la comprobación. Solo entonces se ejecuta otro software: el servicio Secure, el RMM y, al final, el host.',
  'demo.boot.version': 'El host pregunta al RMM qué versión de la interfaz habla. La respuesta es {revision}:',

  'demo.map.title': 'El mapa de memoria, por mundos',
  'demo.map.opening':
    'Leído de las propias tablas, por orden de dirección. La letra es el dueño: N Non-secure, S Secure, R Realm, T Root, A todos. La barra crece con el logaritmo del tamaño.',
  'demo.map.reach':
    '¿Y quién puede entrar? {granules} lecturas hechas de verdad: cada mundo (las filas) prueba un gránulo de cada dueño (las columnas), en todos los espacios de direcciones que puede nombrar.',
  'demo.map.closing':
    'Secure y Realm pueden mirar en la memoria Normal, pero nunca el uno en la del otro. Root llega a todas partes, pero solo si nombra el espacio correcto.',

  'demo.journey.title': 'Un gránulo viaja al mundo Realm y vuelve',
  'demo.journey.opening': 'El host es dueño de la página {page}. Se la presta al mundo Realm y más tarde la recupera.',
  'demo.journey.written': 'El host deja algo en su página.',
  'demo.journey.before':
    'La tabla para esta página, antes. El nivel 0 (L0) apunta a una tabla para un GiB; allí, una sola entrada contigua habla por 512 MiB.',
  'demo.journey.delegate':
    'El host delega la página. Las líneas con barra son lo que hizo la máquina por dentro: el RMM se lo pide a EL3; EL3 parte la entrada (shatter), vacía las cachés (DC CIPAPA) y hace olvidar a todas las TLB, memorias de comprobaciones pasadas (TLBI); el RMM borra la página.',
  'demo.journey.during':
    'Ahora la entrada contiene dieciséis gránulos, de cuatro bits cada uno: 9 es Non-secure, b es Realm. El número 5, contando desde 0 por la derecha, es nuestra página.',
  'demo.journey.refused':
    'El host vuelve a mirar. La comprobación lo rechaza: un fallo de protección de gránulo (GPF). ESR dice qué pasó y FAR dónde.',
  'demo.journey.wiped':
    'El RMM también mira: lo que dejó el host ya no está. Después el mundo Realm deja un secreto propio.',
  'demo.journey.undelegate':
    'El host quiere recuperar la página. Primero el RMM la borra. Entretanto no es de nadie, para que nada llegue con retraso.',
  'demo.journey.after': 'La tabla es la de antes: los dieciséis gránulos vuelven a ser una entrada (fuse).',
  'demo.journey.empty': 'Y el host encuentra ceros, no el secreto.',
  'demo.journey.closing':
    'Nadie tuvo que fiarse del host. Él inició los dos pasos, pero el RMM borró y EL3 escribió la tabla.',

  'demo.attacks.granules.title': 'Ataques: {count} formas de entrar, y qué detiene cada una',
  'demo.attacks.granules.opening':
    'Ahora lo intentan {count} atacantes. Cada uno tiene su propia máquina. En casi todas, la página {page} es del mundo Realm y guarda un secreto.',

  'demo.host-reads.title': 'El host lee una página que ha cedido',
  'demo.host-reads.opening':
    'El host delega la página {page} y después la lee, con la esperanza de ver el secreto del mundo Realm.',
  'demo.host-reads.read':
    'El host recibe un Data Abort en su propio nivel. DFSC 0x28 significa fallo de protección de gránulo.',
  'demo.host-reads.routed':
    'Una máquina con SCR_EL3.GPF = 1 envía el mismo fallo primero a EL3. Allí los registros dicen más: GPCSC 0x0d es un GPF de nivel 1, y MFAR_EL3 nombra el espacio y la página. Al host solo le llega un aborto externo, DFSC 0x10.',
  'demo.host-reads.closing':
    'La comprobación de protección de gránulos (GPC). El acceso nombra el espacio Non-secure, la entrada dice Realm. Da igual cómo asigne el host la página en sus tablas: la comprobación viene después de la traducción.',

  'demo.secure-reads.title': 'El mundo Secure lee una página Realm',
  'demo.secure-reads.opening':
    'Alguien se ha apoderado de un servicio en S-EL1. Puede nombrar dos espacios, Non-secure y Secure, y prueba la página {page} en ambos.',
  'demo.secure-reads.closing':
    'La misma comprobación, dos veces. Secure no está por encima de Realm: cada espacio solo encaja con sus propios gránulos. Y el espacio Realm queda fuera de su alcance, porque las tablas de páginas de Secure no tienen bits para pedirlo.',

  'demo.device-writes.title': 'Un dispositivo sobrescribe el monitor',
  'demo.device-writes.opening':
    'A una controladora de disco se le ordena escribir en {target} por DMA. Allí hay memoria Root, la casa del monitor. No interviene ningún PE, así que no sirve la comprobación de ninguno.',
  'demo.device-writes.allowed': 'La memoria del host está abierta para el disco, como debe ser:',
  'demo.device-writes.attack': 'La memoria Root no lo está. No se escribe nada, y el SMMU anota el primer fallo:',
  'demo.device-writes.after': 'EL3 mira: la memoria está como estaba.',
  'demo.device-writes.closing':
    'El SMMU, la puerta entre los dispositivos y la memoria. Tiene su propia comprobación de gránulos, sobre las mismas tablas.',

  'demo.stale-tlb.title': 'El host vive de una entrada caducada de la TLB',
  'demo.stale-tlb.opening':
    'El PE 1 lee la página {page}, y así su TLB guarda la respuesta «Non-secure». Entonces el PE 0 delega la página, y el PE 1 vuelve a leerla de inmediato.',
  'demo.stale-tlb.sound':
    'Con el monitor tal como es. La línea con barra es una caché que devuelve el secreto a la memoria, como puede ocurrir en cualquier momento.',
  'demo.stale-tlb.broken':
    'Con un monitor que olvida el TLBI, los mismos pasos funcionan y el secreto queda al descubierto. En modo estricto la máquina lo denuncia:',
  'demo.stale-tlb.closing':
    'TLBI RPALOS, la instrucción con la que EL3 hace olvidar a todos los PE y al SMMU. Va entre escribir la entrada y avisar al host. Sin ella la tabla es correcta y el ataque funciona.',

  'demo.foreign-fetch.title': 'Un mundo ejecuta código de otro',
  'demo.foreign-fetch.opening':
    'Tres intentan ejecutar lo que no es suyo: el host, la página Realm {page}; después el RMM y EL3, la página {hostPage} del host, donde este puede haber plantado código.',
  'demo.foreign-fetch.host': 'El host salta a la página Realm. Es un GPF en una búsqueda de instrucción: IFSC 0x28.',
  'demo.foreign-fetch.realm':
    'El RMM puede leer la página del host, porque Realm puede nombrar el espacio Non-secure. Ejecutar allí no puede: IFSC {ifsc}.',
  'demo.foreign-fetch.root': 'EL3 solo ejecuta desde el espacio Root:',
  'demo.foreign-fetch.closing':
    'Dos reglas distintas. Al host lo detiene la comprobación de protección de gránulos. Al RMM y a EL3 los detiene antes la traducción: un fallo de permiso. La comprobación los habría dejado pasar, pues la página es Non-secure y pidieron Non-secure.',

  'demo.forged-entry.title': 'El host falsifica una entrada de la tabla',
  'demo.forged-entry.opening':
    'El host sabe dónde está la entrada de su página: {entry}. Escribe en ella «Non-secure», dieciséis veces. Después se lo pide a EL3 directamente, como si fuera el RMM.',
  'demo.forged-entry.target': 'Las entradas que deciden sobre la página {page}:',
  'demo.forged-entry.store': 'Escrituras en la entrada de nivel 1, y en la de nivel 0 que está por encima:',
  'demo.forged-entry.after': 'EL3 mira: las dos están como estaban.',
  'demo.forged-entry.ask': 'La llamada que solo el RMM puede hacer, y la propia página:',
  'demo.forged-entry.closing':
    'Las tablas se protegen a sí mismas: están en gránulos que ellas mismas declaran Root. Y EL3 mira quién llama, no solo qué pide.',

  'demo.end.title': 'Fin, por ahora',
  'demo.end.count': '{stopped} de {count} ataques detenidos.',
  'demo.end.failed': 'Esta máquina no hace lo que debe. Mire las líneas que dicen NO SE CUMPLE.',
  'demo.end.next': 'Para seguir:',
  'demo.end.map': 'otra vez el mapa, región por región',
  'demo.end.walk': 'una comprobación paso a paso, con los bits de cada entrada',
  'demo.end.shell': 'una consola sobre su propia máquina: sea usted el atacante',
  'demo.end.documents':
    'Los documentos, todos públicos: DDI 0487 es el Arm Architecture Reference Manual, DEN0129 la arquitectura de sistema de RME, DEN0137 la especificación del Realm Management Monitor, IHI 0070 la arquitectura SMMUv3, y RMM-EL3 la interfaz descrita en la documentación de Trusted Firmware-A.',
} as const satisfies Record<keyof typeof en, string>;
