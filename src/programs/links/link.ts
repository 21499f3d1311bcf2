import { StructOpsMap } from '../../maps/index.js';
import { OwnedFd, type Sys } from '../../syscall/index.js';
import { IterOutput } from '../iter-output.js';
import { pinObject, unpinAll, unpinObject } from '../pin.js';
import { StateError } from '../state-error.js';
import type { AttachTarget } from './attach-target.js';
import type { Attachable } from './attachable.js';
import { detachLink, expectedFd, type UpdateOptions, updateLink } from './bpf-link.js';
import { readLinkInfo } from './info/link-info.js';
import type { LinkInfo } from './info/link-info-types.js';

/** How a program is attached. */
export type LinkKind = AttachTarget['kind'] | 'struct_ops' | 'unknown';

/** Something that keeps a program attached until it is closed: a fd, or an attachment that is undone by another call. */
export interface Holder {
  /** Undoes it. Once closed it does nothing. Throws BpfError when the kernel refuses. */
  close(): void;
  /** Instead of close(): lets the attachment be, and closes what close() would have needed. A fd has none, for what it holds ends with it. */
  release?(): void;
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
  /** What it is instead of one attachment, and how to have one: `an event for each CPU; give cpu to have one`. */
  readonly several?: string;
  /** Replaces the program where there is no BPF link and the attachment can do so. */
  readonly update?: (program: Attachable) => void;
}

/** What runs by a link: a program, or a struct_ops map. */
export type LinkOwner = Attachable | StructOpsMap;

/** The open links of each program, in the order in which they were made. */
const linksOfPrograms = new WeakMap<object, Set<Link>>();

/** The links of a program that are still open: those made through it, and those that run it since their update(). */
export function linksOf(program: LinkOwner): readonly Link[] {
  return [...(linksOfPrograms.get(program) ?? [])];
}

/**
 * An attached program: it runs until the link is closed, or the process ends. A link belongs to its program, which closes it when it is closed.
 *
 * Where the kernel has BPF links for this kind (`isBpfLink`) the link can be pinned, and has an id and info. Elsewhere an older way of attaching holds the
 * program: a perf event, or what netlink, a cgroup or tracefs was told. Some of those outlive the process when it is killed.
 */
export class Link {
  readonly kind: LinkKind;
  readonly target: string;
  readonly #parts: LinkParts;
  #program: string;
  #owner: LinkOwner | undefined;
  #open = true;
  #connected = true;
  readonly #pins = new Set<string>();

  /** @internal Without an owner, the link belongs to nobody but its caller. */
  constructor(parts: LinkParts, owner?: LinkOwner) {
    this.kind = parts.kind;
    this.target = parts.target;
    this.#program = parts.program;
    this.#parts = parts;
    this.#moveTo(owner);
  }

  /** Name of the program that runs. */
  get program(): string {
    return this.#program;
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
   * iterators and struct_ops (another map) can do so (Linux 5.7 and later, by kind). From then on the link belongs to that program: the one it replaced can be closed.
   * Throws UnsupportedFeatureError for links of other kinds, BpfError when the kernel refuses.
   */
  update(program: LinkOwner, options: UpdateOptions = {}): void {
    if (program instanceof StructOpsMap) program.takeOver(this.#bpfLink('update').value, expectedFd(options));
    else updateLink(program, this.#held(), this.#name, options);
    this.#program = program.name;
    if (this.#owner) this.#moveTo(program);
  }

  /**
   * Takes the program off and keeps the link's fd, which then holds nothing; info() still tells of it, and close() closes it. Links of cgroups, XDP,
   * tcx, netkit, network namespaces, sockmaps and struct_ops can do so (BPF_LINK_DETACH, Linux 5.9 and later, by kind); for others it is close().
   */
  detach(): void {
    const { link } = this.#held();
    if (!link || !detachLink(this.#parts.sys, link.value, this.#name)) this.close();
  }

  /** What the program of an iterator's link writes; it runs anew for each reading. Reading throws StateError after close, BpfError for other links. */
  read(): IterOutput {
    const open = () => ({ link: this.#bpfLink('read').value, close() {} });
    return new IterOutput({ sys: this.#parts.sys, what: this.#name, open });
  }

  /**
   * Pins the link at a path of a bpf file system (Linux 5.7): the program stays attached after close() and the end of the process, until the pin is
   * removed. Throws StateError where the attachment is no BPF link, BpfError that says what is amiss.
   */
  pin(path: string): this {
    const link = this.#bpfLink('pin');
    this.#pins.add(pinObject(this.#parts.sys, link.value, path, this.#name));
    return this;
  }

  /**
   * Takes a pin of the link away; without a path, those that this handle made. False when there was none. Throws StateError, and removes nothing,
   * when something else is pinned at the path.
   */
  unpin(path?: string): boolean {
    const link = this.#bpfLink('unpin');
    return unpinAll(this.#pins, path, pin =>
      unpinObject(this.#parts.sys, 'link', link.value, pin, this.#name),
    );
  }

  /**
   * Has close() leave alone what it would have to undo: an attachment that no fd holds, such as a classic tc filter, then outlives the process. What
   * a fd holds still ends with it, unless the link is pinned.
   */
  disconnect(): void {
    this.#held();
    this.#connected = false;
  }

  /**
   * Detaches the program, unless the link is pinned. Closing twice does nothing. Throws BpfError when the kernel refuses to undo part of it; all
   * else is undone nevertheless.
   */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#moveTo(undefined);
    const { holders } = this.#parts;
    // A pinned link goes on to use what its fds do not hold, such as the specifications of a static probe.
    closeHolders(this.#connected && this.#pins.size === 0 ? holders : holders.map(disconnected));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #name(): string {
    return `the link of program ${this.#program} to ${this.target}`;
  }

  #moveTo(owner: LinkOwner | undefined): void {
    if (this.#owner) linksOfPrograms.get(this.#owner)?.delete(this);
    this.#owner = owner;
    if (!owner) return;
    const links = linksOfPrograms.get(owner) ?? new Set();
    linksOfPrograms.set(owner, links.add(this));
  }

  #held(): LinkParts {
    if (!this.#open) throw new StateError(`${this.#name} is closed`);
    return this.#parts;
  }

  #bpfLink(what: string): OwnedFd {
    const { link, several } = this.#held();
    if (!link)
      throw new StateError(
        several
          ? `${what}: ${this.#name} is not one BPF link but ${several}`
          : `${what}: ${this.#name} is no BPF link: this kernel attaches a ${this.kind} in another way`,
      );
    return link;
  }
}

/** What closes instead of a holder that is to leave its attachment alone. */
function disconnected(holder: Holder): Holder {
  return holder instanceof OwnedFd ? holder : { close: () => holder.release?.() };
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
