/* SPDX-License-Identifier: MIT */
/* Prints what libbpf takes each section name for, a line each: NAME TYPE ATTACH_TYPE, or NAME alone when it does not know it. */
#include <stdio.h>
#include <bpf/libbpf.h>

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

int main(int argc, char **argv)
{
	libbpf_set_print(silent);
	for (int i = 1; i < argc; i++) {
		enum bpf_attach_type attach_type = 0;
		enum bpf_prog_type type;

		if (libbpf_prog_type_by_name(argv[i], &type, &attach_type))
			printf("%s\n", argv[i]);
		else
			printf("%s %d %d\n", argv[i], type, attach_type);
	}
	return 0;
}
