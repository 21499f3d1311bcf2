/** Where an architecture keeps a function's arguments and more: members of its `struct pt_regs`. */
export interface Registers {
  /** As in `__TARGET_ARCH_NAME`, and what compilers define that make code for it. */
  readonly name: string;
  readonly defined: string;
  /** The type that a program sees the registers as, where it is not `struct pt_regs`. */
  readonly as?: string;
  readonly parameters: readonly string[];
  /** Where a system call has its arguments, if not as a function. */
  readonly syscall?: readonly string[];
  /** A member that only the kernel's own struct has: it has the first argument of a system call, whose register the result overwrites. */
  readonly original?: string;
  readonly returnAddress: string;
  readonly framePointer?: string;
  readonly result: string;
  readonly stackPointer: string;
  readonly instructionPointer: string;
  /** Functions of system calls have their arguments, not a pointer to registers (no ARCH_HAS_SYSCALL_WRAPPER). */
  readonly plainSyscalls?: true;
}

const numbered = (name: string, first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `${name}[${first + i}]`);

/** x86-64 with the names of the kernel's struct, and with those of `<asm/ptrace.h>`. */
export const x86: readonly [Registers, Registers] = [
  {
    name: 'x86',
    defined: '__x86_64__',
    parameters: ['di', 'si', 'dx', 'cx', 'r8', 'r9'],
    syscall: ['di', 'si', 'dx', 'r10', 'r8', 'r9'],
    returnAddress: 'sp',
    framePointer: 'bp',
    result: 'ax',
    stackPointer: 'sp',
    instructionPointer: 'ip',
  },
  {
    name: 'x86',
    defined: '__x86_64__',
    parameters: ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'],
    syscall: ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'],
    returnAddress: 'rsp',
    framePointer: 'rbp',
    result: 'rax',
    stackPointer: 'rsp',
    instructionPointer: 'rip',
  },
];

/** From each architecture's ptrace.h and calling convention (syscall(2)). */
export const architectures: readonly Registers[] = [
  {
    name: 'arm64',
    defined: '__aarch64__',
    as: 'struct user_pt_regs',
    parameters: numbered('regs', 0, 7),
    original: 'orig_x0',
    returnAddress: 'regs[30]',
    framePointer: 'regs[29]',
    result: 'regs[0]',
    stackPointer: 'sp',
    instructionPointer: 'pc',
  },
  {
    name: 'arm',
    defined: '__arm__',
    parameters: numbered('uregs', 0, 3),
    syscall: numbered('uregs', 0, 6),
    returnAddress: 'uregs[14]',
    framePointer: 'uregs[11]',
    result: 'uregs[0]',
    stackPointer: 'uregs[13]',
    instructionPointer: 'uregs[12]',
  },
  {
    name: 'riscv',
    defined: '__riscv',
    as: 'struct user_regs_struct',
    parameters: ['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'],
    original: 'orig_a0',
    returnAddress: 'ra',
    framePointer: 's0',
    result: 'a0',
    stackPointer: 'sp',
    instructionPointer: 'pc',
  },
  {
    name: 's390',
    defined: '__s390__',
    as: 'user_pt_regs',
    parameters: numbered('gprs', 2, 6),
    syscall: numbered('gprs', 2, 7),
    original: 'orig_gpr2',
    returnAddress: 'gprs[14]',
    framePointer: 'gprs[11]',
    result: 'gprs[2]',
    stackPointer: 'gprs[15]',
    instructionPointer: 'psw.addr',
  },
  {
    name: 'powerpc',
    defined: '__powerpc__',
    parameters: numbered('gpr', 3, 10),
    syscall: ['orig_gpr3', ...numbered('gpr', 4, 8)],
    returnAddress: 'link',
    result: 'gpr[3]',
    stackPointer: 'gpr[1]',
    instructionPointer: 'nip',
    plainSyscalls: true,
  },
  {
    name: 'loongarch',
    defined: '__loongarch__',
    as: 'struct user_pt_regs',
    parameters: numbered('regs', 4, 11),
    returnAddress: 'regs[1]',
    framePointer: 'regs[22]',
    result: 'regs[4]',
    stackPointer: 'regs[3]',
    instructionPointer: 'csr_era',
    plainSyscalls: true,
  },
];
