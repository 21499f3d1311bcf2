import type { BtfFunc, BtfTypes, BtfVar } from '../btf/index.js';
import { type ElfFile, type ElfSymbol, SHN_UNDEF } from '../elf/index.js';
import type { ExternSpec } from './types.js';

/** True for a symbol that the loader, not this object, has to define. */
export function isExtern(symbol: ElfSymbol): boolean {
  return (
    symbol.shndx === SHN_UNDEF && symbol.type === 'notype' && symbol.bind !== 'local' && symbol.name !== ''
  );
}

/**
 * The undefined symbols of an object, in libbpf's order: `.kconfig` ones by alignment and size, then the others, by name
 * (src/libbpf.c, bpf_object__collect_externs). One that BTF does not put into `.kconfig` or `.ksyms` is `unknown`.
 */
export function readExterns(elf: ElfFile, btf: BtfTypes | undefined): ExternSpec[] {
  const kinds = btf ? declaredExterns(btf) : new Map<string, Declared>();
  const externs = elf.symbols.filter(isExtern).map((symbol): ExternSpec => {
    const { kind, typeId } = kinds.get(symbol.name) ?? { kind: 'unknown', typeId: 0 };
    return { name: symbol.name, kind, weak: symbol.bind === 'weak', typeId };
  });
  const rank = (e: ExternSpec) => (e.kind === 'kconfig' ? 0 : 1);
  return externs.sort(
    (a, b) =>
      rank(a) - rank(b) ||
      (btf && rank(a) === 0 ? byPlace(btf, a, b) : 0) ||
      (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
}

interface Declared {
  readonly kind: ExternSpec['kind'];
  readonly typeId: number;
}

/** Where the externs of `.kconfig` stand in its map, and how large it is. */
export function kconfigLayout(
  btf: BtfTypes,
  externs: readonly ExternSpec[],
): { readonly offsets: ReadonlyMap<string, number>; readonly size: number } {
  const offsets = new Map<string, number>();
  let size = 0;
  for (const { name, kind, typeId } of externs) {
    if (kind !== 'kconfig') continue;
    const align = alignOf(btf, typeId);
    const offset = Math.ceil(size / align) * align;
    offsets.set(name, offset);
    size = offset + btf.sizeOf(typeId);
  }
  return { offsets, size };
}

function declaredExterns(btf: BtfTypes): Map<string, Declared> {
  const found = new Map<string, Declared>();
  for (const section of ['.kconfig', '.ksyms'] as const) {
    const id = btf.findByName(section, 'datasec');
    const datasec = id === undefined ? undefined : btf.type(id);
    if (datasec?.kind !== 'datasec') continue;
    for (const { type } of datasec.vars) {
      const declared = btf.type(type) as BtfVar | BtfFunc;
      if (declared.kind !== 'var' && declared.kind !== 'func') continue;
      const kind = section === '.kconfig' ? 'kconfig' : declared.kind === 'func' ? 'kfunc' : 'ksym';
      found.set(declared.name, {
        kind,
        typeId: kind === 'ksym' ? btf.resolve(declared.type) : declared.type,
      });
    }
  }
  return found;
}

function byPlace(btf: BtfTypes, a: ExternSpec, b: ExternSpec): number {
  return alignOf(btf, b.typeId) - alignOf(btf, a.typeId) || btf.sizeOf(a.typeId) - btf.sizeOf(b.typeId);
}

/** Alignment of what `.kconfig` may hold: integers, enums, arrays of characters. */
function alignOf(btf: BtfTypes, typeId: number): number {
  const type = btf.resolved(typeId);
  return type.kind === 'array' ? alignOf(btf, type.type) : Math.min(8, btf.sizeOf(typeId)) || 1;
}
