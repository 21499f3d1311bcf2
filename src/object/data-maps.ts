import { BpfFlags, BpfMapType } from '../abi/index.js';
import type { BtfTypes } from '../btf/index.js';
import { type ElfFile, type ElfSection, SHF_EXECINSTR, SHT_NOBITS, SHT_PROGBITS } from '../elf/index.js';
import { FormatError } from '../errors/index.js';
import { kconfigLayout } from './externs.js';
import type { ExternSpec, MapSpec } from './types.js';

/** Largest value of an array map (INT_MAX; kernel/bpf/arraymap.c). */
const maxValueSize = 0x7fffffff;
/** `BPF_OBJ_NAME_LEN` without the NUL. */
const maxNameLength = 15;

type DataKind = NonNullable<MapSpec['internal']>['kind'];

/** The maps that stand for sections of global data, in file order. `objectName` gives their names in the kernel a beginning. */
export function readDataMaps(elf: ElfFile, btf: BtfTypes | undefined, objectName: string): MapSpec[] {
  const maps: MapSpec[] = [];
  for (const section of elf.sections) {
    const kind = dataKind(section);
    if (!kind || section.size === 0) continue;
    const place = { file: elf.file, section: section.name };
    if (maps.some(m => m.name === section.name))
      throw new FormatError('a second section of this name', { ...place, field: `section ${section.index}` });
    if (section.size > maxValueSize)
      throw new FormatError(`${section.size} bytes are more than a map can hold`, {
        ...place,
        field: 'sh_size',
      });
    maps.push(dataMap(section.name, kind, initialBytes(section, kind, elf.file), btf, objectName));
  }
  return maps;
}

/** Which kind of global data a section holds, by its name and type. */
function dataKind({ name, type, flags }: ElfSection): DataKind | undefined {
  const is = (prefix: string) => name === prefix || name.startsWith(`${prefix}.`);
  if (type === SHT_NOBITS) return is('.bss') ? 'bss' : undefined;
  if (type !== SHT_PROGBITS || flags & SHF_EXECINSTR) return undefined;
  return is('.data') ? 'data' : is('.rodata') ? 'rodata' : undefined;
}

/** The map that the kernel's configuration goes into, zero until the object is planned for a kernel; undefined when there is none to tell. */
export function kconfigMap(
  btf: BtfTypes | undefined,
  externs: readonly ExternSpec[],
  objectName: string,
): MapSpec | undefined {
  if (!btf || !externs.some(e => e.kind === 'kconfig')) return undefined;
  const { size } = kconfigLayout(btf, externs);
  return dataMap('.kconfig', 'kconfig', new Uint8Array(size), btf, objectName);
}

function dataMap(
  section: string,
  kind: DataKind,
  bytes: Uint8Array,
  btf: BtfTypes | undefined,
  objectName: string,
): MapSpec {
  // Sections of string literals (`.rodata.str1.1`) have no DATASEC.
  const valueTypeId = btf?.findByName(section, 'datasec') ?? 0;
  const mmapable = btf && valueTypeId && hasGlobals(btf, valueTypeId) ? BpfFlags.BPF_F_MMAPABLE : 0;
  return {
    name: section,
    kernelName: kernelName(section, objectName),
    type: BpfMapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: bytes.length,
    maxEntries: 1,
    flags: mmapable | (kind === 'rodata' || kind === 'kconfig' ? BpfFlags.BPF_F_RDONLY_PROG : 0),
    mapExtra: 0n,
    numaNode: undefined,
    pinning: 'none',
    keyTypeId: 0,
    valueTypeId,
    internal: { kind, section, bytes },
    values: [],
    inner: undefined,
    autocreate: true,
    structOps: undefined,
  };
}

function initialBytes(section: ElfSection, kind: DataKind, file: string): Uint8Array {
  if (kind !== 'bss') return new Uint8Array(section.data);
  try {
    return new Uint8Array(section.size);
  } catch (cause) {
    throw new FormatError(
      `${section.size} bytes are more than this machine has`,
      { file, section: section.name, field: 'sh_size' },
      { cause },
    );
  }
}

/** Only variables that user space can name make a section worth mapping (libbpf: map_is_mmapable). */
function hasGlobals(btf: BtfTypes, datasecId: number): boolean {
  const datasec = btf.type(datasecId);
  if (datasec.kind !== 'datasec') return false;
  return datasec.vars.some(({ type }) => {
    const variable = btf.type(type);
    return variable.kind === 'var' && variable.linkage !== 'static';
  });
}

/**
 * libbpf's name for the map of a section (internal_map_name): up to 8 characters of the object's name before one of the four plain
 * sections, which count as at least 7 characters; sections with a name of their own (`.data.mine`) keep it.
 */
function kernelName(section: string, objectName: string): string {
  const suffix = Math.min(maxNameLength, Math.max(7, section.length));
  const prefix = section.includes('.', 1) ? '' : objectName.slice(0, maxNameLength - suffix);
  return `${prefix}${section.slice(0, suffix)}`.replace(/[^A-Za-z0-9_.]/g, '_');
}
