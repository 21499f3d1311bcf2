import type { BtfValue, Codec } from '../../btf/index.js';
import { BpfError, type Mapping } from '../../syscall/index.js';
import { LiveStruct, type ViewMemory } from './live-struct.js';
import { storeBytes } from './store-bytes.js';

/** An address in an arena: as programs store it, its lower 32 bits as they compute with it, or a view of what is there. */
export type ArenaPointer = bigint | number | LiveStruct;

const low32 = 0xffff_ffffn;

/** The mapping of an arena: in place, or `copied` by the kernel where its pages can be missing. */
export class ArenaMemory implements ViewMemory {
  readonly #what: string;
  readonly #mapping: Mapping;
  readonly view: DataView | undefined;
  readonly address: bigint;
  readonly #length: bigint;
  #closed = false;

  constructor(what: string, mapping: Mapping, copied: boolean) {
    this.#what = what;
    this.#mapping = mapping;
    this.view = copied ? undefined : new DataView(mapping.buffer);
    this.address = mapping.address;
    this.#length = BigInt(mapping.length);
  }

  offsetOf(pointer: ArenaPointer, size = 0, type = 'pointer'): number {
    if (pointer instanceof LiveStruct) {
      const { memory, offset } = LiveStruct.placeOf(pointer);
      if (memory === this) return offset;
      throw new RangeError(`${this.#what}: ${type}: a view of other memory`);
    }
    const address = BigInt(pointer);
    // Programs hold pointers as the lower half of what they store; no arena crosses a multiple of 4 GiB.
    const offset = address > low32 ? address - this.address : (address - this.address) & low32;
    if (address > 0n && offset >= 0n && offset + BigInt(size) <= this.#length) return Number(offset);
    const end = this.address + this.#length;
    throw new RangeError(
      `${this.#what}: ${type}: ${size} bytes at 0x${address.toString(16)} are not in the arena, which is 0x${this.address.toString(16)} to 0x${end.toString(16)}`,
    );
  }

  pointerTo(offset: number): bigint {
    if (Number.isInteger(offset) && offset >= 0 && offset < this.#length)
      return this.address + BigInt(offset);
    throw new RangeError(`${this.#what}: offset ${offset} is not in the arena of ${this.#length} bytes`);
  }

  read(codec: Codec, offset: number): BtfValue {
    this.#open();
    return this.view ? codec.readAt(this.view, offset) : codec.read(this.bytes(offset, codec.size));
  }

  bytes(offset: number, size: number): Uint8Array {
    this.#open();
    if (this.view) return new Uint8Array(this.view.buffer, offset, size).slice();
    const bytes = new Uint8Array(size);
    this.#transferred(this.#mapping.read(offset, bytes), 'process_vm_readv', offset);
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#open();
    if (this.view) storeBytes(this.view, offset, bytes);
    else this.#transferred(this.#mapping.write(offset, bytes), 'process_vm_writev', offset);
  }

  close(): void {
    this.#closed = true;
    this.#mapping.close();
  }

  #open(): void {
    if (this.#closed) throw new TypeError(`${this.#what} is closed`);
  }

  #transferred(result: number, syscall: string, offset: number): void {
    if (result === 0) return;
    throw new BpfError({
      syscall,
      errno: -result,
      what: `${this.#what}: 0x${this.pointerTo(offset).toString(16)}`,
      hint: 'no program has allocated this page of the arena, or it was freed',
    });
  }
}
