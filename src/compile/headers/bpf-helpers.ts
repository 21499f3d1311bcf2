import { macro, maxArguments, names, pick, upTo } from './macro.js';

/** `bpf/bpf_helpers.h`: how a source says what the loader is to make of it, and printing. */
export function bpfHelpers(): string {
  return [
    '#pragma once',
    '',
    '#include "bpf_helper_defs.h"',
    '',
    ...declarations,
    '',
    ...language,
    '',
    ...tags,
    '',
    tailCallStatic,
    '',
    pick,
    '',
    ...printing(),
    '',
    ...iterators,
    '',
  ].join('\n');
}

/** The notation of maps defined by BTF, which the loader reads back out of the types. */
const declarations = [
  '#define __uint(name, val) int (*name)[val]',
  '#define __type(name, val) typeof(val) *name',
  '#define __array(name, val) typeof(val) *name[]',
  '#define __ulong(name, val) enum { __rawbpf_join(__rawbpf_ulong, __COUNTER__) = val } name',
  '/* Silent where an extern has a section, which clang thinks it ignores. */',
  macro(
    'SEC(name)',
    '_Pragma("GCC diagnostic push")',
    '_Pragma("GCC diagnostic ignored \\"-Wignored-attributes\\"")',
    '__attribute__((section(name), used))',
    '_Pragma("GCC diagnostic pop")',
  ),
  'enum libbpf_pin_type { LIBBPF_PIN_NONE, LIBBPF_PIN_BY_NAME };',
  'enum libbpf_tristate { TRI_NO = 0, TRI_YES = 1, TRI_MODULE = 2 };',
];

const unlessDefined = (name: string, definition: string) => `#ifndef ${name}\n#define ${definition}\n#endif`;

const language = [
  unlessDefined('likely', 'likely(x) __builtin_expect(!!(x), 1)'),
  unlessDefined('unlikely', 'unlikely(x) __builtin_expect(!!(x), 0)'),
  '/* libc says `always_inline` without `inline`. */',
  '#undef __always_inline',
  '#define __always_inline inline __attribute__((always_inline))',
  unlessDefined('__noinline', '__noinline __attribute__((noinline))'),
  unlessDefined('__weak', '__weak __attribute__((weak))'),
  unlessDefined('__hidden', '__hidden __attribute__((visibility("hidden")))'),
  unlessDefined('NULL', 'NULL ((void *)0)'),
  unlessDefined(
    'KERNEL_VERSION',
    'KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))',
  ),
  '/* Not the builtin, which would not be relocated. */',
  '#undef offsetof',
  '#define offsetof(type, member) ((unsigned long)&((type *)0)->member)',
  '#undef container_of',
  macro(
    'container_of(ptr, type, member)',
    '({',
    'const void *__of = (ptr);',
    '(type *)(__of - offsetof(type, member));',
    '})',
  ),
  unlessDefined('barrier', 'barrier() asm volatile("" ::: "memory")'),
  unlessDefined('barrier_var', 'barrier_var(var) asm volatile("" : "+r"(var))'),
  unlessDefined('__bpf_unreachable', '__bpf_unreachable() __builtin_trap()'),
];

const tags = [
  '#define __kconfig __attribute__((section(".kconfig")))',
  '#define __ksym __attribute__((section(".ksyms")))',
  ...['kptr', 'kptr_untrusted', 'percpu_kptr', 'uptr'].map(
    tag => `#define __${tag} __attribute__((btf_type_tag("${tag}")))`,
  ),
  ...['ctx', 'nonnull', 'nullable', 'trusted', 'untrusted', 'arena'].map(
    tag => `#define __arg_${tag} __attribute__((btf_decl_tag("arg:${tag}")))`,
  ),
  macro(
    'bpf_ksym_exists(sym)',
    '({',
    '_Static_assert(!__builtin_constant_p(!!sym), #sym " should be marked as __weak");',
    '!!sym;',
    '})',
  ),
];

/** In assembly, so that the call is not merged with another: the kernel makes a jump of one whose map and slot it knows. */
const tailCallStatic = `static __always_inline void bpf_tail_call_static(void *ctx, const void *map, const unsigned int slot) {
  if (!__builtin_constant_p(slot)) __bpf_unreachable();
  asm volatile("r1 = %[ctx]; r2 = %[map]; r3 = %[slot]; call 12"
               :
               : [ctx] "r"(ctx), [map] "r"(map), [slot] "i"(slot)
               : "r0", "r1", "r2", "r3", "r4", "r5");
}`;

