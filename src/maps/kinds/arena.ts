import { BpfFlags } from '../../abi/index.js';
import { type BtfTypes, type BtfValue, type Codec, codec } from '../../btf/index.js';
import { pageSize } from '../../kernel/index.js';
import {
  BpfError,
  Errno,
  MAP_FIXED_NOREPLACE,
  MAP_SHARED,
  type Mapping,
  PROT_READ,
  PROT_WRITE,
} from '../../syscall/index.js';
import { BpfMap } from '../bpf-map.js';
import { typeNamed } from '../element-as.js';
import { ArenaMemory, type ArenaPointer } from '../memory/arena-memory.js';
import { type LiveStruct, liveStruct, type ViewMemory } from '../memory/live-struct.js';
import { type ScalarArray, scalarArray } from '../memory/scalar-array.js';

/**
 * `BPF_MAP_TYPE_ARENA` (Linux 6.9; kernel/bpf/arena.c): memory that programs and this process share, with pointers that hold in both.
 *
 * Pages are the program's to allocate. Touching one that is not allocated allocates it, zeroed, as it does in C; a page is missing only when the memory
 * control group is out of memory, and touching it then ends the process. An arena of BPF_F_SEGV_ON_FAULT allocates nothing that way: there everything
 * is copied by the kernel (process_vm_readv(2)), which answers EFAULT where a load would end the process.
 */
export class ArenaMap extends BpfMap {
  #memory: ArenaMemory | undefined;

  /** Bytes of the whole arena. */
  get length(): number {
    return this.maxEntries * pageSize();
  }

  /** Where the arena begins for its programs, and in this process: `user_vm_start`. Maps the arena if it was not; throws BpfError when that is refused. */
  get address(): bigint {
    return this.#mapped().address;
  }

  /** Bytes from the start of the arena to where a pointer points. Throws RangeError for one that points elsewhere, and for NULL. */
  offsetOf(pointer: ArenaPointer): number {
    return this.#mapped().offsetOf(pointer);
  }

  /** The pointer to a place in the arena, as programs store it. Throws RangeError outside of the arena. */
  pointerTo(place: number | LiveStruct): bigint {
    const memory = this.#mapped();
    return memory.pointerTo(typeof place === 'number' ? place : memory.offsetOf(place));
  }

  /** The value of a type (`struct node`, `node`, `__u64`) where a pointer points, decoded once. Throws RangeError for a pointer that leaves the arena, TypeError for a type that the BTF does not have. */
  read(type: string, pointer: ArenaPointer): BtfValue {
    const [memory, own] = this.#typed(type);
    return memory.read(own, memory.offsetOf(pointer, own.size, type));
  }

  /** Writes a value of a type. Throws as {@link read}, and TypeError for a value of the wrong shape. */
  write(type: string, pointer: ArenaPointer, value: unknown): void {
    const [memory, own] = this.#typed(type);
    const offset = memory.offsetOf(pointer, own.size, type);
    const bytes = new Uint8Array(own.size);
    own.write(bytes, value);
    memory.write(offset, bytes);
  }

  /**
   * The struct or union where a pointer points, whose members are read when touched and written when set; pointers in it to structs are views of those in turn:
   * `for (let n = arena.view('node', head); n; n = n.next)`. Undefined for NULL. Throws as {@link read}.
   */
  view(type: string, pointer: ArenaPointer): LiveStruct | undefined {
    const [memory, own] = this.#typed(type);
    if (pointer === 0n || pointer === 0) return undefined;
    return liveStruct(
      this.parts.def.btf as BtfTypes,
      own.typeId,
      memory,
      memory.offsetOf(pointer, own.size, type),
    );
  }

  /** A copy of `size` bytes. Throws RangeError outside of the arena. */
  bytes(pointer: ArenaPointer, size: number): Uint8Array {
    const memory = this.#mapped();
    return memory.bytes(memory.offsetOf(pointer, size), size);
  }

  /** The memory of `count` scalars of a type (default `bytes`) as a typed array. Throws as {@link read}, TypeError where arenas are copied (BPF_F_SEGV_ON_FAULT). */
  array(pointer: ArenaPointer, count: number, type = 'bytes'): ScalarArray {
    const memory = this.#mapped();
    if (!memory.view)
      throw new TypeError(`map ${this.name}: its pages can be missing (BPF_F_SEGV_ON_FAULT): take bytes()`);
    const own = type === 'bytes' ? undefined : this.#typed(type)[1];
    const size = count * (own?.size ?? 1);
    const offset = memory.offsetOf(pointer, size, type);
    return scalarArray(
      this.parts.def.btf,
      own?.typeId,
      memory.view,
      offset,
      size,
      `map ${this.name}: ${type}`,
    );
  }

  /** The arena's memory for views of its structs. */
  get memory(): ViewMemory {
    return this.#mapped();
  }

  override close(): void {
    this.#memory?.close();
    super.close();
  }

  #typed(type: string): [ArenaMemory, Codec] {
    const { btf } = this.parts.def;
    const typeId = btf && typeNamed(btf, type);
    if (!btf || typeId === undefined)
      throw new TypeError(`map ${this.name}: its BTF has no type ${type}${btf ? '' : ': it has no BTF'}`);
    return [this.#mapped(), codec(btf, typeId)];
  }

  #mapped(): ArenaMemory {
    // Throws after close().
    this.fd;
    const copied = (this.flags & BpfFlags.BPF_F_SEGV_ON_FAULT) !== 0;
    this.#memory ??= new ArenaMemory(`map ${this.name}`, this.parts.def.arena ?? this.#map(), copied);
    return this.#memory;
  }

  #map(): Mapping {
    const { sys, info } = this.parts;
    const wanted = info['map_extra'] as bigint;
    const flags = MAP_SHARED | (wanted === 0n ? 0 : MAP_FIXED_NOREPLACE);
    const mapping = sys.mmap(this.fd, this.length, PROT_READ | PROT_WRITE, flags, 0, wanted);
    if (typeof mapping !== 'number') return mapping;
    const elsewhere = [Errno.EBUSY, Errno.EEXIST, Errno.EINVAL].includes(-mapping as never);
    throw new BpfError({
      syscall: 'mmap',
      errno: -mapping,
      what: `map ${this.name} (arena), ${this.length} bytes`,
      ...(elsewhere
        ? {
            hint: 'it is mapped already, and can only be where it is: create it with its address as map_extra, and map it once a process',
          }
        : {}),
    });
  }
}
