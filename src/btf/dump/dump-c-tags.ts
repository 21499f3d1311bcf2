import type { BtfDeclTag, BtfTypes, BtfTypeTag } from '../types.js';

/** `__attribute__((btf_decl_tag("…")))` of structs, typedefs and members. */
export class DeclTags {
  readonly #attributes = new Map<string, string>();

  constructor(btf: BtfTypes) {
    for (let id = 1; id < btf.endId; id++) {
      const type = btf.type(id);
      if (type.kind !== 'decl_tag') continue;
      const key = `${type.type}/${type.componentIdx}`;
      this.#attributes.set(key, (this.#attributes.get(key) ?? '') + attribute(type));
    }
  }

  /** The attributes of a type (component -1) or of one of its members, each after a space. */
  of(id: number, component: number): string {
    if (this.#attributes.size === 0) return '';
    return this.#attributes.get(`${id}/${component}`) ?? '';
  }
}

/** A tag as C writes it, after a space; with the kind flag (since 6.15) its text is the attribute itself. */
export function attribute({ kind, kindFlag, name }: BtfDeclTag | BtfTypeTag): string {
  const text = name.replace(/[^ -~]|["\\]/g, '_');
  return ` __attribute__((${kindFlag ? text : `btf_${kind}("${text}")`}))`;
}
