/* SPDX-License-Identifier: MIT */
/* Loads and attaches an object as libbpf does, with a write to standard output before each, for strace to see. */
#include <unistd.h>
#include <bpf/libbpf.h>

static void mark(const char *text, size_t length)
{
	if (write(STDOUT_FILENO, text, length) < 0)
		_exit(3);
}

int main(int argc, char **argv)
{
	struct bpf_object *object = argc == 2 ? bpf_object__open(argv[1]) : NULL;
	struct bpf_program *program;

	if (!object)
		return 1;
	mark("load\n", 5);
	if (bpf_object__load(object))
		return 1;
	mark("attach\n", 7);
	bpf_object__for_each_program(program, object)
		if (!bpf_program__attach(program))
			return 1;
	mark("done\n", 5);
	return 0;
}
