/* What libbpf makes of BTF: `dedup IN OUT [BASE]`, `distill IN BASE OUT OUT_BASE`, `relocate IN DISTILLED BASE OUT`; `version`. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if LIBBPF_MAJOR_VERSION > 1 || LIBBPF_MINOR_VERSION >= 5
#define HAS_DISTILL 1
#endif

static struct btf *checked(struct btf *btf, const char *path)
{
	if (!btf) {
		perror(path);
		exit(1);
	}
	return btf;
}

static struct btf *opened(const char *path, struct btf *base)
{
	return checked(base ? btf__parse_split(path, base) : btf__parse(path, NULL), path);
}

static void save(const struct btf *btf, const char *path)
{
	__u32 size;
	const void *data = btf__raw_data(btf, &size);
	FILE *file = fopen(path, "w");

	if (!data || !file || fwrite(data, 1, size, file) != size || fclose(file)) {
		perror(path);
		exit(1);
	}
}

static void check(int result, const char *what)
{
	if (result) {
		fprintf(stderr, "%s: %s\n", what, strerror(-result));
		exit(2);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "version")) {
		printf("%u.%u\n", libbpf_major_version(), libbpf_minor_version());
		return 0;
	}
	if (argc >= 4 && !strcmp(argv[1], "dedup")) {
		struct btf *btf = opened(argv[2], argc > 4 ? opened(argv[4], NULL) : NULL);

		check(btf__dedup(btf, NULL), "btf__dedup");
		save(btf, argv[3]);
		return 0;
	}
#ifdef HAS_DISTILL
	if (argc == 6 && !strcmp(argv[1], "distill")) {
		struct btf *base, *split;

		check(btf__distill_base(opened(argv[2], opened(argv[3], NULL)), &base, &split), "btf__distill_base");
		save(split, argv[4]);
		save(base, argv[5]);
		return 0;
	}
	if (argc == 6 && !strcmp(argv[1], "relocate")) {
		struct btf *btf = opened(argv[2], opened(argv[3], NULL));

		check(btf__relocate(btf, opened(argv[4], NULL)), "btf__relocate");
		save(btf, argv[5]);
		return 0;
	}
#endif
	fprintf(stderr, "not known: %s\n", argv[1]);
	return 3;
}
