import { type FdSource, withFile } from '../borrowed-fd.js';
import type { Element } from '../element-codec.js';
import { LocalStorage } from './local-storage.js';

/** `BPF_MAP_TYPE_CGRP_STORAGE` (Linux 6.2; kernel/bpf/bpf_cgrp_storage.c): a value for a cgroup, named by its folder (`/sys/fs/cgroup/…`) or an fd of it. */
export class CgrpStorage<V = Element> extends LocalStorage<string | FdSource, V> {
  protected override withFd<T>(cgroup: string | FdSource, what: string, use: (fd: number) => T): T {
    return withFile(cgroup, what, use);
  }
}
