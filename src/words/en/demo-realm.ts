/** The second half of the story: a Realm's life, and nine attacks on it. */
export const demoRealm = {
  'demo.attacks.realms.title': 'Attacks on a realm: {count} more, and what stops each',
  'demo.attacks.realms.opening':
    'The table keeps the host out of the memory. But the host still decides what is mapped, what runs, and what the guest is told. {count} attackers use that. Below a refused call stands the row of the specification by which the RMM refused it, with its condition.',

  'demo.realm-create.title': 'A realm is born',
  'demo.realm-create.opening':
    'A page is a small thing. Now the host builds a whole virtual machine out of granules that it has delegated: a realm. It gives every part, and owns none of them afterwards. Each call is shown with its arguments by name.',
  'demo.realm-create.realm':
    'The realm itself: rd will hold its descriptor. What it shall be like stands in a page of parameters: {bits} address bits, SHA-256.',
  'demo.realm-create.table': 'A translation table, for addresses of the guest (IPA).',
  'demo.realm-create.ripas':
    'The guest is promised RAM from 0 to {ram}. The promise is called RIPAS, and it is the guest’s side of the bargain: the host will not be able to take it back in secret.',
  'demo.realm-create.data': 'The first page with contents: the kernel. The RMM copies it and measures it.',
  'demo.realm-create.rec':
    'A virtual CPU: a realm execution context (REC), and auxiliary granules to keep its registers in.',
  'demo.realm-create.activate': 'From here on nothing can be measured any more, and the guest may run.',
  'demo.realm-create.refused': 'What the host has just filled in itself is out of its reach:',
  'demo.realm-create.closing':
    '{granules} granules belong to the Realm world now, each with a role: descriptor, table, REC, data. The RMM keeps the list, and a granule has one role at a time.',

  'demo.realm-measure.title': 'What the realm began with',
  'demo.realm-measure.opening':
    'The host built the realm. Why should anyone trust what is in it? Because everything that counts was hashed in order: the Realm Initial Measurement (RIM).',
  'demo.realm-measure.enter': 'The host enters the REC, and the guest runs:',
  'demo.realm-measure.read':
    'The guest asks for its measurement 0. Eight registers come back; here they are in one piece.',
  'demo.realm-measure.again':
    'The same from outside, without the machine: parameters, promised RAM, kernel page, REC. Each digest goes into the next.',
  'demo.realm-measure.other': 'And with one letter of the kernel changed:',
  'demo.realm-measure.closing':
    'Both ways lead to the same number, and a host that hands in another kernel gets another one. It cannot stop the RMM from counting.',

  'demo.realm-run.title': 'The realm runs',
  'demo.realm-run.opening':
    'The guest runs at EL1 of the Realm world. When it needs something from the host, the REC exits, and the host reads in the run page what it has to know, and no more.',
  'demo.realm-run.enter': 'First a call to the RMM, which the host does not notice:',
  'demo.realm-run.store': 'Then the guest stores a secret. No page is there yet, so the host is needed:',
  'demo.realm-run.provide':
    'The host knows the page (hpfar holds its number, four bits to the left), not the value. It provides an empty page and lets the guest try again.',
  'demo.realm-run.ask': 'The guest may also ask on purpose. It writes the number of its question, and calls the host:',
  'demo.realm-run.answer':
    'The host answers in register 0, and the guest finds the answer in its page, beside its secret:',
  'demo.realm-run.leave': 'At last the guest turns itself off. Its memory stays closed all the same:',
  'demo.realm-run.closing':
    'Nothing of this had to be trusted: the host can let the guest wait, but it cannot look, and it cannot answer what it was not asked.',

  'demo.realm-resize.title': 'The realm gets smaller, and larger again',
  'demo.realm-resize.opening':
    'The guest gives back the page at {at}, and later wants RAM there again. Guest and host each have half of the decision: the guest its RIPAS, the host the memory.',
  'demo.realm-resize.shrink': 'The guest says EMPTY (0). The host hears of it and carries it out:',
  'demo.realm-resize.take': 'Now the host may unmap the page without breaking a promise, and take it back:',
  'demo.realm-resize.empty': 'The guest’s secret is not in it.',
  'demo.realm-resize.touch': 'If the guest goes there now, it gets a fault of its own. The host is not asked.',
  'demo.realm-resize.grow': 'The guest says RAM (1) again:',
  'demo.realm-resize.again': 'The host provides a page, and the guest finds RAM with nothing in it:',
  'demo.realm-resize.closing':
    'A change of RIPAS always begins inside. The host can refuse or be slow. It cannot begin one.',

  'demo.realm-double-map.title': 'One page in two realms',
  'demo.realm-double-map.opening':
    'The host has a realm of its own making and maps the page {page} of another realm into it, to read along.',
  'demo.realm-double-map.other': 'Into the spy:',
  'demo.realm-double-map.same': 'And twice into the same realm, to confuse it:',
  'demo.realm-double-map.closing':
    'The granule’s role. To become data, a granule has to be DELEGATED, and this one is DATA already.',

  'demo.realm-ripas-rollback.title': 'A page is swapped for an empty one',
  'demo.realm-ripas-rollback.opening':
    'The host destroys the page at {at} with the guest’s work in it and maps a fresh one, hoping that the guest goes on as if it had never written.',
  'demo.realm-ripas-rollback.destroy': 'It may: the memory is the host’s to take.',
  'demo.realm-ripas-rollback.entry': 'But the table remembers: ripas 2 is DESTROYED.',
  'demo.realm-ripas-rollback.ram': 'Two commands could make it RAM again:',
  'demo.realm-ripas-rollback.load':
    'The guest reads. It does not get zeros. It stops, until the host comes up with something that the guest has agreed to:',
  'demo.realm-ripas-rollback.closing':
    'The RIPAS. INIT is for realms that have not started, SET only for what the guest asked for. The host can break the promise, but not so that the guest does not notice.',

  'demo.realm-foreign-rec.title': 'A wish of one realm, granted to another',
  'demo.realm-foreign-rec.opening':
    'A second realm is the host’s accomplice. It asks to make {at} EMPTY, and the host applies that to the victim.',
  'demo.realm-foreign-rec.request': 'The accomplice asks:',
  'demo.realm-foreign-rec.apply': 'The host names the victim, with the REC of the accomplice:',
  'demo.realm-foreign-rec.entry': 'The victim’s entry still says ripas 1, RAM:',
  'demo.realm-foreign-rec.closing': 'The owner of the REC. A wish counts only for the realm that it comes from.',

  'demo.realm-running-rec.title': 'A virtual CPU is destroyed while it runs',
  'demo.realm-running-rec.opening':
    'PE 0 runs the guest. On PE 1 the host destroys its REC, to get hold of the granule with the registers.',
  'demo.realm-running-rec.enter': 'PE 0 is inside:',
  'demo.realm-running-rec.destroy': 'Meanwhile, on PE 1:',
  'demo.realm-running-rec.second': 'Or run it a second time, so that two PEs share one set of registers?',
  'demo.realm-running-rec.on': 'PE 0 has noticed nothing:',
  'demo.realm-running-rec.closing':
    'The state of the REC. Entering makes it RUNNING and only the exit makes it READY again, whichever PE asks.',

  'demo.realm-registers.title': 'The host reads registers through an exit',
  'demo.realm-registers.opening':
    'The guest has its secret {secret} in X4 to X30. The host makes it stop: it just does not map a page. Then it looks at everything an exit leaves.',
  'demo.realm-registers.inside': 'Inside:',
  'demo.realm-registers.store': 'The guest stores the secret to a page that is missing:',
  'demo.realm-registers.exit': 'The record. Not even the register that was to be stored is in it:',
  'demo.realm-registers.outside': 'And the registers of the PE, now that the host is on it again:',
  'demo.realm-registers.closing':
    'The exit record, which is as short as it can be: that data was touched, and in which page. The RMM keeps the registers, and EL3 gives the host its own back.',

  'demo.realm-unwiped.title': 'The host reads what is left in a page',
  'demo.realm-unwiped.opening':
    'A page of the guest holds its secret. The host destroys it and takes the granule back. Twice: with this RMM, and with one that forgets to wipe.',
  'demo.realm-unwiped.sound': 'With the RMM as it is:',
  'demo.realm-unwiped.broken': 'With an RMM that forgets to wipe, all calls look the same, and the secret is out:',
  'demo.realm-unwiped.closing':
    'Zeros. The table only says who may look; what is there to be seen is the RMM’s care, each time a granule changes its role.',

  'demo.realm-run-page.title': 'The run page changes while it is read',
  'demo.realm-run-page.opening':
    'In the run page the host may give the guest a virtual interrupt ({allowed}), but not one that is tied to hardware ({forbidden}). So it shows the RMM the first, and swaps it for the second between check and use: a device writes it by DMA.',
  'demo.realm-run-page.honest': 'Said openly, it is refused:',
  'demo.realm-run-page.raced': 'With the swap right after the first read:',
  'demo.realm-run-page.page': 'The page did change, the host sees it:',
  'demo.realm-run-page.exit': 'But the interrupt that the guest had is the one that was checked:',
  'demo.realm-run-page.closing':
    'A copy. The RMM reads the page once, and checks and uses what it has read. What happens to the page afterwards does not matter.',

  'demo.realm-mapped-under.title': 'Host memory under a realm address',
  'demo.realm-mapped-under.opening':
    'The guest trusts its lower half. The host maps a page of its own there, at {at}, and would read every word the guest stores.',
  'demo.realm-mapped-under.open': 'In the upper half, from {shared} on, the same call is fine:',
  'demo.realm-mapped-under.closing':
    'The top bit of the address. Below it only granules of the Realm world can be mapped; above it memory is shared, and the guest knows.',

  'demo.realm-forged-value.title': 'A forged answer to a missing page',
  'demo.realm-forged-value.opening':
    'The host plays devices: it answers the guest’s loads there with values. Now the guest loads from its own RAM at {at}, the page is missing, and the host answers with {forged}.',
  'demo.realm-forged-value.load': 'The guest reads:',
  'demo.realm-forged-value.answer': 'The host enters again, with the flag emul_mmio and its value:',
  'demo.realm-forged-value.closing':
    'The last exit. The RMM remembers whether it was at an address of a device, and takes values for no other.',

  'demo.realm-destroy.title': 'The realm goes, and its memory comes back empty',
  'demo.realm-destroy.opening':
    'The host takes the realm apart. It may do so at any time: a realm is safe from being read, not from being ended.',
  'demo.realm-destroy.early': 'But in order. While there are RECs and tables, the descriptor stays:',
  'demo.realm-destroy.order': 'So from the leaves to the root. Each granule is wiped and undelegated:',
  'demo.realm-destroy.empty':
    'All {granules} granules are the host’s again. It has just read every byte of them, and this is what it found:',
  'demo.realm-destroy.closing': 'The secret was in one of them. Nobody but the guest has ever seen it.',

  'demo.end.explain': 'what the specification says of a command, row by row',
} as const;
