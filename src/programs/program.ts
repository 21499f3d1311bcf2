import type { BtfTypes } from '../btf/index.js';
import type { Kernel } from '../kernel/index.js';
import type { BpfMap } from '../maps/index.js';
import type { ProgramSpec } from '../object/index.js';
import type { OwnedFd, Sys } from '../syscall/index.js';
import { codeGraph } from './code-graph.js';
import { type CodeListingOptions, jitedListing, xlatedListing } from './code-listing.js';
import { IterOutput } from './iter-output.js';
import type { AttachTarget } from './links/attach-target.js';
import { attachTo } from './links/attach-to.js';
import type { Attachable } from './links/attachable.js';
import { type AttachOptions, targetOfSection } from './links/from-section.js';
import type { IterParameters } from './links/iter-info.js';
import { closeHolders, Link, linksOf } from './links/link.js';
import { pinObject, unpinAll, unpinObject } from './pin.js';
import { type ProgramCode, readProgramCode } from './program-code.js';
import { type ProgramInfo, readProgramInfo } from './program-info.js';
import { readFullName } from './program-name.js';
import { readProgramStream, type StreamName } from './program-stream.js';
import { StateError } from './state-error.js';
import { type TestRunOptions, type TestRunResult, testRun } from './test-run.js';

export interface ProgramParts {
  readonly sys: Sys;
  readonly kernel: Kernel;
  readonly file: string;
  readonly spec: ProgramSpec;
  readonly fd: OwnedFd;
  /** The object's maps, which attaching some kinds fills. */
  readonly maps: Readonly<Record<string, BpfMap>>;
  readonly log?: string | undefined;
  /** The object's types. */
  readonly btf?: BtfTypes | undefined;
}

/** A loaded program. It owns its fd and the links made through it: closing it detaches and, when nothing else holds it, unloads it. */
export class Program implements Attachable {
  readonly spec: ProgramSpec;
  readonly #parts: ProgramParts;
  readonly #pins = new Set<string>();

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

  /** What the verifier wrote when it took the program; undefined unless {@link LoadOptions.logLevel} asked for it. */
  get log(): string | undefined {
    return this.#parts.log;
  }

  /** The links of this program that are still open. */
  get links(): readonly Link[] {
    return linksOf(this);
  }

  /** What the kernel says of the program. Throws BpfError when it refuses. Linux 4.13. */
  info(): ProgramInfo {
    return readProgramInfo(this.#parts.sys, this.fd, this.#what);
  }

  /** The program's whole name: that of {@link info}, of 15 characters at most, goes on in its BTF. Throws BpfError when the kernel refuses. */
  fullName(): string {
    return readFullName(this.sys, this.fd, this.info(), this.#what);
  }

  /**
   * The program's code as the kernel keeps it: instructions after the verifier, machine code, and the source lines of both (Linux 4.13, lines 5.0). Throws
   * BpfError when the kernel refuses; what it hides from this process is empty.
   */
  code(): ProgramCode {
    return readProgramCode(this.sys, this.fd, this.#what);
  }

  /** The instructions that the verifier made of the program, as lines of text: those of `bpftool prog dump xlated`. Throws what {@link code} throws. */
  xlated(options: CodeListingOptions = {}): string[] {
    return [...xlatedListing(this.code(), options)];
  }

  /** The machine code that the kernel made of the program, as lines of text: bytes under the source lines that they come from. Throws what {@link code} throws. */
  jited(options: CodeListingOptions = {}): string[] {
    return [...jitedListing(this.code(), options)];
  }

  /** The control flow of those instructions as a graph in the DOT language, as lines of text. Throws what {@link code} throws. */
  graph(options: CodeListingOptions = {}): string[] {
    return [...codeGraph(this.code(), options)];
  }

  /**
   * Takes what the program wrote with bpf_stream_printk() (`stdout`) or the kernel wrote of its faults (`stderr`), and nobody has read yet. Throws
   * UnsupportedFeatureError before Linux 6.17.
   */
  stream(name: StreamName): string {
    return readProgramStream(this.sys, this.fd, name, this.#what);
  }

  /**
   * Runs the program by request, without attaching it (BPF_PROG_TEST_RUN): `program.testRun({ data: packet, context: { mark: 1 } }).returnValue`. Programs of packets
   * from Linux 4.12 on, raw tracepoints 5.10, sk_lookup and syscall 5.14, struct_ops of bpf_dummy_ops 5.17, netfilter 6.4; a fentry, fexit, fmod_ret or
   * fsession program runs if it is attached to one of the kernel's bpf_fentry_test functions. Throws TypeError for a context that does not fit,
   * UnsupportedFeatureError or BpfError when the kernel refuses.
   */
  testRun(options: TestRunOptions = {}): TestRunResult {
    const { kernel, spec, btf } = this.#parts;
    return testRun({ kernel, spec, btf, fd: this.fd, what: this.#what }, options);
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
    return new Link(attachTo(this, target), this);
  }

  /**
   * What an iterator program (`SEC("iter/…")`, Linux 5.8) writes about all that it goes over, or the part that the parameters name:
   * `for await (const line of program.read({ pid }).lines())`. It runs anew for each reading. Reading throws what {@link attachTo} throws.
   */
  read(parameters: IterParameters = {}): IterOutput {
    return new IterOutput({
      sys: this.sys,
      what: `${this.#what}: read`,
      btf: this.#parts.btf,
      open: () => {
        const link = this.attachTo({ ...parameters, kind: 'iter' });
        return { link: link.fd, close: () => link.close() };
      },
    });
  }

  /**
   * Pins the program at a path of a bpf file system (Linux 4.4), where it outlives this process, loaded but not attached: {@link Link.pin} keeps it
   * attached. Throws BpfError that says what is amiss.
   */
  pin(path: string): this {
    this.#pins.add(pinObject(this.sys, this.fd, path, this.#what));
    return this;
  }

  /**
   * Takes a pin of the program away; without a path, those that this handle made. False when there was none. Throws StateError, and removes nothing,
   * when something else is pinned at the path.
   */
  unpin(path?: string): boolean {
    const { fd } = this;
    return unpinAll(this.#pins, path, pin => unpinObject(this.sys, 'program', fd, pin, this.#what));
  }

  /** Detaches the program and closes its fd. Closing twice does nothing. Throws what {@link Link.close} throws, once all else is closed. */
  close(): void {
    closeHolders([this.#parts.fd, ...this.links]);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #what(): string {
    return `${this.#parts.file}: program ${this.name}`;
  }
}
