import { readdirSync } from 'node:fs';
import { BpfCmd } from '../../abi/index.js';
import {
  type Cause,
  errorFor,
  heldBy,
  Kernel,
  lackOfPermission,
  lackOfPrivilege,
  readFacts,
  versionCode,
} from '../../kernel/index.js';
import { bpfInOut, Errno, liveSys, type Sys } from '../../syscall/index.js';

/** A file descriptor of a process at which a BPF program runs. */
export type TaskFd = TaskFdBase &
  (
    | {
        readonly fdType: 'raw_tracepoint' | 'tracepoint';
        readonly tracepoint: string;
      }
    | {
        readonly fdType: 'kprobe' | 'kretprobe';
        /** Empty where the probe was set by its address. */
        readonly symbol: string;
        /** Bytes from the symbol. */
        readonly offset: bigint;
        /** 0 where the probe was set by a symbol, or the kernel hides addresses. */
        readonly address: bigint;
      }
    | {
        readonly fdType: 'uprobe' | 'uretprobe';
        readonly path: string;
        /** Bytes from the beginning of the file. */
        readonly offset: bigint;
      }
  );

interface TaskFdBase {
  readonly pid: number;
  readonly fd: number;
  readonly programId: number;
}

export interface TaskFdOptions {
  /** Default: this machine's kernel. */
  readonly sys?: Sys;
}

/** `enum bpf_task_fd_type`. */
const fdTypes = ['raw_tracepoint', 'tracepoint', 'kprobe', 'kretprobe', 'uprobe', 'uretprobe'] as const;

/**
 * What a process's fd lets run: a perf event that has a program (by a link or by ioctl), or a raw tracepoint. Undefined for every other fd, and where the process or
 * the fd is gone. BPF_TASK_FD_QUERY, Linux 4.18. Throws BpfError without CAP_SYS_ADMIN, UnsupportedFeatureError before 4.18.
 */
export function queryTaskFd(
  pid: number,
  fd: number,
  { sys = liveSys() }: TaskFdOptions = {},
): TaskFd | undefined {
  const found = ask(sys, pid, fd);
  if (typeof found !== 'number') return found;
  const isOlder = found === Errno.EINVAL && Kernel.running(sys).versionCode < versionCode(since);
  if (found !== Errno.EPERM && !isOlder) return undefined;
  const what = pid === process.pid ? 'what runs at perf events' : `what runs at fd ${fd} of process ${pid}`;
  throw errorFor(isOlder ? older : denial(sys), { syscall: 'bpf', cmd, errno: found, what });
}

/**
 * Every fd at which a program runs by a perf event or a raw tracepoint, by ascending pid and fd: what `bpftool perf list` shows. Passes over processes that
 * the kernel shields from this one. Other links are in {@link listLinks}. Linux 4.18. Throws what {@link queryTaskFd} throws.
 */
export function* listTaskFds({ sys = liveSys() }: TaskFdOptions = {}): Generator<TaskFd, void> {
  // Of its own process nothing is hidden: a refusal here is one of the command.
  queryTaskFd(process.pid, 0, { sys });
  for (const pid of numbersIn('/proc'))
    for (const fd of numbersIn(`/proc/${pid}/fd`)) {
      const found = ask(sys, pid, fd);
      if (typeof found === 'object') yield found;
      else if (found === Errno.EPERM) break;
    }
}

const cmd = BpfCmd.BPF_TASK_FD_QUERY;

/** The positive errno of a refusal; undefined of a type of fd that is newer than this. */
function ask(sys: Sys, pid: number, fd: number): TaskFd | number | undefined {
  for (let room = usualRoom; ; ) {
    const buf = new Uint8Array(room);
    const { result, attr } = bpfInOut(sys, cmd, { pid, fd, buf, buf_len: room });
    // The kernel tells the length of the name without its NUL.
    const length = Number(attr['buf_len']);
    if (result === -Errno.ENOSPC && length >= room) room = length + 1;
    else if (result < 0) return -result;
    else return taskFd({ pid, fd, programId: Number(attr['prog_id']) }, attr, text(buf));
  }
}

/** Most names are those of functions or files. */
const usualRoom = 256;

function taskFd(base: TaskFdBase, attr: Readonly<Record<string, unknown>>, name: string): TaskFd | undefined {
  const offset = attr['probe_offset'] as bigint;
  const fdType = fdTypes[Number(attr['fd_type'])];
  switch (fdType) {
    case 'raw_tracepoint':
    case 'tracepoint':
      return { ...base, fdType, tracepoint: name };
    case 'kprobe':
    case 'kretprobe':
      return { ...base, fdType, symbol: name, offset, address: attr['probe_addr'] as bigint };
    case 'uprobe':
    case 'uretprobe':
      return { ...base, fdType, path: name, offset };
    default:
      return undefined;
  }
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

const since = '4.18';
const older: Cause = {
  reason: 'it does not know the command',
  missing: { feature: 'BPF_TASK_FD_QUERY', since },
};

function denial(sys: Sys): Cause | undefined {
  const facts = readFacts(Kernel.running(sys));
  if (facts.inUserNamespace) return lackOfPrivilege(facts);
  if (facts.may('CAP_SYS_ADMIN')) return lackOfPermission(facts);
  return { reason: `the process lacks CAP_SYS_ADMIN${heldBy(facts)}`, advice: 'Run it as root.' };
}

/** The names in a folder that are numbers, ascending; none when the process is gone, or is another user's. */
function numbersIn(folder: string): number[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}
