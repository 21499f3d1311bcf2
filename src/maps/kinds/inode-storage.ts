import { type FdSource, withFile } from '../borrowed-fd.js';
import type { Element } from '../element-codec.js';
import { LocalStorage } from './local-storage.js';

/** `BPF_MAP_TYPE_INODE_STORAGE` (Linux 5.10; kernel/bpf/bpf_inode_storage.c): a value for a file, named by its path or an fd. */
export class InodeStorage<V = Element> extends LocalStorage<string | FdSource, V> {
  protected override withFd<T>(file: string | FdSource, what: string, use: (fd: number) => T): T {
    return withFile(file, what, use);
  }
}
