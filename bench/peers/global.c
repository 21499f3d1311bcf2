/* SPDX-License-Identifier: MIT */
/* Reads a data section by looking up its map, as a program without a mapping of it would: global OBJECT MAP ROUNDS. Prints nanoseconds a lookup. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "common.h"

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_map *map;
	double start, spent;
	unsigned char value[4096];
	__u32 key = 0;
	int rounds, fd;

	if (argc != 4)
		return 2;
	rounds = atoi(argv[3]);
	object = bpf_object__open(argv[1]);
	if (!object || bpf_object__load(object))
		die(argv[1]);
	map = bpf_object__find_map_by_name(object, argv[2]);
	if (!map || bpf_map__value_size(map) > sizeof(value))
		die(argv[2]);
	fd = bpf_map__fd(map);
	start = now_ns();
	for (int i = 0; i < rounds; i++)
		if (bpf_map_lookup_elem(fd, &key, value))
			die("BPF_MAP_LOOKUP_ELEM");
	spent = now_ns() - start;
	printf("%.3f\n", spent / rounds);
	bpf_object__close(object);
	return 0;
}
