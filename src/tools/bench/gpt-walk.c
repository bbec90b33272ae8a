// The yardstick of `npm run bench -- gpc`: the granule protection check as a plain walk, with every validity rule of a machine
// without extensions and nothing cached. Walks a byte copy of the machine's tables for a list of addresses and times itself.
//
//   gpt-walk TABLES LIST PAS PASSES    prints: allowed accesses of one pass, addresses, nanoseconds of all passes
//
// TABLES: eight 64-bit numbers (t, s, p, valid GPIs, level 0 base and size, level 1 base and size), then both tables.
// LIST: 64-bit addresses. PAS: {NSE,NS} as a number.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PAS_NON_SECURE = 1, GPI_ALL = 15 };

typedef struct {
  uint64_t t, s, p, valid_gpis, l0_base, l0_size, l1_base, l1_size;
} Header;

static Header h;
static const uint64_t *l0;
static const uint64_t *l1;
static uint64_t table_align_mask;

static int is_valid(uint64_t gpi) { return (h.valid_gpis >> (gpi & 15)) & 1; }

static int permits(uint64_t gpi, uint64_t pas) { return gpi == GPI_ALL || gpi == (8 | pas); }

static int check(uint64_t pa, uint64_t pas) {
  if (pa >> h.t) return pas == PAS_NON_SECURE;

  uint64_t entry = l0[h.t > h.s ? pa >> h.s : 0];
  if ((entry & 15) == 1) {
    uint64_t gpi = (entry >> 4) & 15;
    return entry >> 8 == 0 && is_valid(gpi) && permits(gpi, pas);
  }
  if ((entry & 15) != 3) return 0;
  if (entry & 0xfff0000000000ff0) return 0;
  uint64_t table = entry & 0x000ffffffffff000;
  if (table & table_align_mask) return 0;
  if (table >> h.t) return 0;
  uint64_t offset = table - h.l1_base;
  // Anything else is memory that the copy does not have: an external abort.
  if (offset >= h.l1_size) return 0;

  uint64_t index = (pa & ((1ull << h.s) - 1)) >> (h.p + 4);
  entry = l1[offset / 8 + index];
  if ((entry & 15) == 1) {
    uint64_t gpi = (entry >> 4) & 15;
    return entry >> 10 == 0 && (entry & 0x300) != 0 && is_valid(gpi) && permits(gpi, pas);
  }
  for (int i = 0; i < 64; i += 4)
    if (!is_valid(entry >> i)) return 0;
  return permits((entry >> (4 * ((pa >> h.p) & 15))) & 15, pas);
}

static void *read_all(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) exit(4);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  void *bytes = malloc(*size + 1);
  if (bytes == NULL || fread(bytes, 1, *size, file) != *size) exit(4);
  fclose(file);
  return bytes;
}

static uint64_t pass(const uint64_t *list, size_t count, uint64_t pas) {
  uint64_t allowed = 0;
  for (size_t i = 0; i < count; i++) allowed += (uint64_t)check(list[i], pas);
  return allowed;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  size_t size;
  const char *tables = read_all(argv[1], &size);
  h = *(const Header *)tables;
  if (size != sizeof h + h.l0_size + h.l1_size) return 3;
  l0 = (const uint64_t *)(tables + sizeof h);
  l1 = (const uint64_t *)(tables + sizeof h + h.l0_size);
  table_align_mask = (1ull << (h.s - h.p - 1)) - 1;
  const uint64_t *list = read_all(argv[2], &size);
  size_t count = size / 8;
  uint64_t pas = strtoull(argv[3], NULL, 10);
  unsigned passes = (unsigned)atoi(argv[4]);

  uint64_t allowed = pass(list, count, pas);
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  for (unsigned i = 0; i < passes; i++) {
    // Equal passes are not one pass: the compiler has to believe that memory may have changed.
    __asm__ volatile("" ::: "memory");
    if (pass(list, count, pas) != allowed) return 70;
  }
  clock_gettime(CLOCK_MONOTONIC, &b);
  long long ns = (b.tv_sec - a.tv_sec) * 1000000000ll + (b.tv_nsec - a.tv_nsec);
  printf("%llu %zu %lld\n", (unsigned long long)allowed, count, ns);
  return 0;
}
