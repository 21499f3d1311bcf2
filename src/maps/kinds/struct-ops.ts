import { BpfAttachType, BpfCmd, BpfFlags } from '../../abi/index.js';
import { bpf, Errno, MapElem, OwnedFd, type Sys } from '../../syscall/index.js';
import { BpfMap, type MapParts } from '../bpf-map.js';
import { type Element, elementCodec } from '../element-codec.js';
import { littleEndian } from '../host-endian.js';
import { mapTypes } from '../life/map-btf.js';
import { readMapInfo } from '../map-info.js';

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

  /** True for a map of section `.struct_ops.link` (Linux 6.4), which a link registers: see `attachStructOps()`. */
  get hasLink(): boolean {
    return (this.flags & BpfFlags.BPF_F_LINK) !== 0;
  }

  /** True for a map that was loaded from an object with the programs of its members, and so can be registered. */
  get isComplete(): boolean {
    return this.parts.def.structOps !== undefined;
  }

  /** @internal */
  get sys(): Sys {
    return this.parts.sys;
  }

  /**
   * Hands the struct with its programs to the kernel. Throws BpfError: EBUSY when it is registered, EEXIST when the name that it gives itself is taken;
   * TypeError for a map that was not loaded from an object with the programs of its members, and for one that a link registers.
   */
  register(): this {
    if (this.hasLink)
      throw new TypeError(
        `map ${this.name}: is of section .struct_ops.link: attachStructOps() registers it by a link`,
      );
    this.#fill();
    this.#isRegistered = true;
    return this;
  }

  /** @internal Registers the map by a link, which unregisters it when it is closed: the link's fd. Throws as register() does. */
  registerByLink(): OwnedFd {
    this.#fillForLink();
    const cmd = BpfCmd.BPF_LINK_CREATE;
    const fields = { map_fd: this.fd, attach_type: BpfAttachType.BPF_STRUCT_OPS };
    const result = bpf(this.sys, cmd, fields);
    if (result < 0) throw this.refused(cmd, -result, linkReasons[-result]);
    return new OwnedFd(this.sys, result);
  }

  /** @internal Has a link register this map in place of its own, or of `expected` only. Throws as register() does. */
  takeOver(link: number, expected: number | undefined): void {
    this.#fillForLink();
    const cmd = BpfCmd.BPF_LINK_UPDATE;
    const result = bpf(this.sys, cmd, {
      link_fd: link,
      new_map_fd: this.fd,
      ...(expected === undefined ? {} : { flags: BPF_F_REPLACE, old_map_fd: expected }),
    });
    if (result < 0) throw this.refused(cmd, -result, updateReasons[-result]);
  }

  /** What a link is to register is filled once, for all links. */
  #fillForLink(): void {
    if (!this.hasLink)
      throw new TypeError(`map ${this.name}: is not of section .struct_ops.link: register() registers it`);
    if (this.state === 'init') this.#fill();
  }

  #fill(): void {
    const { structOps } = this.parts.def;
    if (!structOps)
      throw new TypeError(
        `map ${this.name}: it can be registered only where an object was loaded with it and its programs`,
      );
    this.#ready().value.set(structOps);
    this.#elem.key.fill(0);
    const result = this.#elem.update(BpfFlags.BPF_ANY);
    if (result < 0) throw this.refused(BpfCmd.BPF_MAP_UPDATE_ELEM, -result, reasons[-result]);
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

  /** Leaves it registered when it is closed, and when the process ends: until somebody unregisters it through another handle. Not for one that a link registers. */
  leave(): void {
    this.#isRegistered = false;
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

/** Of LINK_UPDATE, a macro of include/uapi/linux/bpf.h: only in place of the map given. */
const BPF_F_REPLACE = 1 << 2;

const reasons: Readonly<Record<number, string>> = {
  [Errno.EBUSY]: 'it is, or was, registered',
  [Errno.EEXIST]: 'the kernel has one of its name',
};
const linkReasons: Readonly<Record<number, string>> = {
  [Errno.EEXIST]: 'the kernel has one of its name',
  [Errno.EBUSY]: 'the kernel has another, and takes one only',
  [Errno.EOPNOTSUPP]: 'the kernel registers none of this struct',
};
const updateReasons: Readonly<Record<number, string>> = {
  [Errno.EINVAL]: 'the link is of another struct, or the name that the struct gives itself is another',
  [Errno.EEXIST]: 'the link registers this map already',
  [Errno.EPERM]: 'the map that is registered is not the expected one',
  [Errno.ENOLINK]: 'the link was detached',
  [Errno.EOPNOTSUPP]: 'the kernel replaces none of this struct',
};
