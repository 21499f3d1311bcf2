import { BpfCmd } from '../abi/index.js';
import type { MapSpec } from '../object/index.js';
import {
  BpfError,
  bpf,
  MAP_SHARED,
  type Mapping,
  PROT_READ,
  PROT_WRITE,
  type Sys,
} from '../syscall/index.js';

/** The bytes of one data section, wherever they are: in the object before load, in the section's map after. Offsets are bytes. */
export interface SectionMemory {
  read(offset: number, size: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
  close(): void;
}

/** A section of an object that is not loaded: a copy of its initial bytes. */
export function initialMemory(map: MapSpec): SectionMemory {
  const bytes = new Uint8Array(map.valueSize);
  if (map.internal) bytes.set(map.internal.bytes.subarray(0, bytes.length));
  return {
    read: (offset, size) => bytes.slice(offset, offset + size),
    write: (offset, value) => bytes.set(value, offset),
    close: () => {},
  };
}

/**
 * A section's map, mapped into this process (the map has BPF_F_MMAPABLE, Linux 5.5): reads and writes touch the bytes that the
 * programs see, and no others. Throws BpfError when the mapping is refused. `what` names the section in errors.
 */
export function mappedMemory(sys: Sys, fd: number, map: MapSpec, what: string): SectionMemory {
  let mapping: Mapping | undefined;
  const bytes = () => {
    if (!mapping) {
      const result = sys.mmap(fd, map.valueSize, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
      if (typeof result === 'number') throw new BpfError({ syscall: 'mmap', errno: -result, what });
      mapping = result;
    }
    return new Uint8Array(mapping.buffer, 0, map.valueSize);
  };
  return {
    read: (offset, size) => bytes().slice(offset, offset + size),
    write: (offset, value) => bytes().set(value, offset),
    close: () => mapping?.close(),
  };
}

/**
 * A section's map through system calls, for kernels that cannot map it. A write puts back the whole section, and with it whatever
 * the programs changed in the others of its variables since it was read.
 */
export function copiedMemory(sys: Sys, fd: number, map: MapSpec, what: string): SectionMemory {
  const key = new Uint8Array(4);
  const call = (cmd: number, value: Uint8Array) => {
    const result = bpf(sys, cmd, { map_fd: fd, key, value });
    if (result < 0) throw new BpfError({ syscall: 'bpf', cmd, errno: -result, what });
    return value;
  };
  const all = () => call(BpfCmd.BPF_MAP_LOOKUP_ELEM, new Uint8Array(map.valueSize));
  return {
    read: (offset, size) => all().slice(offset, offset + size),
    write: (offset, value) => {
      const bytes = all();
      bytes.set(value, offset);
      call(BpfCmd.BPF_MAP_UPDATE_ELEM, bytes);
    },
    close: () => {},
  };
}
