/* SPDX-License-Identifier: MIT */
/*
 * load-one FILE PROGRAM: loads one program of an object by libbpf, and prints what libbpf says, with the verifier's log. Exits with 0 when the kernel took
 * it, 1 when it did not.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <bpf/libbpf.h>

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : vprintf(format, args);
}

int main(int argc, char **argv)
{
	struct bpf_program *prog;
	struct bpf_object *obj;

	if (argc != 3)
		return 2;
	libbpf_set_print(print);
	obj = bpf_object__open_file(argv[1], NULL);
	if (!obj)
		return 2;
	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), argv[2]));
	return bpf_object__load(obj) ? 1 : 0;
}
