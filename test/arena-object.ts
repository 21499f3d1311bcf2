import type { Test } from 'tap';
import { hostEndian } from '../src/abi/index.js';
import { Kernel } from '../src/kernel/index.js';
import { liveSys } from '../src/syscall/index.js';
import { compile } from './compile.js';
import { needs } from './live.js';

/** True where arenas can be tested; skips with the reason where not. */
export function needsArena(t: Test): boolean {
  if (!needs(t, { bpf: true, tools: ['clang'] })) return false;
  const { release, versionCode } = Kernel.running(liveSys());
  if (versionCode >= 0x060900) return true;
  t.plan(0, `arenas need Linux 6.9, this is ${release}`);
  return false;
}

/** `addr_space_cast(r1, 0, 1)`, which makes an address as user space has it one that a program may touch; for compilers that do not know address spaces. */
export const cast = `".8byte 0x${hostEndian === 'little' ? '00000001000111bf' : 'bf11000100000001'}"`;

/** Path of an object with an arena, and variables in it: `build` makes a list of nodes, `sum` reads what user space made of it. */
export function arenaObject(t: Test): string {
  return compile(t, source, 'arena');
}

const source = `
struct {
  __uint(type, 33);
  __uint(map_flags, 1024);
  __uint(max_entries, 64);
} arena SEC(".maps");

struct node {
  struct node *next;
  u64 value;
  char name[8];
  u32 low : 5;
  int high : 11;
  _Bool odd : 1;
  struct {
    int x, y;
  } at;
  u32 history[4];
  struct node *around[2];
  union {
    u64 word;
    unsigned char bytes[8];
  };
};

/* Addresses as user space has them; what a program may touch is the result of kernel(). */
struct node *head;

u64 counter SEC(".addr_space.1") = 40;
struct node first SEC(".addr_space.1") = { .value = 99, .name = "first" };

void *bpf_arena_alloc_pages(void *map, void *address, u32 pages, int node, u64 flags) SEC(".ksyms");

static inline __attribute__((always_inline)) void *kernel(void *user)
{
  void *pointer;

  asm volatile("r1 = %1\\n" ${cast} "\\n%0 = r1" : "=r"(pointer) : "r"(user) : "r1");
  return pointer;
}

struct build_args {
  u64 count;
};

/* Makes a list of nodes, the last made first in it, with the page that holds them; returns 0, or its own line. */
SEC("syscall")
int build(struct build_args *args)
{
  struct node *page = bpf_arena_alloc_pages(&arena, 0, 8, -1, 0);
  struct node *before = 0, *user, *n, *variable;
  u64 *count, i;

  if (!page)
    return __LINE__;
  for (i = 0; i < 1000 && i < args->count; i++) {
    user = page + i % 256;
    n = kernel(user);
    n->value = i * i;
    n->name[0] = 'a' + i % 26;
    n->low = i;
    n->high = -(int)i;
    n->odd = i & 1;
    n->at.x = i;
    n->at.y = -i;
    n->history[3] = i;
    n->around[0] = user;
    n->around[1] = before;
    n->word = 0x0102030405060708ULL;
    n->next = before;
    before = user;
  }
  head = before;
  count = kernel(&counter);
  *count += args->count;
  variable = kernel(&first);
  variable->next = before;
  return 0;
}

/* The sum of the values in the list, which user space may have changed. */
SEC("syscall")
int sum(void *ctx)
{
  struct node *user = head, *n;
  u64 total = 0, i;

  /* A program may touch the arena of the map that it names. */
  asm volatile("" : : "r"(&arena));
  for (i = 0; i < 1000 && user; i++) {
    n = kernel(user);
    total += n->value;
    user = n->next;
  }
  return total;
}
`;
