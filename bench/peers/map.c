/* SPDX-License-Identifier: MIT */
/*
 * Looks up or updates every key of a hash map from u64 to u64, one call each, or reads all of them by batches:
 * map lookup|update|batch OBJECT ENTRIES ROUNDS
 * Prints nanoseconds an element, of the fastest round.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "common.h"

/* Elements of a batch, and those that the object's map has room for. */
enum { BATCH = 16384, MAX_ENTRIES = 10240 };

static __u64 look_up(int fd, int entries)
{
	__u64 value, sum = 0;

	for (__u64 key = 0; key < entries; key++) {
		if (bpf_map_lookup_elem(fd, &key, &value))
			die("BPF_MAP_LOOKUP_ELEM");
		sum += value;
	}
	return sum;
}

static __u64 update(int fd, int entries)
{
	__u64 value, sum = 0;

	for (__u64 key = 0; key < entries; key++) {
		value = key + 1;
		if (bpf_map_update_elem(fd, &key, &value, BPF_ANY))
			die("BPF_MAP_UPDATE_ELEM");
		sum += value;
	}
	return sum;
}

static __u64 read_batches(int fd, int entries)
{
	static __u64 keys[BATCH], values[BATCH];
	__u64 sum = 0, key_sum = 0;
	__u32 place, count;
	void *from = NULL;
	int ended;

	do {
		count = BATCH;
		ended = bpf_map_lookup_batch(fd, from, &place, keys, values, &count, NULL);
		if (ended && errno != ENOENT)
			die("BPF_MAP_LOOKUP_BATCH");
		for (__u32 i = 0; i < count; i++) {
			key_sum += keys[i];
			sum += values[i];
		}
		from = &place;
	} while (!ended);
	if (key_sum + entries != sum) {
		fprintf(stderr, "wrong keys\n");
		exit(1);
	}
	return sum;
}

int main(int argc, char **argv)
{
	__u64 (*work)(int fd, int entries);
	struct bpf_object *object;
	int entries, rounds;
	double start, spent, best = 0;
	__u64 sum = 0;
	int fd;

	if (argc != 5)
		return 2;
	work = !strcmp(argv[1], "lookup") ? look_up : !strcmp(argv[1], "update") ? update : read_batches;
	entries = atoi(argv[3]);
	rounds = atoi(argv[4]);
	object = bpf_object__open(argv[2]);
	if (object && entries > MAX_ENTRIES)
		bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "counter_table"), entries);
	if (!object || bpf_object__load(object))
		die(argv[2]);
	fd = bpf_object__find_map_fd_by_name(object, "counter_table");
	update(fd, entries);
	for (int i = 0; i < rounds; i++) {
		start = now_ns();
		sum += work(fd, entries);
		spent = now_ns() - start;
		if (i == 0 || spent < best)
			best = spent;
	}
	if (sum != (__u64)rounds * entries * (entries + 1) / 2) {
		fprintf(stderr, "wrong values\n");
		return 1;
	}
	printf("%.3f\n", best / entries);
	bpf_object__close(object);
	return 0;
}
