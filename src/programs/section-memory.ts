import { BpfCmd } from '../abi/index.js';
import { type ArenaMap, type ArrayMap, type BpfMap, storeBytes, type ViewMemory } from '../maps/index.js';
import { BpfError, bpf, type Sys } from '../syscall/index.js';

/** The bytes of one data section, wherever they are: in the object before load, in the section's map after. Offsets are bytes. */
export interface SectionMemory {
  /** The bytes in place; undefined where reading them takes a system call. */
  readonly view: DataView | undefined;
  /** The bytes as they are now: in place, or a copy. */
  read(): DataView;
  write(offset: number, bytes: Uint8Array): void;
  /** Larger memory that it is a part of, where pointers between the two are to be followed. */
  readonly within?: { readonly memory: ViewMemory; readonly offset: number };
}

/** Bytes that nobody but their owner changes: of an object that is not loaded, and of sections that load() freezes. */
export function ownMemory(bytes: Uint8Array): SectionMemory {
  return placed(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
}

/**
 * A section's map in this process's memory (BPF_F_MMAPABLE, Linux 5.5): reads and writes touch the bytes that the programs see, and no others. It is mapped
 * when first needed; where that is refused, `otherwise` takes its place.
 */
export function mappedMemory(map: ArrayMap, otherwise: SectionMemory): SectionMemory {
  let memory: SectionMemory | undefined;
  const made = (): SectionMemory => {
    try {
      return placed(map.mapped().data);
    } catch (error) {
      if (error instanceof BpfError) return otherwise;
      throw error;
    }
  };
  const get = (): SectionMemory => {
    memory ??= made();
    return memory;
  };
  return {
    get view() {
      return get().view;
    },
    read: () => get().read(),
    write: (offset, bytes) => get().write(offset, bytes),
  };
}

function placed(view: DataView): SectionMemory {
  return { view, read: () => view, write: (offset, bytes) => storeBytes(view, offset, bytes) };
}

/** The variables of an arena (Linux 6.9), `size` bytes from an offset on. */
export function arenaMemory(arena: ArenaMap, offset: number, size: number): SectionMemory {
  const { memory } = arena;
  const { view } = memory;
  const read = () => new DataView(memory.bytes(offset, size).buffer);
  const within = { memory, offset };
  if (view) return { ...placed(new DataView(view.buffer, view.byteOffset + offset, size)), within };
  return { view, read, write: (at, bytes) => memory.write(offset + at, bytes), within };
}

/**
 * A section's map through system calls, for kernels that cannot map it. A write puts back the whole section, and with it whatever
 * the programs changed in the others of its variables since it was read. `what` names the section in errors.
 */
export function copiedMemory(sys: Sys, map: BpfMap, what: string): SectionMemory {
  const key = new Uint8Array(4);
  const call = (cmd: number, value: Uint8Array) => {
    const result = bpf(sys, cmd, { map_fd: map.fd, key, value });
    if (result < 0) throw new BpfError({ syscall: 'bpf', cmd, errno: -result, what });
    return value;
  };
  const all = () => call(BpfCmd.BPF_MAP_LOOKUP_ELEM, new Uint8Array(map.valueSize));
  return {
    view: undefined,
    read: () => new DataView(all().buffer),
    write: (offset, value) => {
      const bytes = all();
      bytes.set(value, offset);
      call(BpfCmd.BPF_MAP_UPDATE_ELEM, bytes);
    },
  };
}
