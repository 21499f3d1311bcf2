/* SPDX-License-Identifier: MIT */
/* Values and globals of every shape, for tests of typed access. The programs fill and check them. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

enum color { RED, GREEN = 5, BLUE = -1 };
enum big { SMALL_ONE = 1, LARGE_ONE = 0x1234567890abcdefULL };

typedef __u32 counter_t;
typedef volatile counter_t deep_t;

struct bits {
	__u32 a : 1;
	__u32 b : 7;
	__s32 c : 9;
	__u32 d : 15;
	__u64 e : 40;
	__s64 f : 24;
	__u8 plain;
	__u8 g : 3;
	_Bool h : 1;
};

struct __attribute__((packed)) packed {
	__u8 tag;
	__u64 value;
	__u16 tail;
};

struct node {
	struct node *next;
	int weight;
};

struct everything {
	__s8 s8;
	__u8 u8;
	__s16 s16;
	__u16 u16;
	__s32 s32;
	__u32 u32;
	__s64 s64;
	__u64 u64;
	_Bool yes;
	char letter;
	enum color color;
	char name[16];
	__u8 raw[5];
	__u16 matrix[2][3];
	struct bits bits;
	struct packed packed;
	union {
		__u32 word;
		__u8 bytes[4];
		struct {
			__u16 low;
			__u16 high;
		};
	};
	union {
		__u64 number;
		struct packed packed;
	} choice;
	struct {
		int x, y;
	} points[2];
	struct node node;
	void *address;
	deep_t deep;
	char words[2][8];
};

/* In .rodata: set before load. */
const volatile __s8 ro_s8 = -8;
const volatile __u16 ro_u16 = 16;
const volatile __u64 ro_u64 = 0x8000000000000001ULL;
const volatile __s64 ro_s64 = -64;
const volatile _Bool ro_bool = 1;
const volatile enum color ro_color = GREEN;
const volatile char ro_name[16] = "read only";
const volatile struct packed ro_packed = { .tag = 1, .value = 2, .tail = 3 };
const volatile __u32 ro_array[4] = { 1, 2, 3, 4 };

/* In .data. */
int rw_int = -1;
__u64 rw_u64 = 1ULL << 63;
char rw_name[8] = "writable";
enum big rw_big = LARGE_ONE;
struct everything rw_everything = {
	.s8 = -1, .u8 = 255, .s16 = -2, .u16 = 65535, .s32 = -3, .u32 = 4294967295u, .s64 = -4, .u64 = ~0ULL,
	.yes = 1, .letter = 'x', .color = BLUE, .name = "everything", .raw = { 1, 2, 3, 4, 5 },
	.matrix = { { 1, 2, 3 }, { 4, 5, 6 } },
	.bits = { .a = 1, .b = 100, .c = -200, .d = 30000, .e = 0xabcdef0123ULL, .f = -5000000, .plain = 77, .g = 5, .h = 1 },
	.packed = { .tag = 9, .value = 0x0102030405060708ULL, .tail = 10 },
	.word = 0x11223344,
	.choice = { .number = 42 },
	.points = { { 1, -1 }, { 2, -2 } },
	.node = { .weight = 3 },
	.deep = 7,
	.words = { "one", "two" },
};
static int rw_hidden = 12;

/* In .bss. */
__u64 zero_u64;
__u32 zero_array[3];
struct everything zero_everything;

/* In sections of their own. */
const volatile int own_ro SEC(".rodata.own") = 5;
int own_rw SEC(".data.own") = 6;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct packed);
	__type(value, struct everything);
} by_struct SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct bits);
} bit_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, char[16]);
	__type(value, enum color);
} by_name SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, 8);
	__uint(value_size, 24);
} untyped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct {
		__u32 left;
		__u32 right;
	});
} anonymous SEC(".maps");

char LICENSE[] SEC("license") = "GPL";
__u32 VERSION SEC("version") = 0x060100;

/* Copies rw_everything into by_struct and zero_everything; returns its own line where the kernel disagrees with user space. */
SEC("raw_tp")
int copy_everything(void *ctx)
{
	struct packed key = ro_packed;
	__u32 zero = 0;
	struct bits *bits;

	if (bpf_map_update_elem(&by_struct, &key, &rw_everything, BPF_ANY))
		return __LINE__;
	bits = bpf_map_lookup_elem(&bit_array, &zero);
	if (!bits)
		return __LINE__;
	*bits = rw_everything.bits;
	zero_everything = rw_everything;
	zero_u64 = ro_u64 + rw_u64;
	zero_array[2] = ro_array[3];
	rw_hidden++;
	own_rw += own_ro;
	return 0;
}

/* Whether user space wrote bit_array[1] as it should have: every field as in rw_everything.bits. */
SEC("raw_tp")
int check_bits(void *ctx)
{
	__u32 one = 1;
	struct bits *bits = bpf_map_lookup_elem(&bit_array, &one);

	if (!bits)
		return __LINE__;
	if (bits->a != 1)
		return __LINE__;
	if (bits->b != 100)
		return __LINE__;
	if (bits->c != -200)
		return __LINE__;
	if (bits->d != 30000)
		return __LINE__;
	if (bits->e != 0xabcdef0123ULL)
		return __LINE__;
	if (bits->f != -5000000)
		return __LINE__;
	if (bits->plain != 77 || bits->g != 5 || !bits->h)
		return __LINE__;
	return 0;
}

/* Keeps the other maps and globals in the object. */
SEC("raw_tp")
int touch_rest(void *ctx)
{
	char name[16] = "touched";
	enum color color = ro_color;
	__u64 key = 1, value[3] = { 1, 2, 3 };
	__u32 id = 1;
	struct {
		__u32 left;
		__u32 right;
	} pair = { 3, 4 };

	bpf_map_update_elem(&by_name, name, &color, BPF_ANY);
	bpf_map_update_elem(&untyped, &key, value, BPF_ANY);
	bpf_map_update_elem(&per_cpu, &id, &key, BPF_ANY);
	bpf_map_update_elem(&anonymous, &id, &pair, BPF_ANY);
	return ro_s8 + ro_u16 + ro_bool + ro_name[1] + (ro_s64 == -64) + rw_int + rw_name[1] + (rw_big == SMALL_ONE);
}
