/* SPDX-License-Identifier: MIT */
/* An arena with a list, a tree and variables, for tests of typed access: the programs make them, and read what user space changed. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#define PAGES 64
#define BPF_MAP_TYPE_ARENA 33
#define MAX_NODES 1000

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PAGES);
} arena SEC(".maps");

struct node {
	struct node *next;
	__u64 value;
	char name[8];
	__u32 low : 5;
	__s32 high : 11;
	_Bool odd : 1;
	struct {
		int x, y;
	} at;
	__u32 history[4];
	struct node *around[2];
	union {
		__u64 word;
		__u8 bytes[8];
	};
};

/* Addresses as user space has them; what a program may touch is the result of kernel(). */
struct node *head;
__u64 outside;
__u64 freed;

__u64 counter SEC(".addr_space.1") = 40;
struct node first SEC(".addr_space.1") = { .value = 99, .name = "first" };

extern void *bpf_arena_alloc_pages(void *map, void *address, __u32 pages, int node, __u64 flags) __ksym;
extern void bpf_arena_free_pages(void *map, void *address, __u32 pages) __ksym;

/* addr_space_cast(r1, 0, 1), which compilers without address spaces do not know. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CAST ".8byte 0x00000001000111bf\n"
#else
#define CAST ".8byte 0xbf11000100000001\n"
#endif

static __always_inline void *kernel(void *user)
{
	void *pointer;

	asm volatile("r1 = %1\n" CAST "%0 = r1" : "=r"(pointer) : "r"(user) : "r1");
	return pointer;
}

struct build_args {
	__u64 count;
};

/* Makes a list of nodes, the last made first in it, with the page that holds them; returns 0, or its own line. */
SEC("syscall")
int build(struct build_args *args)
{
	struct node *page = bpf_arena_alloc_pages(&arena, 0, 8, -1, 0);
	struct node *before = 0, *user, *n, *variable;
	__u64 *count, i;

	if (!page)
		return __LINE__;
	for (i = 0; i < MAX_NODES && i < args->count; i++) {
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
	__u64 total = 0, i;

	/* A program may touch the arena of the map that it names. */
	asm volatile("" : : "r"(&arena));
	for (i = 0; i < MAX_NODES && user; i++) {
		n = kernel(user);
		total += n->value;
		user = n->next;
	}
	return total;
}

/* Allocates a page, and frees it again: an address with nothing behind it. */
SEC("syscall")
int free_one(void *ctx)
{
	void *page = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0);

	if (!page)
		return __LINE__;
	freed = (__u64)page;
	bpf_arena_free_pages(&arena, page, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
