import { BpfCmd, BpfFlags } from '../abi/index.js';
import { NotYetError } from '../errors/index.js';
import { Errno, MapElem } from '../syscall/index.js';
import { BpfMap, type MapParts } from './bpf-map.js';
import { type Element, elementCodec } from './element-codec.js';
import { littleEndian } from './host-endian.js';
import { mapTypes } from './map-btf.js';
import { readMapInfo } from './map-info.js';

/** `enum bpf_struct_ops_state`: not registered; in use by the kernel; being unregistered; filled, for a link to register. */
export type StructOpsState = 'init' | 'inuse' | 'tobefree' | 'ready';

const states: readonly StructOpsState[] = ['init', 'inuse', 'tobefree', 'ready'];
/** Every value begins with a u32 of references and the state (`struct bpf_struct_ops_common_value`). */
const stateOffset = 4;

/**
 * `BPF_MAP_TYPE_STRUCT_OPS` (Linux 5.6; kernel/bpf/bpf_struct_ops.c): a struct of the kernel's whose functions are BPF programs, such as a congestion control
 * of TCP. What was registered through this handle is unregistered when it is closed; a process that ends without closing leaves it registered, until
 * somebody deletes it by another handle.
 */
export class StructOpsMap extends BpfMap {
  readonly #elem: MapElem;
  #isRegistered = false;

  constructor(parts: MapParts) {
    super(parts);
    this.#elem = new MapElem(parts.sys, this.fd, 4, this.valueSize);
  }

  get state(): StructOpsState {
    this.#lookup();
    const state = this.#elem.valueView.getUint32(stateOffset, littleEndian);
    return states[state] ?? 'init';
  }

  /**
   * `struct bpf_struct_ops_NAME` as the kernel has it, by its BTF: references, state and the struct itself, in which a member that is a program is that
   * program's id; zeros while it is not filled. Bytes where the kernel's BTF can't be read.
   */
  value(): Element {
    this.#lookup();
    const { sys, kernel, def } = this.parts;
    const types = mapTypes(sys, kernel, readMapInfo(sys, this.fd, `map ${this.name}`));
    return elementCodec({ name: def.name, ...types }, 'value', this.valueSize).readAt(
      this.#elem.valueView,
      0,
    );
  }

  /**
   * Hands the struct with its programs to the kernel. Throws BpfError: EBUSY when it is registered, EEXIST when the name that it gives itself is taken;
   * TypeError for a map that was not loaded from an object with the programs of its members; NotYetError for one of section `.struct_ops.link`.
   */
  register(): this {
    if (this.flags & BpfFlags.BPF_F_LINK) throw new NotYetError([`map ${this.name}: links of struct_ops`]);
    const { structOps } = this.parts.def;
    if (!structOps)
      throw new TypeError(
        `map ${this.name}: it can be registered only where an object was loaded with it and its programs`,
      );
    this.#ready().value.set(structOps);
    this.#elem.key.fill(0);
    const result = this.#elem.update(BpfFlags.BPF_ANY);
    if (result < 0) throw this.refused(BpfCmd.BPF_MAP_UPDATE_ELEM, -result, reasons[-result]);
    this.#isRegistered = true;
    return this;
  }

  /**
   * Takes it back from the kernel, where connections that use it keep it until they end: true when it was registered. It can't be registered again but by loading
   * the object anew. Throws BpfError.
   */
  unregister(): boolean {
    this.#ready().key.fill(0);
    this.#isRegistered = false;
    const result = this.#elem.delete();
    if (result < 0 && result !== -Errno.ENOENT && result !== -Errno.EINPROGRESS)
      throw this.refused(BpfCmd.BPF_MAP_DELETE_ELEM, -result);
    return result === 0;
  }

  override close(): void {
    try {
      if (this.#isRegistered && !this.closed) this.unregister();
    } finally {
      super.close();
    }
  }

  #lookup(): void {
    this.#ready().key.fill(0);
    const result = this.#elem.lookup();
    if (result < 0) throw this.refused(BpfCmd.BPF_MAP_LOOKUP_ELEM, -result);
  }

  /** The prepared calls; throws TypeError after close(), before their fd can be somebody else's. */
  #ready(): MapElem {
    this.fd;
    return this.#elem;
  }
}

const reasons: Readonly<Record<number, string>> = {
  [Errno.EBUSY]: 'it is, or was, registered',
  [Errno.EEXIST]: 'the kernel has one of its name',
};
