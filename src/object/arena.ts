import { BpfMapType } from '../abi/index.js';
import type { ElfFile } from '../elf/index.js';
import { SHT_PROGBITS } from '../elf/index.js';
import { FormatError } from '../errors/index.js';
import type { KernelView } from './plan/kernel-view.js';
import type { MapSpec, ObjectSpec } from './types.js';

/** Where compilers put global variables of an arena's address space. */
export const arenaSection = '.addr_space.1';

/** Bytes of a page, unless a kernel view says otherwise. */
const pageSize = 4096;

/**
 * The variables that live in the object's arena (libbpf: init_arena_map_data). Throws FormatError when there are some but no arena, when
 * they do not fit it, or when there are two arenas.
 */
export function readArena(elf: ElfFile, maps: readonly MapSpec[]): ObjectSpec['arena'] {
  const [arena, second] = maps.filter(m => m.type === BpfMapType.BPF_MAP_TYPE_ARENA);
  if (arena && second)
    throw new FormatError(`there is an arena already, ${arena.name}: an object can have one`, {
      file: elf.file,
      section: '.maps',
      field: `map ${second.name}`,
    });
  const section = elf.section(arenaSection);
  if (section?.type !== SHT_PROGBITS || section.size === 0) return undefined;
  const place = { file: elf.file, section: arenaSection };
  if (!arena)
    throw new FormatError(
      'variables of an arena need one: define a map of BPF_MAP_TYPE_ARENA in SEC(".maps")',
      place,
    );
  if (section.size > arena.maxEntries * pageSize)
    throw new FormatError(
      `${section.size} bytes of variables do not fit the ${arena.maxEntries} pages of ${arena.name}`,
      place,
    );
  return { map: arena.name, bytes: section.data };
}

/** Bytes of the whole arena. */
export function arenaSize({ maxEntries }: MapSpec, kernel: KernelView): number {
  return maxEntries * (kernel.pageSize ?? pageSize);
}

/** Where in the arena its variables begin: at its end on kernels that let an instruction point there, else at its start (libbpf: arena_data_off). */
export function arenaDataOffset(spec: ObjectSpec, kernel: KernelView): number {
  const { arena } = spec;
  const map = arena && spec.maps.find(m => m.name === arena.map);
  if (!map || !kernel.has('ldimm64_full_range_off')) return 0;
  const page = kernel.pageSize ?? pageSize;
  return arenaSize(map, kernel) - Math.ceil(arena.bytes.length / page) * page;
}
