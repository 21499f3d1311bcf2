import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hostEndian } from '../abi/index.js';
import { type CompileOptions, compileObject } from '../compile/index.js';
import { FormatError } from '../errors/index.js';
import { Kernel, raiseMemlock } from '../kernel/index.js';
import { type BpfMap, type LiveStruct, type ScalarArray, StructOpsMap } from '../maps/index.js';
import {
  newestKernel,
  ObjectError,
  type ObjectSpec,
  type Plan,
  parseObject,
  planLoad,
} from '../object/index.js';
import { liveSys, type Sys, withToken } from '../syscall/index.js';
import { denied } from './denied.js';
import { closeAll } from './execute.js';
import { GlobalStore, type Globals } from './globals.js';
import { attachesItself } from './links/from-section.js';
import { closeHolders, type Link, linksOf } from './links/link.js';
import { attachStructOps } from './links/struct-ops.js';
import { goLive, type LiveObject } from './live-object.js';
import type { LoadOptions, OpenOptions, PlanOptions } from './load-options.js';
import type { Program } from './program.js';
import { StateError } from './state-error.js';
import { resolveTargets } from './target-programs.js';
import { tokenFor } from './token.js';

/**
 * A `.bpf.o` on its way into the kernel: opened (parsed, its globals set), loaded (its maps and programs live), attached, closed.
 *
 * It owns every fd that comes of it: `close()`, or the end of a `using` block, detaches the programs and unloads them.
 */
export class BpfObject {
  readonly spec: ObjectSpec;
  readonly #sys: Sys | undefined;
  readonly #kernel: Kernel | undefined;
  readonly #globals: GlobalStore;
  #live: LiveObject | undefined;
  #closed = false;

  private constructor(spec: ObjectSpec, { sys, kernel }: OpenOptions) {
    this.spec = spec;
    this.#sys = sys;
    this.#kernel = kernel;
    this.#globals = new GlobalStore(spec);
  }

  /**
   * Parses an object; asks nothing of the kernel. Takes a path, a `file:` URL, or the file's bytes.
   * Throws FormatError for a file that cannot be read or is not a BPF object.
   */
  static open(input: string | URL | Uint8Array, options: OpenOptions = {}): BpfObject {
    const path = input instanceof URL ? fileURLToPath(input) : input;
    const file = options.file ?? (typeof path === 'string' ? path : '<bytes>');
    const bytes = typeof path === 'string' ? readObject(path, file) : path;
    const spec = parseObject(bytes, { file, ...(options.name === undefined ? {} : { name: options.name }) });
    return new BpfObject(spec, options);
  }

  /**
   * Compiles a file of C with the clang on the machine, see {@link compileObject}, and opens what comes of it. Throws CompileError for what clang refuses, and
   * where there is no clang.
   */
  static compile(path: string | URL, options: CompileOptions & OpenOptions = {}): BpfObject {
    const file = path instanceof URL ? fileURLToPath(path) : path;
    return BpfObject.open(compileObject(file, options).bytes, { file, ...options });
  }

  /**
   * The global variables, by name: `obj.globals.pid_filter = 1`. Before load they are set in the object; after it those of `.data`, `.bss` and the arena
   * are those of the running programs, read and written in place without a system call (Linux 5.5; by lookups and updates of the section's map before). Reading
   * a struct or array makes a copy: see {@link globalView} and {@link globalArray}. Values of `.kconfig` can be read once loaded, and are undefined before.
   *
   * Throws ObjectError for setting a name that the object does not have and for a value that does not fit the variable's BTF type, StateError for setting
   * one in `.rodata` after load or in `.kconfig`, and after close() for all that is not in `.rodata`.
   */
  get globals(): Globals {
    return this.#globals.byName;
  }

  /**
   * A typed array over the memory of a global that is a scalar or an array of scalars: `obj.globalArray('histogram')`. Nothing is copied: it shows what
   * the programs write, and a store through it is one they see. After close() it reads zeros. Wants a loaded object; throws StateError before load(),
   * for frozen sections, and on kernels that cannot map data sections (before Linux 5.5), ObjectError for an unknown name, TypeError for other types.
   */
  globalArray(name: string): ScalarArray {
    return this.#globals.array(name);
  }

  /**
   * A struct or union global where it is: its members are read when touched, and `obj.globalView('stats').count = 1n` writes that member only, where
   * `obj.globals.stats` is a copy. Works before load, too. Throws ObjectError for an unknown name, TypeError for other types; its members throw StateError where
   * `globals` does.
   */
  globalView(name: string): LiveStruct {
    return this.#globals.view(name);
  }

  /** The maps, by name, once loaded. A name that the object does not have is undefined; see {@link map}. */
  get maps(): Readonly<Record<string, BpfMap>> {
    return this.#loaded('maps').maps;
  }

  /** The loaded programs, by name. A name that the object does not have is undefined; see {@link program}. */
  get programs(): Readonly<Record<string, Program>> {
    return this.#loaded('programs').programs;
  }

  /** True between load() and close(). */
  get isLoaded(): boolean {
    return this.#live !== undefined;
  }

