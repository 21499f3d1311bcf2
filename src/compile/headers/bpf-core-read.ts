import { macro, maxArguments, names, pick, upTo } from './macro.js';

/** What clang's builtins are asked for, by number (llvm/lib/Target/BPF/BPFCORE.h). */
const kinds = {
  bpf_field_info_kind: {
    BPF_FIELD_BYTE_OFFSET: 0,
    BPF_FIELD_BYTE_SIZE: 1,
    BPF_FIELD_EXISTS: 2,
    BPF_FIELD_SIGNED: 3,
    BPF_FIELD_LSHIFT_U64: 4,
    BPF_FIELD_RSHIFT_U64: 5,
  },
  bpf_type_id_kind: { BPF_TYPE_ID_LOCAL: 0, BPF_TYPE_ID_TARGET: 1 },
  bpf_type_info_kind: { BPF_TYPE_EXISTS: 0, BPF_TYPE_SIZE: 1, BPF_TYPE_MATCHES: 2 },
  bpf_enum_value_kind: { BPF_ENUMVAL_EXISTS: 0, BPF_ENUMVAL_VALUE: 1 },
};

/** The same reads of the kernel's memory and the user's, relocated and not. */
const memories = [
  { name: 'CORE', read: 'bpf_core_read', string: 'bpf_core_read_str' },
  { name: 'CORE', suffix: '_USER', read: 'bpf_core_read_user', string: 'bpf_core_read_user_str' },
  { name: 'PROBE', read: 'bpf_probe_read_kernel', string: 'bpf_probe_read_kernel_str' },
  { name: 'PROBE', suffix: '_USER', read: 'bpf_probe_read_user', string: 'bpf_probe_read_user_str' },
];

/** `bpf/bpf_core_read.h`: questions about the kernel's types that are answered when the object is loaded (CO-RE). */
export function bpfCoreRead(): string {
  const enums = Object.entries(kinds).map(
    ([name, values]) =>
      `enum ${name} { ${Object.entries(values)
        .map(([value, number]) => `${value} = ${number}`)
        .join(', ')} };`,
  );
  return [
    '#pragma once',
    '',
    ...enums,
    '',
    pick,
    '',
    ...questions,
    '',
    ...bitFields,
    '',
    ...reads(),
    '',
  ].join('\n');
}

const questions = [
  '#define __rawbpf_field1(field) (field)',
  '#define __rawbpf_field2(type, field) (((typeof(type) *)0)->field)',
  ...[
    ['exists', 'EXISTS'],
    ['size', 'BYTE_SIZE'],
    ['offset', 'BYTE_OFFSET'],
  ].map(([name, kind]) =>
    macro(
      `bpf_core_field_${name}(field...)`,
      `__builtin_preserve_field_info(__rawbpf_pick(__rawbpf_field, field)(field), BPF_FIELD_${kind})`,
    ),
  ),
  ...[
    ['local', 'LOCAL'],
    ['kernel', 'TARGET'],
  ].map(([name, kind]) =>
    macro(`bpf_core_type_id_${name}(type)`, `__builtin_btf_type_id(*(typeof(type) *)0, BPF_TYPE_ID_${kind})`),
  ),
  ...['exists', 'size', 'matches'].map(name =>
    macro(
      `bpf_core_type_${name}(type)`,
      `__builtin_preserve_type_info(*(typeof(type) *)0, BPF_TYPE_${name.toUpperCase()})`,
    ),
  ),
  ...[
    ['value_exists', 'EXISTS'],
    ['value', 'VALUE'],
  ].map(([name, kind]) =>
    macro(
      `bpf_core_enum_${name}(type, enumerator)`,
      `__builtin_preserve_enum_value(*(typeof(type) *)enumerator, BPF_ENUMVAL_${kind})`,
    ),
  ),
  '',
  'extern void *bpf_rdonly_cast(const void *obj, unsigned int btf_id) __attribute__((section(".ksyms"), weak));',
  '#define bpf_core_cast(ptr, type) ((typeof(type) *)bpf_rdonly_cast((ptr), bpf_core_type_id_kernel(type)))',
];

const sizes = { 1: 'unsigned char', 2: 'unsigned short', 4: 'unsigned int', 8: 'unsigned long long' };
const bySize = (statement: (type: string) => string, none: string): string[] => [
  'switch (__CORE_RELO(s, field, BYTE_SIZE)) {',
  ...Object.entries(sizes).map(([size, type]) => `case ${size}: ${statement(type)}; break;`),
  `default: ${none}`,
  '}',
];

