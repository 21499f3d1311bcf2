const hints: readonly [RegExp, string][] = [
  [/'vmlinux\.h' file not found/, 'give the BTF of a kernel, or a folder that has vmlinux.h'],
  [
    /bpf_helper(?:s|_defs)\.h:\d+:\d+: error: unknown type name '__u/,
    'include "vmlinux.h" or <linux/bpf.h> before <bpf/bpf_helpers.h>',
  ],
  [
    /'(?:linux|asm|asm-generic)\/[^']*' file not found/,
    'the kernel’s headers for programs are missing: apt-get install linux-libc-dev, or include "vmlinux.h" instead',
  ],
  [
    /No available targets are compatible with triple "bpf|unknown target triple 'bpf/,
    'this clang was built without BPF: install a distribution’s clang',
  ],
];

/** What to do about an error, where that is known. */
export function hintFor(output: string): string | undefined {
  return hints.find(([pattern]) => pattern.test(output))?.[1];
}
