import type { Cause } from '../../../kernel/index.js';
import { Errno } from '../../../syscall/index.js';

const [EIO, ESRCH, ENOTSUPP] = [5, 3, 524];

/** Why the kernel refused to put a uprobe (kernel/events/uprobes.c, kernel/trace/trace_uprobe.c, and for several at once kernel/trace/bpf_trace.c). */
export function explainUprobe(errno: number, path: string): Cause | undefined {
  switch (errno) {
    case Errno.ENOENT:
      return { reason: `${path} is not there: the kernel looks for it in this process's mount namespace` };
    case ESRCH:
      return { reason: 'there is no process with this pid' };
    case EIO:
      return { reason: `${path} is in a file system whose files cannot be probed` };
    case ENOTSUPP:
    case Errno.EOPNOTSUPP:
      return {
        reason: 'the instruction there cannot be probed',
        advice: 'Move the offset to another instruction.',
      };
    case Errno.EINVAL:
      return {
        reason: `the offset is past the end of ${path}, or not that of an instruction, or the counter's is not a multiple of 2`,
      };
    default:
      return undefined;
  }
}
