import type { BtfMember, BtfStruct, BtfType, BtfTypes } from '../types.js';
import { declarator } from './declarator.js';
import { isCType } from './dump-c-base-types.js';
import { enumBody } from './dump-c-enum.js';
import { type Hole, isInlined, Layouts } from './dump-c-layout.js';
import { identifier, type Names } from './dump-c-names.js';
import { LONG, padding } from './dump-c-padding.js';
import { attribute, type DeclTags } from './dump-c-tags.js';

/** Writes single declarations; what they need stands before them. */
export class DeclarationWriter {
  readonly #btf: BtfTypes;
  readonly #names: Names;
  readonly #layouts: Layouts;
  readonly #tags: DeclTags;

  constructor(btf: BtfTypes, names: Names, tags: DeclTags) {
    this.#btf = btf;
    this.#names = names;
    this.#layouts = new Layouts(btf);
    this.#tags = tags;
  }

  /** The definition of a struct or union: its members with what makes them lie where BTF says. */
  struct(type: BtfStruct, name: string, level: number): string {
    const { packed, aligned, fields, tail } = this.#layouts.of(type);
    const inner = '\t'.repeat(level + 1);
    const lines: string[] = [];
    // One bit-field fills no more of a union than a long.
    const limit = type.kind === 'union' ? LONG : undefined;
    const fill = (hole: Hole | undefined): void => {
      if (hole) for (const line of padding(hole, packed, limit)) lines.push(`${inner}${line}`);
    };
    for (const { member, index, bits, hole } of fields) {
      fill(hole);
      const width = bits ? `: ${bits}` : '';
      lines.push(`${inner}${this.#member(member, level + 1)}${width}${this.#tags.of(type.id, index)};`);
    }
    fill(tail);
    const body = lines.length > 0 ? `{\n${lines.join('\n')}\n${'\t'.repeat(level)}}` : '{}';
    const attributes = [packed ? 'packed' : '', aligned ? `aligned(${aligned})` : ''].filter(Boolean);
    const suffix = attributes.map(attribute => ` __attribute__((${attribute}))`).join('');
    return `${spaced(type.kind, name)} ${body}${suffix}${this.#tags.of(type.id, -1)}`;
  }

  #member(member: BtfMember, level: number): string {
    return this.declare(member.type, identifier(member.name), level, isInlined(this.#btf, member));
  }

  /** `name` declared as of type `id`; `inlined` writes out a struct or union even where it has a name. */
  declare(id: number, name: string, level: number, inlined = false): string {
    return declarator(this.#btf, id, name, {
      specifier: type =>
        inlined
          ? this.struct(this.#btf.resolved(type.id) as BtfStruct, '', level)
          : this.#specifier(type, level),
      parameter: text => text && identifier(text),
      tag: attribute,
    });
  }

  /** Words in front of the declared name: `struct x`, an alias, or all of an anonymous type. */
  #specifier(type: BtfType, level: number): string {
    const name = this.#names.of(type);
    switch (type.kind) {
      case 'void':
        return 'void';
      case 'struct':
      case 'union':
        return name ? `${type.kind} ${name}` : this.struct(type, '', level);
      case 'enum':
      case 'enum64':
        return name ? `enum ${name}` : enumBody(type, '', this.#names, level);
      case 'fwd':
        return `${type.of} ${name}`;
      case 'int':
      case 'float':
        return isCType(type) ? type.name : name;
      default:
        return name;
    }
  }
}

function spaced(left: string, right: string): string {
  return right === '' ? left : `${left} ${right}`;
}
