/** What the author of a program can do about a complaint of the verifier, in the kernel's words on the left. */
const hints: readonly (readonly [RegExp, string])[] = [
  [
    /invalid mem access '(map_value|mem|ptr\w*|sock\w*|alloc_mem|rdonly_mem|rdwr_mem)\w*_or_null'/,
    'The pointer may be NULL: bpf_map_lookup_elem() and its kind return NULL when there is nothing. Test it before using it.',
  ],
  [
    /invalid mem access '(scalar|inv)'/,
    'A plain number is used as a pointer. Memory of the kernel or of a process is read with bpf_probe_read_kernel(), bpf_probe_read_user() or, in programs with BTF types, directly through a typed pointer.',
  ],
  [
    /program of this type cannot use helper|unknown func /,
    'This helper is not there for this program type on this kernel: check the section name, and the kernel version that brought the helper.',
  ],
  [
    /cannot call GPL[- ]restricted function/,
    'The helper is for GPL-compatible programs only: declare char LICENSE[] SEC("license") = "GPL" (or "Dual BSD/GPL", "Dual MIT/GPL").',
  ],
  [
    /infinite loop detected|back-edge from insn/,
    'The verifier must see the loop end: bound it by a constant, or use bpf_loop() (5.17) or bpf_for() (6.4).',
  ],
  [
    /BPF program is too large|sequence of \d+ jumps is too complex/,
    'Too many paths to walk: split the program into global functions or tail calls, bound the loops more tightly, or use bpf_loop().',
  ],
  [
    /invalid bpf_context access/,
    'This field of the context cannot be accessed in this way (offset, size, or writing) by this program type: check that the context struct is that of the section name.',
  ],
  [
    /invalid access to (map value|map key|packet|memory)|makes \w+ pointer be out of bounds|min value is (negative|outside)|unbounded memory access|max value is outside|R\d+ unbounded/,
    'The access is not proven to be inside: compare the index or the packet pointer with its limit first, or mask it (index & (SIZE - 1)). Keep the index unsigned.',
  ],
  [
    /!read_ok|invalid (indirect )?read from stack|invalid read from stack/,
    'A register or part of the stack is used before it is set: initialise the variable (struct x = {}), padding included, and return a value on every path.',
  ],
  [
    /combined stack size|stack (depth|limit)|Looks like the BPF stack limit/,
    'The stack has 512 bytes for a program and all it calls: move large variables into a per-CPU array map.',
  ],
  [
    /[Uu]nreleased reference|reference leak/,
    'Every reference that the program takes (bpf_sk_lookup_*, bpf_ringbuf_reserve, …) must be given back on every path.',
  ],
  [
    /number of funcs in func_info doesn't match/,
    'A function whose address is taken (a callback of bpf_loop() and its kind) is one to Linux 5.13 and newer only.',
  ],
  [/unreachable insn/, 'There are instructions that no path reaches; compile with optimisation (-O2).'],
  [
    /At program exit the register R0|has value .* should have been in/,
    'This program type may return only certain values: check what its return value means to the kernel.',
  ],
  [
    /kernel BTF|attach_btf_id|is not a kernel function|kernel function .* is not allowed/,
    'The function is not in this kernel, or not for this program type.',
  ],
  [
    /failed to find|invalid func unknown#|CO-RE/,
    'Something that the program relies on is not in this kernel (a CO-RE relocation that did not match becomes this instruction).',
  ],
];

/** What to do about a complaint; undefined for one that rawbpf has no advice for. */
export function hintFor(reason: string): string | undefined {
  return hints.find(([pattern]) => pattern.test(reason))?.[1];
}
