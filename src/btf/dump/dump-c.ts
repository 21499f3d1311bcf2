import type { BtfType, BtfTypes } from '../types.js';
import { standIn } from './dump-c-base-types.js';
import { DeclarationWriter } from './dump-c-declaration.js';
import { enumBody } from './dump-c-enum.js';
import { Names } from './dump-c-names.js';
import { DeclarationOrder, type Step } from './dump-c-order.js';
import { DeclTags } from './dump-c-tags.js';

export interface DumpCOptions {
  /** Only these types and what they need; all types of the BTF and its base when left out. */
  readonly roots?: Iterable<number>;
}

/**
 * The types as a C header (`vmlinux.h`), for `clang -target bpf` as for the host's compiler: the declarations of `bpftool btf dump … format
 * c`, with the same names and layout, unions' alignment and packed bit-fields included. Joined by newlines the pieces are the file. Functions,
 * variables and sections are left out. Throws FormatError for types that C cannot express.
 */
export function* dumpC(btf: BtfTypes, { roots }: DumpCOptions = {}): Generator<string, void, undefined> {
  yield* PREAMBLE;
  const order = new DeclarationOrder(btf);
  const print = declarationPrinter(btf);
  const referenced = roots ? undefined : referencedTypes(btf);
  for (const id of roots ?? allIds(btf)) {
    if (!isDeclared(btf.type(id), referenced)) continue;
    for (const step of order.steps(id)) {
      const text = print(step);
      if (text) yield `${text};\n`;
    }
  }
  yield* POSTAMBLE;
}

const PREAMBLE = [
  '#ifndef __VMLINUX_H__',
  '#define __VMLINUX_H__\n',
  '#ifndef BPF_NO_PRESERVE_ACCESS_INDEX',
  '#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)',
  '#endif\n',
];

const POSTAMBLE = [
  '#ifndef BPF_NO_PRESERVE_ACCESS_INDEX',
  '#pragma clang attribute pop',
  '#endif\n',
  '#endif /* __VMLINUX_H__ */',
];

function* allIds({ endId }: BtfTypes): Generator<number, void, undefined> {
  for (let id = 1; id < endId; id++) yield id;
}

/** Whether a type is a declaration of its own; an anonymous enum is, when it only makes constants. */
function isDeclared(type: BtfType, referenced: Uint8Array | undefined): boolean {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return type.name !== '';
    case 'enum':
    case 'enum64':
      return type.name !== '' || !referenced?.[type.id];
    default:
      return true;
  }
}

/** Which types another one refers to: an enum without a name is then declared where it is used. */
function referencedTypes(btf: BtfTypes): Uint8Array {
  const referenced = new Uint8Array(btf.endId);
  for (const id of allIds(btf)) {
    const type = btf.type(id);
    if ('type' in type) referenced[type.type] = 1;
    if ('members' in type) for (const member of type.members) referenced[member.type] = 1;
    else if ('params' in type) for (const param of type.params) referenced[param.type] = 1;
  }
  return referenced;
}

/** Prints steps; empty for a declaration that every compiler brings along. */
function declarationPrinter(btf: BtfTypes): (step: Step) => string {
  const names = new Names();
  const tags = new DeclTags(btf);
  const writer = new DeclarationWriter(btf, names, tags);
  return ({ type, forward }) => {
    if (type.kind === 'typedef' && type.name === '__builtin_va_list') return '';
    const name = names.of(type);
    if (forward) return `${type.kind} ${name}`;
    switch (type.kind) {
      case 'struct':
      case 'union':
        return writer.struct(type, name, 0);
      case 'enum':
      case 'enum64':
        return enumBody(type, name, names, 0);
      case 'fwd':
        return `${type.of} ${name}`;
      case 'typedef':
        // Old gcc lets this one point to void.
        if (type.type === 0 && type.name === '__gnuc_va_list')
          return 'typedef __builtin_va_list __gnuc_va_list';
        return `typedef ${writer.declare(type.type, name, 0)}${tags.of(type.id, -1)}`;
      case 'int':
      case 'float':
        return `typedef ${standIn(type)} ${name}`;
      default:
        return '';
    }
  };
}
