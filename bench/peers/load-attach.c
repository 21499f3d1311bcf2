/* SPDX-License-Identifier: MIT */
/*
 * Loads and attaches an opened object, time after time: load-attach OBJECT TIMES
 * Prints the nanoseconds of the fastest time. Closing is not counted: the kernel waits in it until no CPU runs the programs.
 */
#include <bpf/libbpf.h>
#include "common.h"

int main(int argc, char **argv)
{
	double fastest = 0;

	if (argc != 3)
		return 2;
	for (int i = 0; i < atoi(argv[2]); i++) {
		struct bpf_object *object = bpf_object__open(argv[1]);
		struct bpf_link *links[64];
		struct bpf_program *program;
		double start = now_ns(), spent;
		int count = 0;

		if (!object || bpf_object__load(object))
			die(argv[1]);
		bpf_object__for_each_program(program, object) {
			links[count] = bpf_program__attach(program);
			if (!links[count++])
				die(bpf_program__name(program));
		}
		spent = now_ns() - start;
		if (i == 0 || spent < fastest)
			fastest = spent;
		while (count)
			bpf_link__destroy(links[--count]);
		bpf_object__close(object);
	}
	printf("%.0f\n", fastest);
	return 0;
}
