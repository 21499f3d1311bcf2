import { type BtfTypes, typeName } from '../btf/index.js';
import { type ElfFile, type ElfSymbol, SHN_UNDEF } from '../elf/index.js';
import { FormatError } from '../errors/index.js';
import { kconfigType } from './kconfig.js';
import type { ExternSpec } from './types.js';

/** True for a symbol that the loader, not this object, has to define. */
export function isExtern(symbol: ElfSymbol): boolean {
  return (
    symbol.shndx === SHN_UNDEF && symbol.type === 'notype' && symbol.bind !== 'local' && symbol.name !== ''
  );
}

/**
 * The undefined symbols of an object, in libbpf's order: `.kconfig` ones by alignment and size, then the others, by name
 * (src/libbpf.c, bpf_object__collect_externs). Throws FormatError for one that BTF does not declare in `.kconfig` or `.ksyms`, or whose
 * type cannot hold a kconfig value.
 */
export function readExterns(elf: ElfFile, btf: BtfTypes | undefined): ExternSpec[] {
  const symbols = elf.symbols.filter(isExtern);
  const [first] = symbols;
  if (!first) return [];
  if (!btf)
    throw unknown(
      elf,
      first.name,
      'the object has no BTF that says where it is to come from: compile with -g',
    );
  const declared = declaredExterns(btf);
  const externs = symbols.map(symbol => readExtern(symbol, declared, btf, elf));
  const rank = (e: ExternSpec) => (e.kind === 'kconfig' ? 0 : 1);
  return externs.sort(
    (a, b) =>
      rank(a) - rank(b) ||
      (rank(a) === 0 ? byPlace(btf, a, b) : 0) ||
      (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
}

function readExtern(
  { name, bind }: ElfSymbol,
  declared: ReadonlyMap<string, Declared>,
  btf: BtfTypes,
  elf: ElfFile,
): ExternSpec {
  const found = declared.get(name);
  if (!found)
    throw unknown(
      elf,
      name,
      'BTF declares it neither in .ksyms nor in .kconfig: write __ksym or __kconfig, or link the object that defines it (rawbpf link)',
    );
  const { kind, typeId } = found;
  if (kind === 'kconfig' && !kconfigType(btf, typeId))
    throw unknown(
      elf,
      name,
      `${typeName(btf, typeId)} cannot hold a kconfig value: use bool, char, an integer, char[] or enum libbpf_tristate`,
    );
  return { name, kind, weak: bind === 'weak', typeId };
}

function unknown(elf: ElfFile, name: string, reason: string): FormatError {
  return new FormatError(reason, { file: elf.file, section: '.BTF', field: `extern ${name}` });
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
  for (const section of ['.kconfig', '.ksyms'] as const)
    for (const id of btf.findAllByName(section, 'datasec')) {
      const datasec = btf.type(id);
      if (datasec.kind !== 'datasec') continue;
      for (const { type } of datasec.vars) {
        const declared = btf.type(type);
        if (declared.kind !== 'var' && declared.kind !== 'func') continue;
        if (declared.linkage !== 'extern' || (section === '.kconfig' && declared.kind === 'func')) continue;
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
