import { macro, maxArguments, names, pick, program, upTo } from './macro.js';
import { architectures, type Registers, x86 } from './registers.js';

const maxParameters = 8;
const maxSyscallParameters = 7;

/** `bpf/bpf_tracing.h`: the registers of probed functions, and programs written as functions of what they trace. */
export function bpfTracing(): string {
  const [ofKernel, ofPrograms] = x86;
  return [
    '#pragma once',
    '',
    '#include "bpf_helpers.h"',
    '',
    'struct pt_regs;',
    '',
    pick,
    '',
    `#if ${is(ofKernel)}`,
    '#if defined(__KERNEL__) || defined(__VMLINUX_H__)',
    ...registers(ofKernel),
    '#else',
    ...registers(ofPrograms),
    '#endif',
    ...architectures.flatMap(each => [`#elif ${is(each)}`, ...registers(each)]),
    '#endif',
    '',
    ...accessors,
    '',
    ...functions(),
    '',
  ].join('\n');
}

/** By what is compiled for, or by the compiler's own word where nothing is said. */
function is({ name, defined }: Registers): string {
  const any = [x86[0], ...architectures].map(each => `defined(__TARGET_ARCH_${each.name})`).join(' || ');
  return `defined(__TARGET_ARCH_${name}) || !(${any}) && defined(${defined})`;
}

function registers(of: Registers): string[] {
  const { parameters, syscall = parameters, original, as, name } = of;
  const lines = as ? [`#define __PT_REGS_CAST(x) ((const ${as} *)(x))`] : [];
  for (const i of upTo(maxParameters))
    lines.push(`#define __PT_PARM${i + 1}_REG ${parameters[i] ?? '__unsupported__'}`);
  for (const i of upTo(maxSyscallParameters))
    lines.push(`#define __PT_PARM${i + 1}_SYSCALL_REG ${syscall[i] ?? '__unsupported__'}`);
  lines.push(
    `#define __PT_RET_REG ${of.returnAddress}`,
    `#define __PT_FP_REG ${of.framePointer ?? '__unsupported__'}`,
    `#define __PT_RC_REG ${of.result}`,
    `#define __PT_SP_REG ${of.stackPointer}`,
    `#define __PT_IP_REG ${of.instructionPointer}`,
  );
  if (of.plainSyscalls) lines.push('#define PT_REGS_SYSCALL_REGS(ctx) ctx');
  if (original)
    lines.push(
      `struct pt_regs___${name} { unsigned long ${original}; } __attribute__((preserve_access_index));`,
      `#define PT_REGS_PARM1_SYSCALL(x) (((const struct pt_regs___${name} *)(x))->${original})`,
      `#define PT_REGS_PARM1_CORE_SYSCALL(x) BPF_CORE_READ((const struct pt_regs___${name} *)(x), ${original})`,
    );
  lines.push(...returnAddress(name));
  return lines;
}

/** Where the machine pushes the return address on the stack, it is read from there; a return probe finds it above the frame pointer. */
function returnAddress(name: string): string[] {
  const inRegister = name === 'powerpc' || name === 'arm64';
  return inRegister
    ? [
        '#define BPF_KPROBE_READ_RET_IP(ip, ctx) ({ (ip) = PT_REGS_RET(ctx); })',
        '#define BPF_KRETPROBE_READ_RET_IP BPF_KPROBE_READ_RET_IP',
      ]
    : [
        macro(
          'BPF_KPROBE_READ_RET_IP(ip, ctx)',
          '({ bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)PT_REGS_RET(ctx)); })',
        ),
        macro(
          'BPF_KRETPROBE_READ_RET_IP(ip, ctx)',
          '({ bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)(PT_REGS_FP(ctx) + sizeof(ip))); })',
        ),
      ];
}

const accessor = (name: string, register: string, suffix = ''): string[] => [
  `#define PT_REGS_${name}${suffix}(x) (__PT_REGS_CAST(x)->${register})`,
  `#define PT_REGS_${name}_CORE${suffix}(x) BPF_CORE_READ(__PT_REGS_CAST(x), ${register})`,
];

const accessors = [
  '#ifndef __PT_REGS_CAST',
  '#define __PT_REGS_CAST(x) (x)',
  '#endif',
  '#ifndef __PT_PARM1_REG',
  '#error "which registers there are depends on the architecture: define __TARGET_ARCH_x86, __TARGET_ARCH_arm64, …"',
  '#endif',
  ...upTo(maxParameters).flatMap(i => accessor(`PARM${i + 1}`, `__PT_PARM${i + 1}_REG`)),
  ...['RET', 'FP', 'RC', 'SP', 'IP'].flatMap(name => accessor(name, `__PT_${name}_REG`)),
  '#ifndef PT_REGS_PARM1_SYSCALL',
  ...accessor('PARM1', '__PT_PARM1_SYSCALL_REG', '_SYSCALL'),
  '#endif',
  ...upTo(maxSyscallParameters - 1).flatMap(i =>
    accessor(`PARM${i + 2}`, `__PT_PARM${i + 2}_SYSCALL_REG`, '_SYSCALL'),
  ),
  '#ifndef PT_REGS_SYSCALL_REGS',
  '#define PT_REGS_SYSCALL_REGS(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))',
  '#endif',
];

