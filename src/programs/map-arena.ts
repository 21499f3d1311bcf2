import type { PlannedMmap } from '../object/index.js';
import {
  BpfError,
  Errno,
  MAP_FIXED_NOREPLACE,
  MAP_SHARED,
  type Mapping,
  type OwnedFd,
  PROT_READ,
  PROT_WRITE,
  type Sys,
} from '../syscall/index.js';

/** arena_get_unmapped_area in kernel/bpf/arena.c. */
const chosenAddress =
  'an arena that was mapped before is mapped again only at the same address: give it one of its own in map_extra';

/**
 * Maps an arena and puts the initial values of its variables there: programs point into the address range of this mapping, so the kernel wants it
 * before they are loaded (Linux 6.9). Throws BpfError.
 */
export function mapArena(
  sys: Sys,
  fd: OwnedFd,
  { address, length, offset, bytes }: PlannedMmap,
  what: string,
): Mapping {
  const flags = MAP_SHARED | (address === 0n ? 0 : MAP_FIXED_NOREPLACE);
  const mapping = sys.mmap(fd.value, length, PROT_READ | PROT_WRITE, flags, 0, address);
  if (typeof mapping === 'number')
    throw new BpfError({
      syscall: 'mmap',
      errno: -mapping,
      what,
      ...(mapping === -Errno.EINVAL && address === 0n ? { hint: chosenAddress } : {}),
    });
  const written = mapping.write(offset, bytes);
  if (written === 0) return mapping;
  mapping.close();
  throw new BpfError({
    syscall: 'process_vm_writev',
    errno: -written,
    what: `${what}: initial values`,
    hint: 'variables of an arena need its pages, which BPF_F_SEGV_ON_FAULT leaves to the programs',
  });
}