  /** The map of this name, as `kind` when one is given. Throws ObjectError when there is none, or it is of another kind. */
  map(name: string): BpfMap;
  map<T extends BpfMap>(name: string, kind: abstract new (...args: never[]) => T): T;
  map(name: string, kind?: abstract new (...args: never[]) => BpfMap): BpfMap {
    const map = this.#named('map', this.maps, name);
    const actual = map.constructor.name;
    if (kind && !(map instanceof kind))
      throw new ObjectError(this.spec.file, `map ${name}`, `is a ${actual}, not a ${kind.name}`);
    return map;
  }

  /** The loaded program of this name. Throws ObjectError when there is none. */
  program(name: string): Program {
    return this.#named('program', this.programs, name);
  }

  /** The `bpf()` calls that load() would make, without making any. Throws what planning throws: FormatError, ObjectError, CoreRelocationError. */
  plan({ kernel = newestKernel(), programs, pinRoot, maps }: PlanOptions = {}): Plan {
    return planLoad(this.spec, kernel, {
      globals: this.#globals.changes(),
      ...(pinRoot === undefined ? {} : { pinRoot }),
      ...(programs ? { programs } : {}),
      ...(maps ? { maps } : {}),
    });
  }

  /**
   * Creates the maps, fills them, and loads the programs. When one is refused nothing stays behind, and this throws VerifierError,
   * UnsupportedFeatureError or BpfError. Throws StateError for an object loaded before, FormatError for one of the other byte order.
   */
  load(options: LoadOptions = {}): this {
    if (this.#live || this.#closed)
      throw new StateError(`${this.spec.file}: already ${this.#closed ? 'closed' : 'loaded'}: open it again`);
    if (this.spec.endian !== hostEndian)
      throw new FormatError(
        `a ${this.spec.endian}-endian object cannot be loaded on this ${hostEndian}-endian machine: compile it with -target bpf${hostEndian === 'little' ? 'el' : 'eb'}`,
        { file: this.spec.file },
      );
    const direct = this.#sys ?? liveSys();
    const token = tokenFor(direct, options.token, this.spec.file);
    // What a token allows is not what the process may do without it, so a kernel is probed anew through it.
    const sys = token ? withToken(direct, token.fd) : direct;
    const kernel = token ? undefined : this.#kernel;
    try {
      this.#live = this.#loadThrough(sys, kernel ?? Kernel.running(sys), options);
    } catch (error) {
      token?.owned?.close();
      throw error;
    }
    // Probes that attaching makes need it, too.
    if (token?.owned) this.#live.fds.set('token', token.owned);
    return this;
  }

  /**
   * Attaches every loaded program whose section name says to what, and registers the struct_ops maps that are not yet. When one cannot be, those attached
   * before it are detached again, and this throws what {@link Program.attach} and {@link attachStructOps} throw. Programs that name no target are passed
   * over.
   */
  attach(): Link[] {
    const links: Link[] = [];
    try {
      for (const program of Object.values(this.#loaded('programs').programs))
        if (attachesItself(program.spec)) links.push(program.attach());
      for (const map of this.#loaded('maps').structOps())
        if (map.isComplete && map.state !== 'inuse' && linksOf(map).length === 0)
          links.push(attachStructOps(map));
      return links;
    } catch (error) {
      undoAttach(links);
      throw error;
    }
  }

  /** Detaches the programs, closes the maps and their readers, unloads everything. Closing twice does nothing. */
  close(): void {
    this.#closed = true;
    this.#globals.close();
    const live = this.#live;
    this.#live = undefined;
    if (!live) return;
    const programs = Object.values(live.programs).reverse();
    const links = live.ownMaps.flatMap(map => (map instanceof StructOpsMap ? linksOf(map) : []));
    closeHolders([{ close: () => closeAll(live.fds) }, ...live.ownMaps, ...programs, ...links]);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #loadThrough(sys: Sys, kernel: Kernel, options: LoadOptions): LiveObject {
    // First, because the feature that it asks for is newer than most that a plan asks for, and so answers for those, too.
    raiseMemlock(sys, kernel);
    const { programs, targets } = resolveTargets(sys, this.spec.file, options.programs);
    const plan = this.#planLive(sys, kernel, programs ? { ...options, programs } : options);
    const { maps, logLevel = 0 } = options;
    const live = goLive(sys, kernel, this.spec, plan, { maps, targets, logLevel });
    this.#globals.loaded(live.memory);
    return live;
  }

  #planLive(sys: Sys, kernel: Kernel, options: LoadOptions): Plan {
    try {
      return this.plan({ ...options, kernel });
    } catch (error) {
      // Where bpf() is forbidden every probe fails, and a plan may for that reason only miss a feature.
      throw denied(sys, kernel, this.spec.file) ?? error;
    }
  }

  #loaded(what: string): LiveObject {
    if (this.#live) return this.#live;
    throw new StateError(
      `${this.spec.file}: ${what}: ${this.#closed ? 'the object is closed' : 'load() comes first'}`,
    );
  }

  #named<T>(kind: string, from: Readonly<Record<string, T>>, name: string): T {
    const found = from[name];
    if (found) return found;
    const names = Object.keys(from).join(', ') || 'none';
    throw new ObjectError(this.spec.file, `${kind} ${name}`, `there is none of this name; there is ${names}`);
  }
}

/** Why attaching failed says more than why undoing did. */
function undoAttach(links: readonly Link[]): void {
  try {
    closeHolders(links);
  } catch {}
}

function readObject(path: string, file: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new FormatError(`cannot be read: ${(cause as Error).message}`, { file }, { cause });
  }
}
