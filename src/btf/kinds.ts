/** `BTF_KIND_*` (include/uapi/linux/btf.h), by number. */
export const KIND_NAMES = [
  'void',
  'int',
  'ptr',
  'array',
  'struct',
  'union',
  'enum',
  'fwd',
  'typedef',
  'volatile',
  'const',
  'restrict',
  'func',
  'func_proto',
  'var',
  'datasec',
  'float',
  'decl_tag',
  'type_tag',
  'enum64',
] as const;

/** Numbers of the kinds, by name. */
export const KIND = Object.fromEntries(KIND_NAMES.map((name, number) => [name, number])) as Record<
  (typeof KIND_NAMES)[number],
  number
>;

/** 32-bit words that follow `struct btf_type`: `fixed` once, `each` for every one of its vlen elements. */
export const TRAILING: readonly { readonly fixed: number; readonly each: number }[] = KIND_NAMES.map(name => {
  switch (name) {
    case 'int':
    case 'var':
    case 'decl_tag':
      return { fixed: 1, each: 0 };
    case 'array':
      return { fixed: 3, each: 0 };
    case 'enum':
    case 'func_proto':
      return { fixed: 0, each: 2 };
    case 'struct':
    case 'union':
    case 'datasec':
    case 'enum64':
      return { fixed: 0, each: 3 };
    default:
      return { fixed: 0, each: 0 };
  }
});

/** `info` holds vlen in bits 0–23, the kind in 24–30, the kind flag in 31; kernels before 7.x use 16 and 5 of those bits, the rest zero. */
export const kindOf = (info: number): number => (info >>> 24) & 0x7f;
export const vlenOf = (info: number): number => info & 0xffffff;
export const kindFlagOf = (info: number): boolean => info >>> 31 === 1;
