import type { demoRealm as en } from '../en/demo-realm.ts';

export const demoRealm = {
  'demo.attacks.realms.title': 'Ataques a un realm: {count} más, y qué detiene cada uno',
  'demo.attacks.realms.opening':
    'La tabla deja al host fuera de la memoria. Pero el host sigue decidiendo qué se asigna, qué se ejecuta y qué se le dice al invitado. {count} atacantes se valen de eso. Bajo una llamada rechazada está la fila de la especificación por la que el RMM dijo que no, con su condición.',

  'demo.realm-create.title': 'Nace un realm',
  'demo.realm-create.opening':
    'Una página es poca cosa. Ahora el host construye toda una máquina virtual con gránulos que ha delegado: un realm. Pone cada pieza, y después no es dueño de ninguna. Cada llamada se muestra con sus argumentos por nombre.',
  'demo.realm-create.realm':
    'El realm mismo: rd guardará su descriptor. Cómo ha de ser consta en una página de parámetros: {bits} bits de dirección, SHA-256.',
  'demo.realm-create.table': 'Una tabla de traducción, para direcciones del invitado (IPA).',
  'demo.realm-create.ripas':
    'Al invitado se le promete RAM de 0 a {ram}. La promesa se llama RIPAS y es su parte del trato: el host no podrá retirarla a escondidas.',
  'demo.realm-create.data': 'La primera página con contenido: el núcleo. El RMM la copia y la mide.',
  'demo.realm-create.rec':
    'Una CPU virtual: un contexto de ejecución (REC), y gránulos auxiliares donde guardar sus registros.',
  'demo.realm-create.activate': 'Desde aquí ya no se puede medir nada más, y el invitado puede ejecutarse.',
  'demo.realm-create.refused': 'Lo que el host acaba de rellenar queda fuera de su alcance:',
  'demo.realm-create.closing':
    '{granules} gránulos son ahora del mundo Realm, cada uno con un papel: descriptor, tabla, REC, datos. El RMM lleva la lista, y un gránulo tiene un solo papel a la vez.',

  'demo.realm-measure.title': 'Con qué empezó el realm',
  'demo.realm-measure.opening':
    'El realm lo construyó el host. ¿Por qué fiarse de lo que hay dentro? Porque todo lo que cuenta se resumió en orden: la medida inicial del realm (RIM).',
  'demo.realm-measure.enter': 'El host entra en el REC, y el invitado se ejecuta:',
  'demo.realm-measure.read': 'El invitado pide su medida 0. Vuelven ocho registros; aquí están de una pieza.',
  'demo.realm-measure.again':
    'Lo mismo desde fuera, sin la máquina: parámetros, RAM prometida, página del núcleo, REC. Cada resumen entra en el siguiente.',
  'demo.realm-measure.other': 'Y con una letra del núcleo cambiada:',
  'demo.realm-measure.closing':
    'Los dos caminos llevan al mismo número, y un host que entrega otro núcleo obtiene otro. No puede impedir que el RMM lleve la cuenta.',

  'demo.realm-run.title': 'El realm se ejecuta',
  'demo.realm-run.opening':
    'El invitado se ejecuta en EL1 del mundo Realm. Cuando necesita algo del host, el REC sale, y el host lee en la página de ejecución lo que tiene que saber, y nada más.',
  'demo.realm-run.enter': 'Primero una llamada al RMM, de la que el host no se entera:',
  'demo.realm-run.store': 'Después el invitado guarda un secreto. Aún no hay página, así que hace falta el host:',
  'demo.realm-run.provide':
    'El host conoce la página (hpfar lleva su número, cuatro bits a la izquierda), no el valor. Pone una página vacía y deja que el invitado lo intente otra vez.',
  'demo.realm-run.ask': 'El invitado también puede preguntar. Escribe el número de su pregunta y llama al host:',
  'demo.realm-run.answer':
    'El host contesta en el registro 0, y el invitado encuentra la respuesta en su página, junto a su secreto:',
  'demo.realm-run.leave': 'Al final el invitado se apaga. Su memoria sigue cerrada de todos modos:',
  'demo.realm-run.closing':
    'No hubo que fiarse de nadie: el host puede hacer esperar al invitado, pero no puede mirar ni contestar lo que no se le preguntó.',

  'demo.realm-resize.title': 'El realm mengua y vuelve a crecer',
  'demo.realm-resize.opening':
    'El invitado devuelve la página en {at} y más tarde quiere RAM allí otra vez. Invitado y host tienen cada uno la mitad de la decisión: el primero su RIPAS, el segundo la memoria.',
  'demo.realm-resize.shrink': 'El invitado dice EMPTY (0). El host se entera y lo lleva a cabo:',
  'demo.realm-resize.take': 'Ahora el host puede quitar la página sin romper ninguna promesa, y recuperarla:',
  'demo.realm-resize.empty': 'El secreto del invitado no está en ella.',
  'demo.realm-resize.touch': 'Si el invitado va allí ahora, recibe un fallo propio. Al host no se le pregunta.',
  'demo.realm-resize.grow': 'El invitado dice RAM (1) otra vez:',
  'demo.realm-resize.again': 'El host pone una página, y el invitado encuentra RAM sin nada dentro:',
  'demo.realm-resize.closing':
    'Un cambio de RIPAS siempre empieza dentro. El host puede negarse o tardar. No puede empezarlo.',

  'demo.realm-double-map.title': 'Una página en dos realms',
  'demo.realm-double-map.opening':
    'El host tiene un realm hecho por él y le asigna la página {page} de otro, para leer a la vez.',
  'demo.realm-double-map.other': 'En el espía:',
  'demo.realm-double-map.same': 'Y dos veces en el mismo realm, para confundirlo:',
  'demo.realm-double-map.closing':
    'El papel del gránulo. Para contener datos, un gránulo ha de estar DELEGATED, y este ya es DATA.',

  'demo.realm-ripas-rollback.title': 'Una página se cambia por otra vacía',
  'demo.realm-ripas-rollback.opening':
    'El host destruye la página en {at}, con el trabajo del invitado dentro, y pone una nueva, con la esperanza de que el invitado siga como si nunca hubiera escrito.',
  'demo.realm-ripas-rollback.destroy': 'Puede hacerlo: la memoria es del host.',
  'demo.realm-ripas-rollback.entry': 'Pero la tabla se acuerda: ripas 2 es DESTROYED.',
  'demo.realm-ripas-rollback.ram': 'Dos comandos podrían volver a hacerla RAM:',
  'demo.realm-ripas-rollback.load':
    'El invitado lee. No obtiene ceros. Se detiene, hasta que el host traiga algo con lo que el invitado esté de acuerdo:',
  'demo.realm-ripas-rollback.closing':
    'El RIPAS. INIT es para realms que no han empezado; SET, solo para lo que pidió el invitado. El host puede romper la promesa, pero no sin que el invitado lo note.',

  'demo.realm-foreign-rec.title': 'El deseo de un realm, concedido a otro',
  'demo.realm-foreign-rec.opening':
    'Un segundo realm es cómplice del host. Pide que {at} pase a EMPTY, y el host se lo aplica a la víctima.',
  'demo.realm-foreign-rec.request': 'El cómplice lo pide:',
  'demo.realm-foreign-rec.apply': 'El host nombra a la víctima, con el REC del cómplice:',
  'demo.realm-foreign-rec.entry': 'La entrada de la víctima sigue diciendo ripas 1, RAM:',
  'demo.realm-foreign-rec.closing': 'El dueño del REC. Un deseo solo vale para el realm del que viene.',

  'demo.realm-running-rec.title': 'Una CPU virtual se destruye mientras se ejecuta',
  'demo.realm-running-rec.opening':
    'El PE 0 ejecuta al invitado. En el PE 1 el host destruye su REC, para hacerse con el gránulo de los registros.',
  'demo.realm-running-rec.enter': 'El PE 0 está dentro:',
  'demo.realm-running-rec.destroy': 'Entretanto, en el PE 1:',
  'demo.realm-running-rec.second': '¿O ejecutarlo otra vez, para que dos PE compartan unos mismos registros?',
  'demo.realm-running-rec.on': 'El PE 0 no ha notado nada:',
  'demo.realm-running-rec.closing':
    'El estado del REC. Entrar lo hace RUNNING y solo la salida lo hace READY de nuevo, lo pida el PE que lo pida.',

  'demo.realm-registers.title': 'El host lee registros a través de una salida',
  'demo.realm-registers.opening':
    'El invitado tiene su secreto {secret} en X4 a X30. El host hace que se detenga: le basta con no poner una página. Después mira todo lo que deja una salida.',
  'demo.realm-registers.inside': 'Dentro:',
  'demo.realm-registers.store': 'El invitado guarda el secreto en una página que falta:',
  'demo.realm-registers.exit': 'El registro de salida. Ni siquiera contiene lo que se iba a guardar:',
  'demo.realm-registers.outside': 'Y los registros del PE, ahora que el host ha vuelto a él:',
  'demo.realm-registers.closing':
    'El registro de salida, tan corto como puede ser: que se tocaron datos, y en qué página. El RMM guarda los registros, y EL3 devuelve al host los suyos.',

  'demo.realm-unwiped.title': 'El host lee lo que queda en una página',
  'demo.realm-unwiped.opening':
    'Una página del invitado guarda su secreto. El host la destruye y recupera el gránulo. Dos veces: con este RMM, y con uno que olvida borrar.',
  'demo.realm-unwiped.sound': 'Con el RMM tal como es:',
  'demo.realm-unwiped.broken': 'Con un RMM que olvida borrar todas las llamadas parecen iguales, y el secreto sale:',
  'demo.realm-unwiped.closing':
    'Ceros. La tabla solo dice quién puede mirar; de lo que hay para ver se ocupa el RMM, cada vez que un gránulo cambia de papel.',

  'demo.realm-run-page.title': 'La página de ejecución cambia mientras se lee',
  'demo.realm-run-page.opening':
    'En la página de ejecución el host puede dar al invitado una interrupción virtual ({allowed}), pero no una atada al hardware ({forbidden}). Así que enseña al RMM la primera y la cambia por la segunda entre la comprobación y el uso: la escribe un dispositivo, por DMA.',
  'demo.realm-run-page.honest': 'Dicho abiertamente, se rechaza:',
  'demo.realm-run-page.raced': 'Con el cambio justo después de la primera lectura:',
  'demo.realm-run-page.page': 'La página sí cambió, el host lo ve:',
  'demo.realm-run-page.exit': 'Pero la interrupción que tuvo el invitado es la que se comprobó:',
  'demo.realm-run-page.closing':
    'Una copia. El RMM lee la página una vez, y comprueba y usa lo que ha leído. Lo que le pase después a la página no importa.',

  'demo.realm-mapped-under.title': 'Memoria del host bajo una dirección del realm',
  'demo.realm-mapped-under.opening':
    'El invitado se fía de su mitad inferior. El host pone allí una página suya, en {at}, y leería cada palabra que guarde el invitado.',
  'demo.realm-mapped-under.open': 'En la mitad superior, desde {shared}, la misma llamada está permitida:',
  'demo.realm-mapped-under.closing':
    'El bit más alto de la dirección. Por debajo solo caben gránulos del mundo Realm; por encima la memoria es compartida, y el invitado lo sabe.',

  'demo.realm-forged-value.title': 'Una respuesta falsa para una página que falta',
  'demo.realm-forged-value.opening':
    'El host hace de dispositivo: contesta con valores a las lecturas del invitado. Ahora el invitado lee de su propia RAM en {at}, falta la página, y el host contesta con {forged}.',
  'demo.realm-forged-value.load': 'El invitado lee:',
  'demo.realm-forged-value.answer': 'El host vuelve a entrar, con la marca emul_mmio y su valor:',
  'demo.realm-forged-value.closing':
    'La última salida. El RMM recuerda si fue en la dirección de un dispositivo, y no acepta valores para ninguna otra.',

  'demo.realm-destroy.title': 'El realm se va, y su memoria vuelve vacía',
  'demo.realm-destroy.opening':
    'El host desmonta el realm. Puede hacerlo en cualquier momento: un realm está a salvo de miradas, no de que lo terminen.',
  'demo.realm-destroy.early': 'Pero en orden. Mientras haya REC y tablas, el descriptor se queda:',
  'demo.realm-destroy.order': 'Así que de las hojas a la raíz. Cada gránulo se borra y se devuelve:',
  'demo.realm-destroy.empty':
    'Los {granules} gránulos son otra vez del host. Acaba de leer todos sus bytes, y esto es lo que encontró:',
  'demo.realm-destroy.closing': 'El secreto estaba en uno de ellos. Nadie más que el invitado lo ha visto.',

  'demo.end.explain': 'qué dice la especificación de un comando, fila por fila',
} as const satisfies Record<keyof typeof en, string>;
