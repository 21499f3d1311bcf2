/* SPDX-License-Identifier: MIT */
/*
 * Prints values by their types with libbpf. Usage: format-value BTF; each line of stdin is
 * TYPE_ID FLAGS HEX, the flags a sum of 1 (compact), 2 (skip names), 4 (emit zeroes). Answers the
 * returned size or error, the text in angle brackets behind it, and a line of "---".
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(void *ctx, const char *format, va_list arguments)
{
	vfprintf(ctx, format, arguments);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return 0;
}

int main(int argc, char **argv)
{
	struct btf *btf;
	unsigned id, flags;
	static char hex[1 << 20];

	libbpf_set_print(quiet);
	btf = argc == 2 ? btf__parse(argv[1], NULL) : NULL;
	if (!btf)
		return 1;
	while (scanf("%u %u %1048575s", &id, &flags, hex) == 3) {
		LIBBPF_OPTS(btf_dump_type_data_opts, options);
		size_t size = strcmp(hex, "-") ? strlen(hex) / 2 : 0;
		/* Exactly as large as the value, so that an address sanitizer sees what is read beyond. */
		unsigned char *bytes = malloc(size ? size : 1);
		struct btf_dump *dump;
		char *text;
		size_t length, i;
		FILE *out = open_memstream(&text, &length);
		int result;

		dump = btf_dump__new(btf, print, out, NULL);
		if (!bytes || !dump || !out)
			return 1;
		for (i = 0; i < size; i++)
			sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
		options.compact = flags & 1;
		options.skip_names = flags & 2;
		options.emit_zeroes = flags & 4;
		result = btf_dump__dump_type_data(dump, id, bytes, size, &options);
		fclose(out);
		printf("%d <%s>\n---\n", result, text);
		btf_dump__free(dump);
		free(text);
		free(bytes);
	}
	return 0;
}
