import type { topics as en } from '../en/topics.ts';

export const topics = {
  'topic.title': 'Conceptos',
  'topic.seeAlso': 'Véase también',
  'topic.worlds.title': 'los cuatro mundos y quién puede pedir qué memoria',
  'topic.worlds': `Los cuatro mundos

  NS  Normal   el sistema operativo y el hipervisor: el anfitrión
  S   Secure   servicios de confianza, como un almacén de claves
  RL  Realm    máquinas virtuales confidenciales (realms) y su monitor, el RMM
  RT  Root     el firmware de EL3, que cambia entre los demás

Un mundo es un estado de seguridad de un PE. SCR_EL3.{NSE,NS} elige el de EL2 e
inferiores; EL3 es siempre Root. Cada mundo tiene un espacio de direcciones
físicas (PAS), y un acceso nombra el PAS que quiere. No todos los mundos pueden
nombrar todos los PAS:

  desde     puede nombrar
  Normal    NS
  Secure    NS, S
  Realm     NS, RL
  Root      NS, S, RL, RT

Poder nombrarlo no es obtenerlo: eso lo decide la comprobación de protección de
gránulos.`,
  'topic.gpt.title': 'las tablas de protección de gránulos y sus códigos',
  'topic.gpt': `Las tablas de protección de gránulos (GPT)

Las tablas están en memoria Root. Dicen, para cada gránulo, qué PAS puede
tocarlo, con un código de cuatro bits, el GPI:

  letra  GPI          código  quién entra
  .      NO_ACCESS    0000    nadie
  S      SECURE       1000    los accesos al PAS Secure
  N      NON_SECURE   1001    los accesos al PAS Non-secure
  T      ROOT         1010    los accesos al PAS Root
  R      REALM        1011    los accesos al PAS Realm
  O      NSO          1101    Non-secure, desde Normal o EL3 (FEAT_RME_GPC2)
  A      ALL          1111    todos
  y p    SA, NSP      010x    ningún PE, solo dispositivos (FEAT_RME_GDI)

El nivel 0 tiene una entrada por cada 2^s bytes (1 GiB en la máquina base): un
bloque (Block) con un solo GPI, o una tabla (Table) que nombra una tabla de
nivel 1. Una entrada de nivel 1 es contigua (Contiguous: un GPI para 2, 32 o
512 MiB) o contiene dieciséis GPI, uno por gránulo. GPTBR_EL3 dice dónde está el
nivel 0 y GPCCR_EL3 cómo hay que leer las tablas.

Cada acceso de cada PE y de cada dispositivo se comprueba antes de hacerlo. DDI
0487 D9 describe la comprobación como GranuleProtectionCheck() y el recorrido
como GPTWalk().`,
  'topic.granule.title': 'la unidad de protección y cómo cambia de manos',
  'topic.granule': `Un gránulo

4 KiB de memoria (16 o 64 KiB si así lo dice GPCCR_EL3.PGS) que pertenecen a un
mundo.

Así viaja un gránulo del mundo Normal al mundo Realm y vuelve:

  anfitrión  RMI_GRANULE_DELEGATE    el anfitrión entrega un gránulo
  RMM        comprueba que puede y se lo pide a EL3 (RMM_GTSI_DELEGATE)
  EL3        limpia las cachés hasta el punto de alias físico, escribe el GPI
             e invalida todas las copias del anterior (TLBI RPALOS)
  RMM        borra el gránulo: un realm empieza con memoria vacía
  ...
  anfitrión  RMI_GRANULE_UNDELEGATE  el RMM lo borra otra vez y EL3 lo devuelve

Pruébalo:

  printf 'smc RMI_GRANULE_DELEGATE 0x88100000\\nread 0x88100000\\n' | fourworlds shell`,
  'topic.tlb.title': 'por qué no basta con cambiar una tabla',
  'topic.tlb': `Las TLB y la protección de gránulos

Un PE puede guardar lo que leyó de las tablas. Después de cambiar una tabla, la
respuesta antigua puede seguir en uso hasta que EL3 la invalida:

  TLBI PAALL     todo, en este PE
  TLBI PAALLOS   todo, en todos los PE y en la SMMU
  TLBI RPAOS     un intervalo de direcciones físicas, todos los niveles
  TLBI RPALOS    un intervalo de direcciones físicas, solo el último nivel

En esta máquina, un TLBI olvidado se nota: la entrada obsoleta se usa de verdad.
En modo estricto, cada uso de una entrada obsoleta se anota como hallazgo
(STALE_GPT_TLB); en el intérprete: strict on y después findings.`,
  'topic.trace.title': 'cómo leer una línea de la traza',
  'topic.trace': `La traza

Todo lo observable es un suceso, y cada suceso es una línea:

      12  PE0 NS.EL2  SMC RMI_GRANULE_DELEGATE    0x8810_0000
       |   |             |                        |
       |   |             qué ocurrió              sus detalles y el resultado
       |   quién lo hizo: un PE con su mundo y su EL, o un dispositivo
       número del suceso

La misma semilla y las mismas órdenes dan la misma traza, byte a byte. En el
intérprete, trace on muestra los sucesos según ocurren y trace last 20 los
últimos.`,
  'topic.machine.title': 'las máquinas incluidas y cómo describir la tuya',
  'topic.machine': `Máquinas

  base   el mapa de memoria de la plataforma Base de Arm: 8 PE, 4 GiB, 48 bits
  max    lo mismo con todas las extensiones de la comprobación (GPC2, GPC3, GDI)
  large  64 GiB de DRAM

La tuya es un archivo JSON o YAML. extends parte de una máquina incluida, y lo
que nombra el archivo sustituye a lo que tiene esa máquina:

  extends: base
  name: two-pes
  pes: 2
  gpt:
    contiguousBitsMax: 0

Los números enteros se pueden escribir como 4096, 0x1000, "0x8000_0000" o
"32 MiB". Las claves:

  name paBits pes framesMax seed isStrict isGpfToEl3 content (plain | encrypted)
  features   gpc2 gpc3 gdi sel2 granule16k granule64k
  ram        lista de: name base size fill keptByReset
  devices    lista de: name base size
  gpt        ppsBits l0Bits granuleBits l0Base l0Size l1Base l1Size
             contiguousBitsMax, regions: lista de name base size gpi how
  rmm        base sharedBuffer
  banks      lista de: base size (memoria con la que se pueden construir realms)
  normal     entry
  secure     entry, o null para una máquina sin partición

  fourworlds gpt show --machine mi-maquina.yaml`,
} as const satisfies Record<keyof typeof en, string>;