/** A call that takes its arguments in an array of u64. */
function printing(): string[] {
  const fill = upTo(maxArguments + 1).map(
    count =>
      `#define __rawbpf_fill${count}(to${count ? `, ${names(count)}` : ''}) ` +
      (upTo(count)
        .map(i => `to[${i}] = a${i};`)
        .join(' ') || 'do {} while (0)'),
  );
  const byArray = (head: string, call: (format: string, values: string) => string) =>
    macro(
      head,
      '({',
      'static const char __fmt[] = fmt;',
      'unsigned long long __values[__rawbpf_count(args)];',
      '_Pragma("GCC diagnostic push")',
      '_Pragma("GCC diagnostic ignored \\"-Wint-conversion\\"")',
      '__rawbpf_pick(__rawbpf_fill, args)(__values, ##args);',
      '_Pragma("GCC diagnostic pop")',
      call('__fmt', '__values, sizeof(__values)'),
      '})',
    );
  return [
    ...fill,
    byArray(
      'BPF_SEQ_PRINTF(seq, fmt, args...)',
      (format, values) => `bpf_seq_printf(seq, ${format}, sizeof(${format}), ${values});`,
    ),
    byArray(
      'BPF_SNPRINTF(out, out_size, fmt, args...)',
      (format, values) => `bpf_snprintf(out, out_size, ${format}, ${values});`,
    ),
    byArray(
      '__bpf_vprintk(fmt, args...)',
      (format, values) => `bpf_trace_vprintk(${format}, sizeof(${format}), ${values});`,
    ),
    'extern int bpf_stream_vprintk(int stream_id, const char *fmt, const void *args, unsigned int len) __weak __ksym;',
    byArray(
      'bpf_stream_printk(stream_id, fmt, args...)',
      (format, values) => `bpf_stream_vprintk(stream_id, ${format}, ${values});`,
    ),
    '#ifdef BPF_NO_GLOBAL_DATA',
    '#define BPF_PRINTK_FMT_MOD',
    '#else',
    '#define BPF_PRINTK_FMT_MOD static const',
    '#endif',
    macro(
      '__bpf_printk(fmt, args...)',
      '({',
      'BPF_PRINTK_FMT_MOD char __fmt[] = fmt;',
      'bpf_trace_printk(__fmt, sizeof(__fmt), ##args);',
      '})',
    ),
    '/* bpf_trace_printk() takes three values; bpf_trace_vprintk() (Linux 5.16) any number. */',
    ...upTo(maxArguments + 1).map(
      count => `#define __rawbpf_printk${count} ${count <= 3 ? '__bpf_printk' : '__bpf_vprintk'}`,
    ),
    '#define bpf_printk(fmt, args...) __rawbpf_pick(__rawbpf_printk, args)(fmt, ##args)',
  ];
}

/** Loops over the kernel's open-coded iterators (Linux 6.4), which are ended however the loop is left. */
const iterators = [
  'struct bpf_iter_num;',
  'extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;',
  'extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;',
  'extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;',
  unlessDefined(
    'bpf_for_each',
    macro(
      'bpf_for_each(type, cur, args...)',
      'for (struct bpf_iter_##type __it __attribute__((aligned(8), cleanup(bpf_iter_##type##_destroy))),',
      '       *__once __attribute__((unused)) = (',
      '         bpf_iter_##type##_new(&__it, ##args),',
      '         (void)bpf_iter_##type##_destroy, (void *)0);',
      '     ((cur) = bpf_iter_##type##_next(&__it));)',
    ).slice('#define '.length),
  ),
  unlessDefined(
    'bpf_for',
    macro(
      'bpf_for(i, start, end)',
      'for (struct bpf_iter_num __it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),',
      '       *__once __attribute__((unused)) = (',
      '         bpf_iter_num_new(&__it, (start), (end)),',
      '         (void)bpf_iter_num_destroy, (void *)0);',
      '     ({ int *__next = bpf_iter_num_next(&__it);',
      '        (i) = __next ? *__next : 0;',
      '        __next && (i) >= (start) && (i) < (end); });)',
    ).slice('#define '.length),
  ),
  unlessDefined(
    'bpf_repeat',
    macro(
      'bpf_repeat(n)',
      'for (struct bpf_iter_num __it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),',
      '       *__once __attribute__((unused)) = (',
      '         bpf_iter_num_new(&__it, 0, (n)),',
      '         (void)bpf_iter_num_destroy, (void *)0);',
      '     bpf_iter_num_next(&__it);)',
    ).slice('#define '.length),
  ),
];
