/* SPDX-License-Identifier: MIT */
/* Opens an object and prints its programs and maps, without loading it: inspect OBJECT */
#include <bpf/libbpf.h>
#include "common.h"

int main(int argc, char **argv)
{
	struct bpf_program *program;
	struct bpf_object *object;
	struct bpf_map *map;

	if (argc != 2)
		return 2;
	object = bpf_object__open(argv[1]);
	if (!object)
		die(argv[1]);
	bpf_object__for_each_program(program, object)
		printf("%s\t%s\t%s\t%zu\n", bpf_program__name(program), bpf_program__section_name(program),
		       libbpf_bpf_prog_type_str(bpf_program__type(program)), bpf_program__insn_cnt(program));
	bpf_object__for_each_map(map, object)
		printf("%s\t%s\t%u\t%u\t%u\n", bpf_map__name(map), libbpf_bpf_map_type_str(bpf_map__type(map)),
		       bpf_map__key_size(map), bpf_map__value_size(map), bpf_map__max_entries(map));
	bpf_object__close(object);
	return 0;
}
