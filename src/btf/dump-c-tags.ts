import type { BtfTypes } from './types.js';

/** `__attribute__((btf_decl_tag("…")))` of structs, typedefs and members. */
export class DeclTags {
  readonly #attributes = new Map<string, string>();

  constructor(btf: BtfTypes) {
    for (let id = 1; id < btf.endId; id++) {
      const type = btf.type(id);
      if (type.kind !== 'decl_tag') continue;
      const key = `${type.type}/${type.componentIdx}`;
      const attribute = type.kindFlag ? type.name : `btf_decl_tag("${type.name}")`;
      this.#attributes.set(key, `${this.#attributes.get(key) ?? ''} __attribute__((${attribute}))`);
    }
  }

  /** The attributes of a type (component -1) or of one of its members, each after a space. */
  of(id: number, component: number): string {
    if (this.#attributes.size === 0) return '';
    return this.#attributes.get(`${id}/${component}`) ?? '';
  }
}
