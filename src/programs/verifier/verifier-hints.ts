/** What the author of a program can do about a complaint of the verifier, in the kernel's words on the left. */
const hints: readonly (readonly [RegExp, string])[] = [
  [
    /invalid mem access '\w+_or_null_?\w*'|Possibly NULL pointer|pointer type \w+ may be NULL|type=\w*_or_null/,
    'The pointer may be NULL: bpf_map_lookup_elem() and its kind return NULL when there is nothing, and a pointer argument of a global function may be NULL. Test it before using it.',
  ],
  [
    /Arg#\d+ type \S+ in \S+ is not supported|Caller passes invalid args|arg#\d+ .*global func/i,
    'A global function is verified alone, by the types of its arguments: numbers, the context and (Linux 5.11) pointers to memory of known size, which it has to test for NULL. Make it static to have it verified where it is called.',
  ],
  [
    /holding a lock|inside bpf_spin_lock-ed region|bpf_spin_unlock is missing/,
    'Between bpf_spin_lock() and bpf_spin_unlock() there may be no other calls, and every path has to unlock: call what you need before bpf_spin_lock().',
  ],
  [
    /bpf_rcu_read_(lock-ed region|unlock is missing)|rcu_read_lock/,
    'Every path from bpf_rcu_read_lock() has to come to bpf_rcu_read_unlock(), and pointers got in between are good only until then.',
  ],
  [
    /preempt_(disable|enable)|local_irq_|IRQ-disabled/,
    'What a program turns off (preemption, interrupts) it has to turn on again on every path.',
  ],
  [
    /might sleep|sleepable (helper|kfunc|map)|non-sleepable prog|in sleepable/,
    'This sleeps, and only sleepable programs may: use a section name with .s (SEC("lsm.s/…"), SEC("uprobe.s"), SEC("fentry.s/…")), or a helper that does not.',
  ],
  [
    /[Uu]nreleased reference|reference leak|must be released/,
    'Every reference that the program takes (bpf_sk_lookup_*, bpf_ringbuf_reserve, bpf_task_from_pid, bpf_iter_*_new, …) must be given back on every path: also before returning early and before bpf_throw().',
  ],
  [
    /calling kernel function \S+ is not allowed/,
    'This kfunc is not there for this program type: check the section name.',
  ],
  [
    /dynptr/i,
    'A dynptr is made by bpf_dynptr_from_mem(), bpf_dynptr_from_skb() or bpf_ringbuf_reserve_dynptr() before it is used, stays on the stack, and is not written to directly.',
  ],
  [
    /iterator|iter_(num|task|css|bits)\w*|uninitialized iter/,
    'An iterator goes through _new, _next until that returns NULL, and _destroy, on every path: bpf_for() and bpf_for_each() do so.',
  ],
  [
    /must point to scalar|must be referenced or trusted|expected pointer to|expects referenced|must be a (known|rcu)|must have zero offset when passed|PTR_TO_BTF_ID passed/,
    'The kfunc wants another pointer: one that a helper, kfunc or the context gave (referenced or trusted), of the type that it declares, and not one that was computed or read from memory.',
  ],
  [
    /\btype=\S+ expected=/,
    'The helper takes another kind of argument: its prototype in bpf_helper_defs.h says which. A key or a value is passed by its address.',
  ],
  [
    /misaligned/,
    'An access has to be at a multiple of its size, always on the stack, elsewhere where the processor wants it: order the members by size, or copy with __builtin_memcpy().',
  ],
  [
    /write into map forbidden|cannot write into (rdonly|packet)|read into map forbidden|R\d+ cannot write into/,
    'This memory is read-only to programs: .rodata and constants, maps with BPF_F_RDONLY_PROG, packets of program types that may not change them.',
  ],
  [
    /pointer arithmetic|math between|bitwise operator|pointer operation prohibited|pointer subtraction/,
    'Only bounded numbers can be added to and subtracted from a pointer, and not from every kind: compute the number first, compare it with its limit as an unsigned one, and test the pointer for NULL before.',
  ],
  [
    /leaks addr|pointer comparison prohibited|attempted to .* pointer|spill .*pointer|partial copy of pointer/,
    'Without CAP_PERFMON a program may not let kernel addresses out: not return them, store them in maps or compare them.',
  ],
  [
    /exception|bpf_throw/,
    'bpf_throw() (Linux 6.7) ends the whole program: it can be called where nothing is held, and its callback is a global function marked __exception_cb.',
  ],
  [
    /unknown opcode|uses reserved fields|BPF_\w+ uses/,
    'The compiler made an instruction that this kernel does not know: compile for an older processor (-mcpu=v3: Linux 5.1; v4 needs 6.6, may_goto 6.9, arenas 6.9).',
  ],
  [
    /invalid access to packet|offset is outside of the packet/,
    'The access is not proven to be inside the packet: compare the end of what you read with data_end first (if (data + 14 > data_end) return …), each time the packet pointer changes.',
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
    /infinite loop detected|back-edge from insn|loop is not closed|infinite loop/,
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
    /invalid access to (map value|map key|memory)|makes \w+ pointer be out of bounds|min value is (negative|outside)|invalid zero-sized|unbounded memory access|max value is outside|R\d+ unbounded/,
    'The access is not proven to be inside: compare the index or the packet pointer with its limit first, or mask it (index & (SIZE - 1)). Keep the index unsigned.',
  ],
  [
    /!read_ok|invalid (indirect )?read from stack|invalid read from stack/,
    'A register or part of the stack is used before it is set: initialise the variable (struct x = {}), padding included, and return a value on every path.',
  ],
  [
    /combined stack size|stack (depth|limit)|Looks like the BPF stack limit|(invalid (write|read|stack)|invalid variable-offset).*(stack|off=)-?.*off=-(5[2-9]\d|51[3-9]|[6-9]\d\d|\d{4,})|stack off=-/,
    'The stack has 512 bytes for a program and all it calls: move large variables into a per-CPU array map.',
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
