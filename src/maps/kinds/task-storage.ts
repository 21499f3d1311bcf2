import { BpfError, OwnedFd } from '../../syscall/index.js';
import { type FdSource, fdOf } from '../borrowed-fd.js';
import type { Element } from '../element-codec.js';
import { LocalStorage } from './local-storage.js';

/** A process by its number, or by a descriptor as pidfd_open(2) gives it. */
export type TaskSource = { readonly pid: number } | FdSource;

/** `BPF_MAP_TYPE_TASK_STORAGE` (Linux 5.11; kernel/bpf/bpf_task_storage.c): a value for a process: `map.get({ pid })`. It is that of its first thread. */
export class TaskStorage<V = Element> extends LocalStorage<TaskSource, V> {
  protected override withFd<T>(task: TaskSource, what: string, use: (fd: number) => T): T {
    const pid = (task as { pid?: unknown } | null)?.pid;
    if (pid === undefined) return use(fdOf(task, what));
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0 || pid > 0x7fffffff)
      throw new TypeError(`${what}: pid: ${String(pid)} is no process's number`);
    const { sys } = this.parts;
    const opened = sys.pidfdOpen(pid);
    if (opened < 0)
      throw new BpfError({ syscall: 'pidfd_open', errno: -opened, what: `${what}: process ${pid}` });
    using pidfd = new OwnedFd(sys, opened);
    return use(pidfd.value);
  }
}
