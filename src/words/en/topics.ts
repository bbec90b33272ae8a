/** What `fourworlds help TOPIC` explains. Lines are at most 80 columns, printed as they stand. */
export const topics = {
  'topic.title': 'Concepts',
  'topic.seeAlso': 'See also',
  'topic.worlds.title': 'the four worlds, and who may ask for which memory',
  'topic.worlds': `The four worlds

  NS  Normal   the operating system and the hypervisor: the host
  S   Secure   trusted services, such as a key store
  RL  Realm    confidential virtual machines (realms) and their monitor, the RMM
  RT  Root     the firmware at EL3, which switches between the others

A world is a Security state of a PE. SCR_EL3.{NSE,NS} selects the one of EL2 and
below; EL3 is always Root. Each world has a physical address space (PAS), and
an access names the PAS it wants. Not every world can name every PAS:

  from      can name
  Normal    NS
  Secure    NS, S
  Realm     NS, RL
  Root      NS, S, RL, RT

What it can name, it need not get: the granule protection check decides that.`,
  'topic.gpt.title': 'the granule protection tables and their codes',
  'topic.gpt': `The granule protection tables (GPT)

The tables lie in Root memory. They say of each granule which PAS may touch it,
with a four-bit code, the GPI:

  letter  GPI          code  who gets in
  .       NO_ACCESS    0000  nobody
  S       SECURE       1000  accesses to the Secure PAS
  N       NON_SECURE   1001  accesses to the Non-secure PAS
  T       ROOT         1010  accesses to the Root PAS
  R       REALM        1011  accesses to the Realm PAS
  O       NSO          1101  Non-secure, from Normal or EL3 (FEAT_RME_GPC2)
  A       ALL          1111  everybody
  y p     SA, NSP      010x  no PE, only devices (FEAT_RME_GDI)

Level 0 has one entry for each 2^s bytes (1 GiB on the base machine): a Block
with one GPI, or a Table that names a level 1 table. A level 1 entry is
Contiguous (one GPI for 2, 32 or 512 MiB) or holds sixteen GPIs, a granule each.
GPTBR_EL3 says where level 0 lies, GPCCR_EL3 how the tables are to be read.

Every access of every PE and every device is checked before it is made. DDI 0487
D9 writes the check as GranuleProtectionCheck() and the walk as GPTWalk().`,
  'topic.granule.title': 'the unit of protection, and how it changes hands',
  'topic.granule': `A granule

4 KiB of memory (16 or 64 KiB where GPCCR_EL3.PGS says so) that one world owns.

A granule travels from Normal to Realm world and back like this:

  host   RMI_GRANULE_DELEGATE    the host gives a granule away
  RMM    checks that it may, and asks EL3 (RMM_GTSI_DELEGATE)
  EL3    cleans the caches to the point of physical aliasing, writes the GPI,
         invalidates every copy of the old one (TLBI RPALOS)
  RMM    wipes the granule: a realm begins with empty memory
  ...
  host   RMI_GRANULE_UNDELEGATE  the RMM wipes it again, EL3 gives it back

Try it:

  printf 'smc RMI_GRANULE_DELEGATE 0x88100000\\nread 0x88100000\\n' | fourworlds shell`,
  'topic.tlb.title': 'why a changed table is not enough',
  'topic.tlb': `TLBs and granule protection

A PE may keep what it read from the tables. After a table has changed, the old
answer can stay in use until EL3 invalidates it:

  TLBI PAALL     everything, on this PE
  TLBI PAALLOS   everything, on every PE and the SMMU
  TLBI RPAOS     a range of physical addresses, all levels
  TLBI RPALOS    a range of physical addresses, last level only

In this machine a forgotten TLBI can be seen: the stale entry really is used.
In strict mode each use of a stale entry is reported as a finding
(STALE_GPT_TLB); at the prompt of the shell: strict on, then findings.`,
  'topic.trace.title': 'how to read a line of the trace',
  'topic.trace': `The trace

Everything observable is an event, and each event is a line:

      12  PE0 NS.EL2  SMC RMI_GRANULE_DELEGATE    0x8810_0000
       |   |             |                        |
       |   |             what happened            its details, then the result
       |   who did it: a PE with its world and EL, or a device
       number of the event

The same seed and the same commands give the same trace, byte for byte. In the
shell, trace on shows events as they happen and trace last 20 the latest ones.`,
  'topic.machine.title': 'the shipped machines, and how to describe your own',
  'topic.machine': `Machines

  base   the memory map of Arm's Base platform: 8 PEs, 4 GiB, 48-bit addresses
  max    the same with every extension of the check (GPC2, GPC3, GDI)
  large  64 GiB of DRAM

Your own is a file in JSON or YAML. extends starts from a shipped machine, and
what the file names replaces what that machine has:

  extends: base
  name: two-pes
  pes: 2
  gpt:
    contiguousBitsMax: 0

Numbers may be written as 4096, 0x1000, "0x8000_0000" or "32 MiB". The keys:

  name paBits pes framesMax seed isStrict isGpfToEl3 content (plain | encrypted)
  features   gpc2 gpc3 gdi sel2 granule16k granule64k
  ram        list of: name base size fill keptByReset
  devices    list of: name base size
  gpt        ppsBits l0Bits granuleBits l0Base l0Size l1Base l1Size
             contiguousBitsMax, regions: list of name base size gpi how
  rmm        base sharedBuffer
  banks      list of: base size (memory that realms may be built from)
  normal     entry
  secure     entry, or null for a machine without a partition

  fourworlds gpt show --machine my-machine.yaml`,
} as const;
