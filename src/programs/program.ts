import type { Kernel } from '../kernel/index.js';
import type { BpfMap } from '../maps/index.js';
import type { ProgramSpec } from '../object/index.js';
import type { OwnedFd, Sys } from '../syscall/index.js';
import type { AttachTarget } from './links/attach-target.js';
import { attachTo } from './links/attach-to.js';
import type { Attachable } from './links/attachable.js';
import { type AttachOptions, targetOfSection } from './links/from-section.js';
import { Link } from './links/link.js';
import { type ProgramInfo, readProgramInfo } from './program-info.js';
import { StateError } from './state-error.js';

export interface ProgramParts {
  readonly sys: Sys;
  readonly kernel: Kernel;
  readonly file: string;
  readonly spec: ProgramSpec;
  readonly fd: OwnedFd;
  /** The object's maps, which attaching some kinds fills. */
  readonly maps: Readonly<Record<string, BpfMap>>;
}

/** A loaded program. It owns its fd and the links made through it: closing it detaches and, when nothing else holds it, unloads it. */
export class Program implements Attachable {
  readonly spec: ProgramSpec;
  readonly #parts: ProgramParts;
  readonly #links = new Set<Link>();

  /** @internal */
  constructor(parts: ProgramParts) {
    this.spec = parts.spec;
    this.#parts = parts;
  }

  /** The function's name in the object. */
  get name(): string {
    return this.spec.name;
  }

  /** `enum bpf_prog_type`. */
  get type(): number {
    return this.spec.type ?? 0;
  }

  /** The program's file descriptor. Throws StateError after close. */
  get fd(): number {
    const { fd, file } = this.#parts;
    if (fd.closed) throw new StateError(`${file}: program ${this.name} is closed`);
    return fd.value;
  }

  get sys(): Sys {
    return this.#parts.sys;
  }

  get kernel(): Kernel {
    return this.#parts.kernel;
  }

  /** The object's file. */
  get file(): string {
    return this.#parts.file;
  }

  get maps(): Readonly<Record<string, BpfMap>> {
    return this.#parts.maps;
  }

  /** The links made through this program that are still open. */
  get links(): readonly Link[] {
    return [...this.#links];
  }

  /** What the kernel says of the program. Throws BpfError when it refuses. Linux 4.13. */
  info(): ProgramInfo {
    return readProgramInfo(this.#parts.sys, this.fd, `${this.#parts.file}: program ${this.name}`);
  }

  /**
   * Attaches the program as its section's name says: `tp/CATEGORY/NAME`, `kprobe/FUNCTION+OFFSET`, `uprobe/BINARY:FUNCTION`, `fentry/FUNCTION`, ….
   * Throws FormatError when the name does not say to what, UnsupportedFeatureError or BpfError when the kernel cannot.
   */
  attach(options: AttachOptions = {}): Link {
    return this.attachTo({ ...targetOfSection(this.spec, this.file), ...options });
  }

  /**
   * Attaches the program to what is named, whatever its section says: `program.attachTo({ kind: 'kprobe', symbol: 'do_unlinkat' })`. When this throws,
   * nothing is attached: TypeError for a target that is not complete, UnsupportedFeatureError or BpfError when the kernel cannot.
   */
  attachTo(target: AttachTarget): Link {
    const link = new Link(attachTo(this, target), closed => this.#links.delete(closed));
    this.#links.add(link);
    return link;
  }

  /** Detaches the program and closes its fd. Closing twice does nothing. */
  close(): void {
    for (const link of this.links) link.close();
    this.#parts.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