/** Macros that make `ctx` and one more argument for each parameter. */
function family(name: string, count: number, argument: (index: number) => string): string[] {
  return upTo(count + 1).map(
    length =>
      `#define ${name}${length}(${names(length)}) ${['ctx', ...upTo(length).map(argument)].join(', ')}`,
  );
}

function functions(): string[] {
  const registers = 'struct pt_regs *ctx';
  const u64 = (text: string) => `(unsigned long long)${text}`;
  return [
    ...family('__rawbpf_tracing', maxArguments, i => `ctx[${i}]`),
    program(
      'BPF_PROG(name, args...)',
      'unsigned long long *ctx',
      ', ##args',
      'return ____##name(__rawbpf_pick(__rawbpf_tracing, args)(args));',
    ),
    ...family('__rawbpf_kprobe', maxParameters, i => u64(`PT_REGS_PARM${i + 1}(ctx)`)),
    program(
      'BPF_KPROBE(name, args...)',
      registers,
      ', ##args',
      'return ____##name(__rawbpf_pick(__rawbpf_kprobe, args)(args));',
    ),
    ...family('__rawbpf_kretprobe', 1, () => u64('PT_REGS_RC(ctx)')),
    program(
      'BPF_KRETPROBE(name, args...)',
      registers,
      ', ##args',
      'return ____##name(__rawbpf_pick(__rawbpf_kretprobe, args)(args));',
    ),
    '#define BPF_UPROBE(name, args...) BPF_KPROBE(name, ##args)',
    '#define BPF_URETPROBE(name, args...) BPF_KRETPROBE(name, ##args)',
    ...family('__rawbpf_syscall', maxSyscallParameters, i => u64(`PT_REGS_PARM${i + 1}_SYSCALL(regs)`)),
    ...family('__rawbpf_wrapped', maxSyscallParameters, i => u64(`PT_REGS_PARM${i + 1}_CORE_SYSCALL(regs)`)),
    macro(
      '__rawbpf_regs_of_syscall',
      'struct pt_regs *regs = LINUX_HAS_SYSCALL_WRAPPER ? (struct pt_regs *)PT_REGS_PARM1(ctx) : ctx;',
    ),
    program(
      'BPF_KSYSCALL(name, args...)',
      registers,
      ', ##args',
      '__rawbpf_regs_of_syscall',
      'if (LINUX_HAS_SYSCALL_WRAPPER)',
      '  return ____##name(__rawbpf_pick(__rawbpf_wrapped, args)(args));',
      'else',
      '  return ____##name(__rawbpf_pick(__rawbpf_syscall, args)(args));',
    ),
    '#define BPF_KPROBE_SYSCALL BPF_KSYSCALL',
    'extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;',
    ...structArguments(),
  ];
}

/** BPF_PROG with its arguments as `type, name` pairs: one of up to 16 bytes takes two registers. */
function structArguments(): string[] {
  const pairs = upTo(maxArguments / 2 + 1);
  const size = (i: number) => `(sizeof(a${2 * i}) + 7) / 8`;
  const before = (i: number) => upTo(i).map(size).join(' + ') || '0';
  return [
    macro(
      '__rawbpf_value(t, n)',
      '({',
      'union { unsigned char u8; unsigned short u16; unsigned int u32; unsigned long long u64[2]; t value; } __v;',
      'if (sizeof(t) == 1) __v.u8 = ctx[n];',
      'else if (sizeof(t) == 2) __v.u16 = ctx[n];',
      'else if (sizeof(t) == 4) __v.u32 = ctx[n];',
      'else __v.u64[0] = ctx[n];',
      'if (sizeof(t) > 8) __v.u64[1] = ctx[(n) + 1];',
      '__v.value;',
      '})',
    ),
    ...pairs.map(
      count =>
        `#define __rawbpf_declare${2 * count}(${names(2 * count)}) ${upTo(count)
          .map(i => `, a${2 * i} a${2 * i + 1}`)
          .join('')}`,
    ),
    ...pairs.map(
      count =>
        `#define __rawbpf_values${2 * count}(${names(2 * count)}) ctx${upTo(count)
          .map(i => `, __rawbpf_value(a${2 * i}, ${before(i)})`)
          .join('')}`,
    ),
    program(
      'BPF_PROG2(name, args...)',
      'unsigned long long *ctx',
      ' __rawbpf_pick(__rawbpf_declare, args)(args)',
      'return ____##name(__rawbpf_pick(__rawbpf_values, args)(args));',
    ),
  ];
}
