import { BpfCmd } from '../abi/index.js';
import { UnsupportedFeatureError } from '../kernel/index.js';
import { BpfError, bpf, Errno, liveSys, OwnedFd, type Sys } from '../syscall/index.js';

/** While it is open the kernel counts the runs of all programs and the time that they take. */
export class Statistics {
  readonly #fd: OwnedFd;

  /** @internal */
  constructor(fd: OwnedFd) {
    this.#fd = fd;
  }

  /** The kernel stops counting, unless something else has it count. Closing twice does nothing. */
  close(): void {
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Has the kernel count each program's runs and their time, for {@link ProgramInfo.runCount} and {@link ProgramInfo.runTimeNs}, until closed (BPF_ENABLE_STATS):
 * `using _statistics = enableStats()`. Costs some 20 ns a run, of all programs of the machine. Throws UnsupportedFeatureError before Linux 5.8, BpfError
 * without CAP_SYS_ADMIN.
 */
export function enableStats({ sys = liveSys() }: { readonly sys?: Sys } = {}): Statistics {
  const cmd = BpfCmd.BPF_ENABLE_STATS;
  const result = bpf(sys, cmd, { type: 0 });
  if (result >= 0) return new Statistics(new OwnedFd(sys, result));
  const refusal = { syscall: 'bpf', cmd, errno: -result, what: 'count runs' };
  if (result === -Errno.EINVAL)
    throw new UnsupportedFeatureError('counting the runs of programs by request', {
      what: 'enableStats',
      since: '5.8',
      reason: 'it does not know the command',
      advice: 'Set the sysctl kernel.bpf_stats_enabled (Linux 5.1).',
      cause: new BpfError(refusal),
    });
  const hint = result === -Errno.EPERM ? { hint: 'the process lacks CAP_SYS_ADMIN' } : {};
  throw new BpfError({ ...refusal, ...hint });
}
