import {
  type BtfDatasec,
  type BtfDeclTag,
  BtfEditor,
  type BtfFuncProto,
  type BtfTypes,
  type BtfTypeTag,
  btfKind,
} from '../../btf/index.js';
import type { FeatureName, KernelView } from './kernel-view.js';

/** `BTF_INT_ENC(0, 0, 8)`: the encoding word of a byte. */
const byteEncoding = 8;
/** Names that every kernel takes for a section; not so `?.struct_ops`. */
const plainName = /^[\w.]+$/;

/**
 * The BTF of an object as a kernel takes it: kinds that it does not know are replaced by ones of the same size that it does, so that
 * type ids stay (libbpf: bpf_object__sanitize_btf). The blob itself when nothing needs to be replaced.
 */
export function sanitizeBtf(btf: BtfTypes, kernel: KernelView): Uint8Array {
  const changes: { readonly id: number; readonly change: Change }[] = [];
  for (const id of btf.idsOfKind(...changeable)) {
    const change = changeFor(btf, id, kernel);
    if (change) changes.push({ id, change });
  }
  if (changes.length === 0) return btf.bytes;
  const editor = new BtfEditor(btf);
  const shared: Shared = { enum64Member: undefined, paramName: undefined };
  for (const { id, change } of changes) change(editor, id, shared);
  return editor.result;
}

interface Shared {
  /** The type of the members of unions that stand for 64-bit enums. */
  enum64Member: number | undefined;
  /** The name of parameters that have none. */
  paramName: number | undefined;
}

type Change = (editor: BtfEditor, id: number, shared: Shared) => void;

/** Whether a data section is still one in the BTF that the kernel gets. */
export function keepsDatasec({ vars }: BtfDatasec, kernel: KernelView): boolean {
  return kernel.has('btf_datasec') && (vars.length > 0 || kernel.has('btf_empty_datasec'));
}

/** Kinds that some kernel does not know, or knows otherwise. */
const changeable = [
  'var',
  'decl_tag',
  'datasec',
  'func_proto',
  'func',
  'float',
  'type_tag',
  'enum',
  'enum64',
] as const;

function changeFor(btf: BtfTypes, id: number, kernel: KernelView): Change | undefined {
  const type = btf.type(id);
  switch (type.kind) {
    case 'var':
      return kernel.has('btf_datasec') ? undefined : toByte;
    case 'decl_tag':
      return knowsTag('btf_decl_tag', type, kernel) ? undefined : toByte;
    case 'datasec':
      if (!keepsDatasec(type, kernel)) return (editor, id) => toStruct(editor, id, btf);
      return plainName.test(type.name) || kernel.has('btf_qmark_datasec')
        ? undefined
        : (editor, id) => editor.editString(editor.nameOf(id), c => (plainName.test(c) ? c : '_'));
    case 'func_proto':
      return kernel.has('btf_func')
        ? undefined
        : (editor, id, shared) => toEnum(editor, id, shared, type.params);
    case 'func':
      if (!kernel.has('btf_func')) return (editor, id) => asTypedef(editor, id);
      return kernel.has('btf_func_global') ? undefined : (editor, id) => editor.setVlen(id, 0);
    case 'float':
      return kernel.has('btf_float') ? undefined : toEmptyStruct;
    case 'type_tag':
      return knowsTag('btf_type_tag', type, kernel) ? undefined : toConst;
    case 'enum':
      return kernel.has('btf_enum64') || !type.signed
        ? undefined
        : (editor, id) => editor.setKind(id, btfKind.enum, { keepFlag: false });
    case 'enum64':
      return kernel.has('btf_enum64')
        ? undefined
        : (editor, id, shared) => toUnion(editor, id, shared, type.values.length);
    default:
      return undefined;
  }
}

/** A tag with the kind flag is any attribute, and not to be taken for a tag of its name by kernels that do not know the flag. */
function knowsTag(feature: FeatureName, { kindFlag }: BtfDeclTag | BtfTypeTag, kernel: KernelView): boolean {
  return kernel.has(feature) && (!kindFlag || kernel.has('btf_tag_kind_flag'));
}

function toByte(editor: BtfEditor, id: number): void {
  editor.setVlen(id, 0);
  editor.setKind(id, btfKind.int, { keepFlag: false });
  editor.setSizeOrType(id, 1);
  editor.setExtra(id, 0, byteEncoding);
}

function toStruct(editor: BtfEditor, id: number, btf: BtfTypes): void {
  const datasec = btf.type(id);
  if (datasec.kind !== 'datasec') return;
  editor.editString(editor.nameOf(id), c => (/\w/.test(c) ? c : '_'));
  editor.setKind(id, btfKind.struct);
  for (const [index, { type, offset }] of datasec.vars.entries()) {
    editor.setExtra(id, index * 3, editor.nameOf(type));
    editor.setExtra(id, index * 3 + 1, type);
    editor.setExtra(id, index * 3 + 2, offset * 8);
  }
}

/** A name and a number each: parameters become the values of an enum, which must all have names. */
function toEnum(editor: BtfEditor, id: number, shared: Shared, params: BtfFuncProto['params']): void {
  editor.setKind(id, btfKind.enum);
  editor.setSizeOrType(id, 4);
  for (const [index, { name }] of params.entries())
    if (name === '') {
      shared.paramName ??= editor.addString('param');
      editor.setExtra(id, index * 2, shared.paramName);
    }
}

function asTypedef(editor: BtfEditor, id: number): void {
  editor.setVlen(id, 0);
  editor.setKind(id, btfKind.typedef);
}

function toEmptyStruct(editor: BtfEditor, id: number): void {
  editor.setName(id, 0);
  editor.setKind(id, btfKind.struct);
}

function toConst(editor: BtfEditor, id: number): void {
  editor.setName(id, 0);
  editor.setKind(id, btfKind.const, { keepFlag: false });
}

function toUnion(editor: BtfEditor, id: number, shared: Shared, members: number): void {
  shared.enum64Member ??= editor.addType([
    editor.addString('enum64_placeholder'),
    btfKind.int << 24,
    1,
    byteEncoding,
  ]);
  editor.setKind(id, btfKind.union, { keepFlag: false });
  for (let index = 0; index < members; index++) {
    editor.setExtra(id, index * 3 + 1, shared.enum64Member);
    editor.setExtra(id, index * 3 + 2, 0);
  }
}
