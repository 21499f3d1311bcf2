import { BpfCmd, BpfMapType } from '../abi/index.js';
import type { RawbpfError } from '../errors/index.js';
import { errorFor, lackOfPrivilege, readFacts } from '../kernel/index.js';
import type { KernelView } from '../object/index.js';
import { bpf, Errno, type Sys } from '../syscall/index.js';

/** The error for a process that bpf() is closed to, found out by creating the plainest of maps; undefined for one that may use it. */
export function denied(sys: Sys, kernel: KernelView, file: string): RawbpfError | undefined {
  const cmd = BpfCmd.BPF_MAP_CREATE;
  const result = bpf(sys, cmd, {
    map_type: BpfMapType.BPF_MAP_TYPE_ARRAY,
    key_size: 4,
    value_size: 4,
    max_entries: 1,
  });
  if (result >= 0) sys.close(result);
  if (result !== -Errno.EPERM) return undefined;
  return errorFor(lackOfPrivilege(readFacts(kernel)), { syscall: 'bpf', cmd, errno: -result, what: file });
}
