/* SPDX-License-Identifier: MIT */
/*
 * Looks up every key of a hash map from u64 to u64, one call each: map OBJECT ENTRIES ROUNDS
 * Prints nanoseconds a lookup.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "common.h"

int main(int argc, char **argv)
{
	struct bpf_object *object;
	__u64 value, sum = 0;
	int entries, rounds;
	double start, spent;
	int fd;

	if (argc != 4)
		return 2;
	entries = atoi(argv[2]);
	rounds = atoi(argv[3]);
	object = bpf_object__open(argv[1]);
	if (!object || bpf_object__load(object))
		die(argv[1]);
	fd = bpf_object__find_map_fd_by_name(object, "counter_table");
	for (__u64 key = 0; key < entries; key++) {
		value = key + 1;
		if (bpf_map_update_elem(fd, &key, &value, BPF_ANY))
			die("BPF_MAP_UPDATE_ELEM");
	}
	start = now_ns();
	for (int i = 0; i < rounds; i++)
		for (__u64 key = 0; key < entries; key++) {
			if (bpf_map_lookup_elem(fd, &key, &value))
				die("BPF_MAP_LOOKUP_ELEM");
			sum += value;
		}
	spent = now_ns() - start;
	if (sum != (__u64)rounds * entries * (entries + 1) / 2) {
		fprintf(stderr, "wrong values\n");
		return 1;
	}
	printf("%.3f\n", spent / ((double)rounds * entries));
	bpf_object__close(object);
	return 0;
}
