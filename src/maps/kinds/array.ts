import type { Element } from '../element-codec.js';
import { KeyValueMap } from '../key-value-map.js';
import { MappedArray } from '../memory/mapped-array.js';

/** `BPF_MAP_TYPE_ARRAY` (Linux 3.19; kernel/bpf/arraymap.c): keys are the indexes 0 to maxEntries - 1, all of them always there. */
export class ArrayMap<K = Element, V = Element> extends KeyValueMap<K, V> {
  #mapped: MappedArray | undefined;

  /**
   * The values in this process's memory, read and written without a system call; the same each time. While they are mapped for writing the
   * map cannot be frozen (EBUSY). Throws TypeError when the map was not created with BPF_F_MMAPABLE (Linux 5.5) and after close(),
   * BpfError when the kernel refuses, as it does where the map was opened for reading only.
   */
  mapped(): MappedArray {
    // Throws after close().
    this.fd;
    this.#mapped ??= MappedArray.of(this, this.parts);
    return this.#mapped;
  }

  override close(): void {
    this.#mapped?.close();
    super.close();
  }
}