/** The storage unit of a bit-field is loaded, and moved left and right so that only the field's bits are left, with its sign. */
const bitFields = [
  '#define __CORE_RELO(s, field, info) __builtin_preserve_field_info((s)->field, BPF_FIELD_##info)',
  '#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__',
  '#define __rawbpf_low_bytes(to, size) ((void *)(to))',
  '#else',
  '#define __rawbpf_low_bytes(to, size) ((void *)(to) + 8 - (size))',
  '#endif',
  macro(
    '__rawbpf_shifted(val, s, field)',
    '({',
    'val <<= __CORE_RELO(s, field, LSHIFT_U64);',
    'if (__CORE_RELO(s, field, SIGNED))',
    '  val = ((long long)val) >> __CORE_RELO(s, field, RSHIFT_U64);',
    'else',
    '  val = val >> __CORE_RELO(s, field, RSHIFT_U64);',
    'val;',
    '})',
  ),
  macro(
    'BPF_CORE_READ_BITFIELD_PROBED(s, field)',
    '({',
    'unsigned long long __val = 0;',
    'bpf_probe_read_kernel(__rawbpf_low_bytes(&__val, __CORE_RELO(s, field, BYTE_SIZE)),',
    '                      __CORE_RELO(s, field, BYTE_SIZE),',
    '                      (const void *)(s) + __CORE_RELO(s, field, BYTE_OFFSET));',
    '__rawbpf_shifted(__val, s, field);',
    '})',
  ),
  '/* The empty asm keeps clang from relocating the offset once for each size. */',
  macro(
    'BPF_CORE_READ_BITFIELD(s, field)',
    '({',
    'const void *__p = (const void *)(s) + __CORE_RELO(s, field, BYTE_OFFSET);',
    'unsigned long long __val;',
    'asm volatile("" : "+r"(__p));',
    ...bySize(type => `__val = *(const ${type} *)__p`, '__val = 0; break;'),
    '__rawbpf_shifted(__val, s, field);',
    '})',
  ),
  macro(
    'BPF_CORE_WRITE_BITFIELD(s, field, new_val)',
    '({',
    'void *__p = (void *)(s) + __CORE_RELO(s, field, BYTE_OFFSET);',
    'unsigned int __left = __CORE_RELO(s, field, LSHIFT_U64);',
    'unsigned int __right = __CORE_RELO(s, field, RSHIFT_U64);',
    'unsigned long long __mask = (~0ULL << __right) >> __left, __val, __new = (new_val);',
    'asm volatile("" : "+r"(__p));',
    ...bySize(type => `__val = *(${type} *)__p`, '__val = 0; break;'),
    '__val = (__val & ~__mask) | ((__new << (__right - __left)) & __mask);',
    ...bySize(type => `*(${type} *)__p = __val`, 'break;'),
    '})',
  ),
];

function reads(): string[] {
  const lines = [
    '#define __rawbpf_relocated(src) ((const void *)__builtin_preserve_access_index(src))',
    '#define bpf_core_read(dst, sz, src) bpf_probe_read_kernel(dst, sz, __rawbpf_relocated(src))',
    '#define bpf_core_read_user(dst, sz, src) bpf_probe_read_user(dst, sz, __rawbpf_relocated(src))',
    '#define bpf_core_read_str(dst, sz, src) bpf_probe_read_kernel_str(dst, sz, __rawbpf_relocated(src))',
    '#define bpf_core_read_user_str(dst, sz, src) bpf_probe_read_user_str(dst, sz, __rawbpf_relocated(src))',
    '',
    // gcc and newer clang: a const field may be read into a variable of its type.
    '#if defined(__clang__) && __clang_major__ >= 19 || !defined(__clang__) && __GNUC__ >= 14',
    '#define __rawbpf_typeof(value) __typeof_unqual__(value)',
    '#else',
    '#define __rawbpf_typeof(value) typeof(value)',
    '#endif',
    '',
    ...upTo(maxArguments - 2).map(i => chain(i + 1)),
    '',
  ];
  for (const { name, suffix = '', read, string } of memories) {
    const [into, strings] = [`BPF_${name}_READ${suffix}_INTO`, `BPF_${name}_READ${suffix}_STR_INTO`];
    lines.push(
      `#define ${into}(dst, src, a...) __rawbpf_pick(__rawbpf_read, a)(${read}, ${read}, dst, (src), a)`,
      `#define ${strings}(dst, src, a...) __rawbpf_pick(__rawbpf_read, a)(${read}, ${string}, dst, (src), a)`,
      macro(
        `BPF_${name}_READ${suffix}(src, a...)`,
        '({',
        '__rawbpf_typeof(__rawbpf_pick(__rawbpf_path, a)((src), a)) __r;',
        `${into}(&__r, src, a);`,
        '__r;',
        '})',
      ),
    );
  }
  return lines;
}

/** Follows the pointers `src->a0->a1…`, reading each with `read` and the last with `last`, whose result is that of the whole. */
function chain(count: number): string {
  const path = (length: number) =>
    `(src)${upTo(length)
      .map(i => `->a${i}`)
      .join('')}`;
  const pointers = upTo(count - 1).map(
    i =>
      `read((void *)&__t, sizeof(__t), &((__rawbpf_typeof(${path(i)}))(${i === 0 ? 'src' : '__t'}))->a${i});`,
  );
  const from = `((__rawbpf_typeof(${path(count - 1)}))(${count === 1 ? 'src' : '__t'}))`;
  return [
    `#define __rawbpf_path${count}(src, ${names(count)}) ${path(count)}`,
    macro(
      `__rawbpf_read${count}(read, last, dst, src, ${names(count)})`,
      '({',
      ...(count > 1 ? ['const void *__t;'] : []),
      ...pointers,
      `last((void *)(dst), sizeof(*(dst)), &${from}->a${count - 1});`,
      '})',
    ),
  ].join('\n');
}
