import { type BtfEnum, type BtfEnum64, type BtfStruct, type BtfTypes, isChar } from '../btf/index.js';
import { type ModuleNames, propertyName } from './names.js';

/** Writes the TypeScript types of what codecs read of BTF types, with a declaration for each struct, union and enum that has a name. */
export class TypeWriter {
  readonly #btf: BtfTypes;
  readonly #names: ModuleNames;
  readonly #declared = new Map<number, string>();
  readonly #declarations: string[] = [];

  constructor(btf: BtfTypes, names: ModuleNames) {
    this.#btf = btf;
    this.#names = names;
  }

  /** The declarations that the types written so far need. */
  get declarations(): readonly string[] {
    return this.#declarations;
  }

  /** The type of values of a BTF type, as source; `unknown` for a type that no codec reads. */
  type(id: number): string {
    const { named, target } = this.#behind(id);
    switch (target.kind) {
      case 'int':
        return target.bool ? 'boolean' : integer(target.bits);
      case 'float':
        return 'number';
      case 'ptr':
        return 'bigint';
      case 'enum':
      case 'enum64':
        return target.name || named ? this.#enum(target, target.name || named) : integer(8 * target.size);
      case 'array':
        return isChar(this.#btf, target.type) ? 'string' : list(this.type(target.type));
      case 'struct':
      case 'union':
        return target.name || named
          ? this.#struct(target, target.name || named)
          : `{ ${this.#members(target).join(' ')} }`;
      case 'var':
        return this.type(target.type);
      default:
        return 'unknown';
    }
  }

  /** The type behind typedefs and modifiers, and the first typedef's name on the way. */
  #behind(id: number) {
    let type = this.#btf.type(id);
    let named = '';
    while ('type' in type && isAlias(type.kind)) {
      if (type.kind === 'typedef' && named === '') named = type.name;
      type = this.#btf.type(type.type);
    }
    return { named, target: type };
  }

  #struct(type: BtfStruct, name: string): string {
    return this.#declare(type.id, name, as => [
      `/** \`${type.name ? `${type.kind} ` : ''}${name}\`, ${type.size} bytes. */`,
      `export interface ${as} {`,
      ...this.#members(type).map(member => `  ${member}`),
      '}',
    ]);
  }

  #enum(type: BtfEnum | BtfEnum64, name: string): string {
    return this.#declare(type.id, name, as => {
      const values: readonly { readonly name: string; readonly value: number | bigint }[] = type.values;
      return [
        `/** \`${type.name ? 'enum ' : ''}${name}\`. */`,
        `export const ${as} = {`,
        ...values.map(v => `  ${propertyName(v.name)}: ${type.size === 8 ? `${v.value}n` : v.value},`),
        '} as const;',
        // Of any value: programs combine flags, and memory has what it has.
        `export type ${as} = ${integer(8 * type.size)};`,
      ];
    });
  }

  #declare(id: number, wanted: string, lines: (name: string) => string[]): string {
    let name = this.#declared.get(id);
    if (name === undefined) {
      name = this.#names.take(wanted);
      this.#declared.set(id, name);
      this.#declarations.push(lines(name).join('\n'));
    }
    return name;
  }

  /** Those of members without a name are the struct's own. */
  #members(type: BtfStruct): string[] {
    return type.members.flatMap(({ name, type: id, bitSize }) => {
      const target = this.#btf.resolved(id);
      if (name) return [`${propertyName(name)}: ${bitSize ? this.#bitField(id, bitSize) : this.type(id)};`];
      return target.kind === 'struct' || target.kind === 'union' ? this.#members(target) : [];
    });
  }

  #bitField(id: number, bits: number): string {
    const target = this.#btf.resolved(id);
    if (target.kind === 'int') return target.bool ? 'boolean' : integer(bits);
    // An enum of 64 bits in fewer reads as they do.
    return 'size' in target && integer(8 * target.size) !== integer(bits) ? integer(bits) : this.type(id);
  }
}

const isAlias = (kind: string) =>
  ['typedef', 'const', 'volatile', 'restrict', 'type_tag', 'decl_tag'].includes(kind);

const integer = (bits: number): string => (bits > 32 ? 'bigint' : 'number');

const list = (element: string): string => (/[^\w$[\]]/.test(element) ? `(${element})[]` : `${element}[]`);
