import { BpfCmd } from '../abi/index.js';
import { bpf, Errno } from '../syscall/index.js';
import { BpfMap } from './bpf-map.js';

/** `BPF_MAP_TYPE_PROG_ARRAY` (Linux 4.2; kernel/bpf/arraymap.c): the programs that bpf_tail_call() jumps to, by index. */
export class ProgArray extends BpfMap {
  /**
   * Puts a program at an index, so that `bpf_tail_call(ctx, map, index)` runs it. The map holds it until it is deleted or the map is closed.
   * Throws BpfError: EINVAL for a program of another type than the one that jumps, E2BIG for an index that is not below maxEntries.
   */
  set(index: number, program: { readonly fd: number }): this {
    const result = this.#call(
      BpfCmd.BPF_MAP_UPDATE_ELEM,
      index,
      new Uint8Array(new Uint32Array([program.fd]).buffer),
    );
    if (result < 0)
      throw this.refused(
        BpfCmd.BPF_MAP_UPDATE_ELEM,
        -result,
        `index ${index}; the program must be of the type of those that jump here`,
      );
    return this;
  }

  /** Id of the program at an index; undefined when there is none. */
  get(index: number): number | undefined {
    const value = new Uint32Array(1);
    const result = this.#call(BpfCmd.BPF_MAP_LOOKUP_ELEM, index, new Uint8Array(value.buffer));
    if (result === -Errno.ENOENT) return undefined;
    if (result < 0) throw this.refused(BpfCmd.BPF_MAP_LOOKUP_ELEM, -result);
    return value[0];
  }

  /** Empties an index: true when a program was there. */
  delete(index: number): boolean {
    const result = this.#call(BpfCmd.BPF_MAP_DELETE_ELEM, index, undefined);
    if (result < 0 && result !== -Errno.ENOENT) throw this.refused(BpfCmd.BPF_MAP_DELETE_ELEM, -result);
    return result === 0;
  }

  #call(cmd: number, index: number, value: Uint8Array | undefined): number {
    if (!Number.isInteger(index) || index < 0 || index > 0xffffffff)
      throw new TypeError(`map ${this.name}: index ${index} is not a u32`);
    const key = new Uint8Array(new Uint32Array([index]).buffer);
    return bpf(this.parts.sys, cmd, { map_fd: this.fd, key, ...(value ? { value } : {}) });
  }
}
