/** The story of `fourworlds demo`. Facts in braces are filled in by the scene that a sentence belongs to. */
export const demo = {
  'demo.title': 'fourworlds: the story so far',
  'demo.intro':
    'What you read was not written beforehand: a machine has just booted, all of this was done on it, and every address and fault code below is what its software found. Worlds and address spaces go by short names: NS Non-secure (the Normal world), S Secure, RL Realm, RT Root. EL is the exception level, from 0 (an application) to 3 (the monitor).',
  'demo.label.tried': 'Tried',
  'demo.label.stopped': 'Stopped by',
  'demo.label.written': 'Written in',
  'demo.yes': 'yes',
  'demo.stopped': 'STOPPED',
  'demo.not-stopped': 'NOT STOPPED',
  'demo.failed': 'DOES NOT HOLD: {id}. Expected: {expected}. Found: {found}.',
  'demo.fault.level': 'level {level}',
  'demo.fault.entry': 'the table says {gpi}',

  'demo.worlds.title': 'Four worlds, one memory',
  'demo.worlds.opening':
    'Three worlds run side by side and do not trust each other. A fourth, Root, switches between them. Addresses are where each is entered, and where the tables of Root lie.',
  'demo.worlds.normal': 'Normal world',
  'demo.worlds.normal-who': 'the host, at EL2',
  'demo.worlds.secure': 'Secure world',
  'demo.worlds.secure-who': 'a service, at EL1',
  'demo.worlds.realm': 'Realm world',
  'demo.worlds.realm-who': 'the RMM, at EL2',
  'demo.worlds.root': 'Root world: the monitor, at EL3. Worlds reach it by SMC, a call.',
  'demo.worlds.root-who': 'It alone writes the granule protection tables (GPT), at {at}.',
  'demo.worlds.check': 'The granule protection check (GPC) looks every access up in the GPT.',
  'demo.worlds.memory': 'Memory: granules of 4 KiB. Each belongs to one world, to all or to none.',
  'demo.worlds.closing':
    'RMM is the Realm Management Monitor: it looks after realms, the virtual machines that not even the host may look into. A physical address alone says nothing: each access also names a physical address space (PAS), one for each world. The check compares it with what the table says of the granule.',

  'demo.boot.title': 'Boot',
  'demo.boot.opening':
    'A machine of {pes} processing elements (PEs) and {paBits}-bit addresses starts in Root. EL3 writes the tables for 2^{ppsBits} bytes first and turns the check on. Only then does other software run: the Secure service, the RMM, and at the end the host.',
  'demo.boot.version': 'The host asks the RMM which interface it speaks. The answer is version {revision}:',

  'demo.map.title': 'The memory map, by world',
  'demo.map.opening':
    'Read from the tables themselves, in order of address. The letter is the owner: N Non-secure, S Secure, R Realm, T Root, A all of them. The bar grows with the logarithm of the size.',
  'demo.map.reach':
    'And who gets in? {granules} loads, really made: each world (the rows) tries a granule of each owner (the columns), in every address space that it can name.',
  'demo.map.closing':
    'Secure and Realm can look into Normal memory, never into each other. Root gets everywhere, but only by naming the right address space.',

  'demo.journey.title': 'A granule goes to the Realm world and comes back',
  'demo.journey.opening':
    'The host owns the page at {page}. It lends the page to the Realm world, and later gets it back.',
  'demo.journey.written': 'The host leaves something in its page.',
  'demo.journey.before':
    'The table for this page, before. Level 0 (L0) points to a table for one GiB; there, one contiguous entry speaks for 512 MiB at once.',
  'demo.journey.delegate':
    'The host delegates the page. Lines with a bar are what the machine did inside: the RMM asks EL3; EL3 splits the entry (shatter), empties caches (DC CIPAPA) and makes every TLB, a memory of past checks, forget (TLBI); the RMM wipes the page.',
  'demo.journey.during':
    'Now the entry holds sixteen granules, four bits each: 9 is Non-secure, b is Realm. Number 5, counted from 0 on the right, is our page.',
  'demo.journey.refused':
    'The host looks again. The check refuses: a granule protection fault (GPF). ESR says what happened and FAR where.',
  'demo.journey.wiped':
    'The RMM looks, too: what the host had left is gone. Then the Realm world leaves a secret of its own.',
  'demo.journey.undelegate':
    'The host wants the page back. First the RMM wipes it. In between it belongs to nobody, so that nothing late can get through.',
  'demo.journey.after': 'The table is what it was: the sixteen granules are one entry again (fuse).',
  'demo.journey.empty': 'And the host finds zeros, not the secret.',
  'demo.journey.closing':
    'Nobody had to trust the host. It started both moves, but the RMM wiped and EL3 wrote the table.',

  'demo.attacks.granules.title': 'Attacks: {count} ways in, and what stops each',
  'demo.attacks.granules.opening':
    'Now {count} attackers try. Each gets a machine of its own. In most of them the page at {page} belongs to the Realm world, with a secret in it.',

  'demo.host-reads.title': 'The host reads a page it gave away',
  'demo.host-reads.opening':
    'The host delegates the page {page} and then reads it, hoping for the secret of the Realm world.',
  'demo.host-reads.read': 'The host gets a Data Abort at its own level. DFSC 0x28 means: granule protection fault.',
  'demo.host-reads.routed':
    'A machine with SCR_EL3.GPF = 1 sends the same fault to EL3 first. There the registers say more: GPCSC 0x0d is a GPF at level 1, and MFAR_EL3 names address space and page. The host only gets an external abort, DFSC 0x10.',
  'demo.host-reads.closing':
    'The granule protection check. The access names Non-secure space, the entry says Realm. It does not matter how the host maps the page: the check comes after translation.',

  'demo.secure-reads.title': 'The Secure world reads a Realm page',
  'demo.secure-reads.opening':
    'A service at S-EL1 has been taken over. It can name two address spaces, Non-secure and Secure, and tries the page {page} in both.',
  'demo.secure-reads.closing':
    'The same check, twice. Secure is not above Realm: each space matches its own granules only. And Realm space is not in reach, since Secure page tables have no bits to ask for it.',

  'demo.device-writes.title': 'A device overwrites the monitor',
  'demo.device-writes.opening':
    'A disk controller is told to write to {target} by DMA. There lies Root memory, the home of the monitor. No PE is involved, so no check of a PE can help.',
  'demo.device-writes.allowed': 'Host memory is open to the disk, as it should be:',
  'demo.device-writes.attack':
    'Root memory is not. Nothing is written, and the SMMU keeps a record of the first fault:',
  'demo.device-writes.after': 'EL3 looks: the memory is as it was.',
  'demo.device-writes.closing':
    'The SMMU, the gate between devices and memory. It has a granule protection check of its own, over the same tables.',

  'demo.stale-tlb.title': 'The host lives on a stale TLB entry',
  'demo.stale-tlb.opening':
    'PE 1 reads the page {page}, so that its TLB holds the answer "Non-secure". Then PE 0 delegates the page, and PE 1 reads again at once.',
  'demo.stale-tlb.sound':
    'With the monitor as it is. The line with a bar is a cache that writes the secret back to memory, as caches may do at any time.',
  'demo.stale-tlb.broken':
    'With a monitor that forgets the TLBI, the same moves go through, and the secret is out. In strict mode the machine reports it:',
  'demo.stale-tlb.closing':
    'TLBI RPALOS, the instruction by which EL3 makes every PE and the SMMU forget. It stands between writing the entry and telling the host. Without it the table is right and the attack works.',

  'demo.foreign-fetch.title': 'A world runs code of another world',
  'demo.foreign-fetch.opening':
    'Three try to execute what is not theirs: the host from the Realm page {page}, and then the RMM and EL3 from the host page {hostPage}, where the host may have planted code.',
  'demo.foreign-fetch.host': 'The host branches into the Realm page. This is a GPF on a fetch: IFSC 0x28.',
  'demo.foreign-fetch.realm':
    'The RMM may read the host page, since Realm can name Non-secure space. It must not execute there: IFSC {ifsc}.',
  'demo.foreign-fetch.root': 'EL3 executes from Root space only:',
  'demo.foreign-fetch.closing':
    'Two different rules. The host is stopped by the granule protection check. The RMM and EL3 are stopped earlier, by translation: a permission fault. The check would have let them through, for the page is Non-secure and they asked for Non-secure.',

  'demo.forged-entry.title': 'The host forges a table entry',
  'demo.forged-entry.opening':
    'The host knows where the entry for its page lies: {entry}. It writes "Non-secure" into it, sixteen times. Then it asks EL3 directly, as if it were the RMM.',
  'demo.forged-entry.target': 'The entries that decide about the page {page}:',
  'demo.forged-entry.store': 'Stores to the level 1 entry, and to the level 0 entry above it:',
  'demo.forged-entry.after': 'EL3 looks: both are as they were.',
  'demo.forged-entry.ask': 'The call that only the RMM may make, and the page itself:',
  'demo.forged-entry.closing':
    'The tables protect themselves: they lie in granules that they call Root. And EL3 looks at who calls, not only at what is asked.',

  'demo.end.title': 'The end, for now',
  'demo.end.count': '{stopped} of {count} attacks were stopped.',
  'demo.end.failed': 'This machine does not do what it should. See the lines that say DOES NOT HOLD.',
  'demo.end.next': 'To go on from here:',
  'demo.end.map': 'the map again, region by region',
  'demo.end.walk': 'one check, step by step, with the bits of each entry',
  'demo.end.shell': 'a prompt over a machine of your own: be the attacker',
  'demo.end.documents':
    'Documents, all public: DDI 0487 is the Arm Architecture Reference Manual, DEN0129 the RME System Architecture, DEN0137 the Realm Management Monitor specification, IHI 0070 the SMMUv3 architecture, and RMM-EL3 the interface described in the documentation of Trusted Firmware-A.',
} as const;
