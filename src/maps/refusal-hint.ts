import { BpfCmd } from '../abi/index.js';
import { Errno } from '../syscall/index.js';

/** What an errno of a call on elements means, where that is known: kernel/bpf/hashtab.c, arraymap.c, syscall.c. */
export function refusalHint(cmd: number, errno: number, maxEntries: number): string | undefined {
  switch (cmd) {
    case BpfCmd.BPF_MAP_UPDATE_ELEM:
    case BpfCmd.BPF_MAP_UPDATE_BATCH:
      return updateHint(errno, maxEntries);
    case BpfCmd.BPF_MAP_DELETE_ELEM:
    case BpfCmd.BPF_MAP_DELETE_BATCH:
      return missing.has(errno) ? 'elements of maps of this type cannot be deleted' : writeHint(errno);
    case BpfCmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM:
      return missing.has(errno)
        ? 'this kernel or map type cannot look up and delete in one step (hash maps: since Linux 5.14); get() and delete() do it in two'
        : writeHint(errno);
    case BpfCmd.BPF_MAP_GET_NEXT_KEY:
      return missing.has(errno) ? 'maps of this type cannot be walked' : undefined;
    default:
      return undefined;
  }
}

const missing: ReadonlySet<number> = new Set([Errno.EINVAL, Errno.ENOTSUPP, Errno.EOPNOTSUPP]);

function updateHint(errno: number, maxEntries: number): string | undefined {
  if (errno === Errno.E2BIG)
    return `the map is full or the index is not below its max_entries (${maxEntries})`;
  if (errno === Errno.EEXIST) return 'the key is there already';
  if (errno === Errno.ENOENT) return 'the key is not there';
  return writeHint(errno);
}

function writeHint(errno: number): string | undefined {
  return errno === Errno.EPERM ? 'the map is frozen or read-only for user space' : undefined;
}
