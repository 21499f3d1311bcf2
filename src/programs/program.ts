import { type Kernel, syscallSymbol } from '../kernel/index.js';
import type { ProgramSpec } from '../object/index.js';
import type { OwnedFd, Sys } from '../syscall/index.js';
import { type AttachOptions, attachBySection } from './attach-by-section.js';
import type { Attachable } from './attachable.js';
import { Link, type LinkParts } from './link.js';
import { attachKprobe, type KprobeOptions } from './link-kprobe.js';
import { attachRawTracepoint } from './link-raw-tracepoint.js';
import { attachTracepoint } from './link-tracepoint.js';
import { type ProgramInfo, readProgramInfo } from './program-info.js';
import { StateError } from './state-error.js';

export interface ProgramParts {
  readonly sys: Sys;
  readonly kernel: Kernel;
  readonly file: string;
  readonly spec: ProgramSpec;
  readonly fd: OwnedFd;
}

/** A loaded program. It owns its fd and the links made through it: closing it detaches and, when nothing else holds it, unloads it. */
export class Program {
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

  /** The links made through this program that are still open. */
  get links(): readonly Link[] {
    return [...this.#links];
  }

  /** What the kernel says of the program. Throws BpfError when it refuses. Linux 4.13. */
  info(): ProgramInfo {
    return readProgramInfo(this.#parts.sys, this.fd, `${this.#parts.file}: program ${this.name}`);
  }

  /**
   * Attaches the program as its section's name says: `tp/CATEGORY/NAME`, `raw_tp/NAME`, `kprobe/FUNCTION+OFFSET`, `kretprobe/…`,
   * `ksyscall/NAME`, `kretsyscall/…`. Throws FormatError when the name does not say to what, NotYetError for another kind of section,
   * UnsupportedFeatureError or BpfError when the kernel cannot.
   */
  attach(options: AttachOptions = {}): Link {
    return this.#keep(attachBySection(this.#attachable(), this.spec, options));
  }

  /** Attaches to a tracepoint, e.g. `syscalls`, `sys_enter_write`. Linux 4.7. */
  attachTracepoint(category: string, name: string, { cookie = 0n }: AttachOptions = {}): Link {
    return this.#keep(attachTracepoint(this.#attachable(), category, name, cookie));
  }

  /** Attaches to a raw tracepoint by the name of its event, e.g. `sys_enter`. Linux 4.17. */
  attachRawTracepoint(name: string): Link {
    return this.#keep(attachRawTracepoint(this.#attachable(), name));
  }

  /** Attaches to a kernel function. Linux 4.17, built with CONFIG_KPROBE_EVENTS. */
  attachKprobe(symbol: string, options: KprobeOptions = {}): Link {
    return this.#keep(attachKprobe(this.#attachable(), symbol, options));
  }

  /** Attaches to the kernel's handler of a system call by the call's name, e.g. `execve`. Needs what a kprobe needs. */
  attachKsyscall(name: string, options: KprobeOptions = {}): Link {
    const attachable = this.#attachable();
    return this.#keep(attachKprobe(attachable, syscallSymbol(attachable.kernel, name), options));
  }

  /** Detaches the program and closes its fd. Closing twice does nothing. */
  close(): void {
    for (const link of this.links) link.close();
    this.#parts.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #attachable(): Attachable {
    const { sys, kernel, file } = this.#parts;
    return { sys, kernel, file, name: this.name, fd: this.fd };
  }

  #keep(parts: LinkParts): Link {
    const link = new Link(parts, closed => this.#links.delete(closed));
    this.#links.add(link);
    return link;
  }
}
