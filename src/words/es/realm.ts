/** Lo que dicen `realm run` y `realm measure`. */
export const realm = {
  'cli.realm.summary': 'Realms: representar un escenario, calcular medidas',
  'cli.realm.description':
    'Un Realm es una máquina virtual en la que ni su propio anfitrión puede mirar. Estas órdenes representan ' +
    'escenarios con Realms, honrados y de ataque, y calculan cómo se medirá un Realm.',
  'cli.realm.example.run': 'un Realm desde su creación hasta su fin',
  'cli.realm.example.measure': 'las medidas de un Realm descrito en un fichero',

  'cli.realmRun.summary': 'representar un escenario y juzgar lo que se esperaba de él',
  'cli.realmRun.description':
    'Representa un escenario: una máquina, Realms con sus invitados, y pasos que da un anfitrión o un atacante, cada ' +
    'uno con lo que se espera de él. El fichero se comprueba entero antes de ejecutar nada.',
  'cli.realmRun.argument.scenario': 'fichero YAML o JSON; en fixtures/scenarios hay ejemplos',
  'cli.realmRun.option.trace': 'mostrar lo que hace la máquina en cada paso',
  'cli.realmRun.option.seed':
    'número que decide quién va primero cuando varios PE podrían (por omisión: el de la máquina)',
  'cli.realmRun.example.plain': 'un Realm desde su creación hasta su fin',
  'cli.realmRun.example.json': 'un ataque, con cada paso de la máquina, para un programa',
  'cli.realmRun.exit.yes': 'se cumple todo lo esperado',
  'cli.realmRun.exit.no': 'algo esperado no se cumple',
  'realm.run.ok': '{steps} pasos, {expectations} expectativas: se cumplen todas',
  'realm.run.bad': '{steps} pasos, {expectations} expectativas: {failed} fallan',

  'cli.realmMeasure.summary': 'las medidas de un Realm, calculadas sin máquina',
  'cli.realmMeasure.description':
    'Calcula el RIM y los REM de un Realm a partir de sus parámetros, de las operaciones en su orden y del contenido ' +
    'de sus páginas, y muestra cada resumen por el camino.',
  'cli.realmMeasure.argument.manifest': 'fichero YAML o JSON; en fixtures/manifests hay ejemplos',
  'cli.realmMeasure.option.hash': 'sha-256 o sha-512 (por omisión: el del manifiesto, si no sha-256)',
  'cli.realmMeasure.example.plain': 'cada resumen desde REALM_CREATE hasta la última operación',
  'cli.realmMeasure.example.json': 'el mismo Realm con el otro hash, para un programa',
  'cli.realmMeasure.exit.yes': 'las medidas se han calculado',
  'realm.measure.title': 'Medidas de {file}, {hash}',

  'error.YAML_SYNTAX': 'el fichero no es ni YAML ni JSON',
  'hint.YAML_SYNTAX': 'mira la línea; en YAML cuentan los espacios de su comienzo',
  'error.YAML_DUPLICATE_KEY': 'una clave aparece dos veces',
  'hint.YAML_DUPLICATE_KEY': 'deja la que vale',
  'error.YAML_UNKNOWN_KEY': 'esta clave no significa nada aquí',
  'hint.YAML_UNKNOWN_KEY': 'las claves esperadas son todas las que hay; revisa la ortografía',
  'error.YAML_MISSING_KEY': 'falta una clave',
  'hint.YAML_MISSING_KEY': 'añade la clave esperada',
  'error.YAML_WRONG_TYPE': 'el valor es de otra clase',
  'hint.YAML_WRONG_TYPE': 'escribe lo que se espera; la guía muestra ficheros enteros',
  'error.YAML_NUMBER': 'el número está fuera de rango',
  'hint.YAML_NUMBER': 'los números son enteros y tienen 64 bits como mucho',
  'error.YAML_FILE': 'un fichero que este nombra no se puede leer',
  'hint.YAML_FILE': 'las rutas cuentan desde la carpeta del fichero que las nombra',
  'error.SCENARIO_LAYOUT': 'ningún Realm se puede disponer así',
  'hint.SCENARIO_LAYOUT': 'la memoria ocupa páginas enteras de la mitad baja del espacio IPA, cada página una vez',
  'error.SCENARIO_NAME': 'el escenario no tiene tal cosa',
  'hint.SCENARIO_NAME': 'toma uno de los nombres esperados',
  'error.SCENARIO_COMMAND': 'no existe tal orden o registro',
  'hint.SCENARIO_COMMAND': 'docs/reference/rmm-1.0 enumera las órdenes con sus argumentos',
  'error.SCENARIO_MACHINE': 'el anfitrión no tiene memoria propia en esta máquina',
  'hint.SCENARIO_MACHINE': 'normal.entry ha de estar en uno de los bancos, con un MiB detrás',
  'error.MANIFEST_PLACE': 'ningún RMM llevaría esto a cabo',
  'hint.MANIFEST_PLACE': 'las direcciones están en la mitad baja del espacio IPA, en múltiplos de lo que se asigna',
  'error.MANIFEST_ORDER': 'un Realm que extiende medidas ya funciona, y su medida inicial es definitiva',
  'hint.MANIFEST_ORDER': 'pon measurement-extend detrás de todas las demás operaciones',
  'error.MANIFEST_TOO_LONG': 'el manifiesto da demasiados resúmenes',
  'hint.MANIFEST_TOO_LONG': 'inicia los rangos grandes con entradas mayores: el nivel 2 abarca 2 MiB',
} as const;
