import { OwnedFd, type Sys } from '../../syscall/index.js';
import { StateError } from '../state-error.js';
import type { AttachTarget } from './attach-target.js';
import type { Attachable } from './attachable.js';
import { detachLink, type UpdateOptions, updateLink } from './bpf-link.js';
import { readLinkInfo } from './link-info.js';
import type { LinkInfo } from './link-info-types.js';
import { pinLink, unpinLink } from './link-pin.js';

/** How a program is attached. */
export type LinkKind = AttachTarget['kind'] | 'struct_ops';

/** Something that keeps a program attached until it is closed: a fd, or an attachment that is undone by another call. */
export interface Holder {
  /** Undoes it. Once closed it does nothing. Throws BpfError when the kernel refuses. */
  close(): void;
}

export interface LinkParts {
  readonly sys: Sys;
  readonly kind: LinkKind;
  /** Name of the program. */
  readonly program: string;
  /** What it is attached to, e.g. `syscalls/sys_enter_write`. */
  readonly target: string;
  /** What holds the attachment, in the order in which it was made; closed in the reverse one. */
  readonly holders: readonly Holder[];
  /** The BPF link among them, where the attachment is one. */
  readonly link?: OwnedFd;
  /** Replaces the program where there is no BPF link and the attachment can do so. */
  readonly update?: (program: Attachable) => void;
}

/**
 * An attached program: it runs until the link is closed, or the process ends.
 *
 * Where the kernel has BPF links for this kind (`isBpfLink`) the link can be pinned, and has an id and info. Elsewhere an older way of attaching holds the
 * program: a perf event, or what netlink, a cgroup or tracefs was told. Some of those outlive the process when it is killed.
 */
export class Link {
  readonly kind: LinkKind;
  readonly program: string;
  readonly target: string;
  readonly #parts: LinkParts;
  readonly #closed: (link: Link) => void;
  #open = true;

  /** @internal `closed` is told when the link is closed. */
  constructor(parts: LinkParts, closed: (link: Link) => void = () => {}) {
    this.kind = parts.kind;
    this.program = parts.program;
    this.target = parts.target;
    this.#parts = parts;
    this.#closed = closed;
  }

  /** True when the attachment is a BPF link. */
  get isBpfLink(): boolean {
    return this.#parts.link !== undefined;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** The fd of the link, or else of the perf event or socket that holds the program. Throws StateError after close, and where nothing with a fd does. */
  get fd(): number {
    const { link, holders } = this.#held();
    const fd = link ?? holders.findLast(holder => holder instanceof OwnedFd);
    if (!fd) throw new StateError(`${this.#name} is held by no file descriptor`);
    return fd.value;
  }

  /** What the kernel says of the link. Throws StateError where there is no BPF link, BpfError before Linux 5.8. */
  info(): LinkInfo {
    return readLinkInfo(this.#parts.sys, this.#bpfLink('info').value, this.#name);
  }

  /**
   * Runs another loaded program in place of this one, in one step: no event is missed. Links of cgroups, XDP, tcx, netkit, network namespaces, sockmaps,
   * iterators and struct_ops can do so (Linux 5.7 and later, by kind). Throws UnsupportedFeatureError for the others.
   */
  update(program: Attachable, options: UpdateOptions = {}): void {
    updateLink(program, this.#held(), this.#name, options);
  }

  /**
   * Takes the program off and keeps the link's fd, which then holds nothing (BPF_LINK_DETACH, Linux 5.9); where that does not work, as close().
   */
  detach(): void {
    const { link } = this.#held();
    if (!link || !detachLink(this.#parts.sys, link.value, this.#name)) this.close();
  }

  /** Pins the link into a bpf file system: the program stays attached after close() and the end of the process, until `path` is removed. */
  pin(path: string): void {
    pinLink(this.#parts.sys, this.#bpfLink('pin').value, path, this.#name);
  }

  /** Removes a pin of this link: `path`, which must be one. */
  unpin(path: string): void {
    unpinLink(this.#parts.sys, this.#bpfLink('unpin').value, path, this.#name);
  }

  /** Detaches the program, unless the link is pinned. Closing twice does nothing. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeHolders(this.#parts.holders);
    this.#closed(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #name(): string {
    return `the link of program ${this.program} to ${this.target}`;
  }

  #held(): LinkParts {
    if (!this.#open) throw new StateError(`${this.#name} is closed`);
    return this.#parts;
  }

  #bpfLink(what: string): OwnedFd {
    const { link } = this.#held();
    if (!link)
      throw new StateError(
        `${what}: ${this.#name} is no BPF link: this kernel attaches a ${this.kind} in another way`,
      );
    return link;
  }
}

/** Closes all of them, last made first, and then throws what the first of them threw that could not be closed. */
export function closeHolders(holders: readonly Holder[]): void {
  const errors: unknown[] = [];
  for (const holder of [...holders].reverse())
    try {
      holder.close();
    } catch (error) {
      errors.push(error);
    }
  if (errors.length > 0) throw errors[0];
}
