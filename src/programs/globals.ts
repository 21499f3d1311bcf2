import type { BtfTypes, BtfValue, Codec } from '../btf/index.js';
import {
  bytesAt,
  type LiveStruct,
  liveStruct,
  type ScalarArray,
  scalarArray,
  type ViewMemory,
} from '../maps/index.js';
import {
  type GlobalSpec,
  globalCodec,
  type ObjectSpec,
  unfitGlobal,
  unknownGlobal,
} from '../object/index.js';
import { ownMemory, type SectionMemory } from './section-memory.js';
import { StateError } from './state-error.js';

/** The global variables of an object by name, read and written by their BTF types. */
export interface Globals {
  [name: string]: BtfValue | undefined;
}

/** A data section, shared by its variables: where its bytes are in the state that the object is in. */
interface Section {
  readonly kind: 'rodata' | 'data' | 'bss' | 'kconfig' | 'arena';
  memory: SectionMemory | undefined;
  /** {@link SectionMemory.view} of the memory, once it was asked for and while it may be read: what properties read through. */
  view: DataView | undefined;
}

/** Keeps the globals of one object: in copies of its data sections before it is loaded, in their maps after. */
export class GlobalStore {
  readonly #spec: ObjectSpec;
  readonly #sections = new Map<string, Section>();
  readonly #variables = new Map<string, Variable>();
  readonly #changed = new Set<string>();
  #state: 'open' | 'loaded' | 'closed' = 'open';
  #byName: Globals | undefined;

  constructor(spec: ObjectSpec) {
    this.#spec = spec;
    for (const { name, internal, valueSize } of spec.maps)
      if (internal) this.#sections.set(name, initial(internal.kind, internal.bytes, valueSize));
    if (spec.arena)
      this.#sections.set(spec.arena.map, initial('arena', spec.arena.bytes, spec.arena.bytes.length));
    for (const global of spec.globals) {
      const section = this.#sections.get(global.map);
      if (section) this.#variables.set(global.name, new Variable(spec, global, section));
    }
  }

  /** The store as an object with a property for each global; made when first asked for, because many who open an object never do. */
  get byName(): Globals {
    this.#byName ??= this.#face();
    return this.#byName;
  }

  /** What was set since the object was opened, for the plan. */
  changes(): Record<string, BtfValue | undefined> {
    return Object.fromEntries([...this.#changed].map(name => [name, this.get(name)]));
  }

  /** From now on the globals live in the kernel, in memory by map name; `.rodata` is frozen and stays readable here. */
  loaded(live: ReadonlyMap<string, SectionMemory>): void {
    for (const [map, section] of this.#sections) {
      if (section.kind === 'rodata') continue;
      section.memory = live.get(map);
      section.view = undefined;
    }
    this.#state = 'loaded';
  }

  /** Ends access to the globals that live in the kernel. */
  close(): void {
    for (const section of this.#sections.values())
      if (section.kind !== 'rodata') section.memory = section.view = undefined;
    this.#state = 'closed';
  }

  get(name: string): BtfValue | undefined {
    const variable = this.#variable(name);
    // What the kernel's configuration says is known once it was asked.
    if (this.#state === 'open' && variable.section.kind === 'kconfig') return undefined;
    const memory = this.#readable(variable);
    variable.section.view ??= memory.view;
    return variable.codec.readAt(memory.read(), variable.offset);
  }

  set(name: string, value: unknown): void {
    const variable = this.#variable(name);
    this.#write(variable, variable.offset, variable.encode(value));
  }

  /** A typed array over a loaded global's memory: see BpfObject.globalArray. */
  array(name: string): ScalarArray {
    const variable = this.#variable(name);
    if (this.#state === 'open') throw this.#wrongState(name, 'load() comes first');
    const { view } = this.#writable(variable);
    if (!view) throw this.#wrongState(name, 'its section cannot be mapped (Linux 5.5 can): use obj.globals');
    const { typeId, size } = variable.global;
    return scalarArray(this.#spec.btf, typeId, view, variable.offset, size, `global ${name}`);
  }

  /** A struct global in place: see BpfObject.globalView. */
  view(name: string): LiveStruct {
    const variable = this.#variable(name);
    const { within } = this.#readable(variable);
    const at = variable.offset;
    const { typeId } = variable.global;
    const btf = this.#spec.btf as BtfTypes;
    if (within) return liveStruct(btf, typeId, within.memory, within.offset + at);
    return liveStruct(btf, typeId, this.#viewMemory(variable), at);
  }

  #viewMemory(variable: Variable): ViewMemory {
    const inPlace = () =>
      this.#state === 'loaded' && !isFrozen(variable) ? this.#readable(variable).view : undefined;
    return {
      get view() {
        return inPlace();
      },
      read: (codec, offset) => codec.readAt(this.#readable(variable).read(), offset),
      bytes: (offset, size) => bytesAt(this.#readable(variable).read(), offset, size).slice(),
      write: (offset, bytes) => this.#write(variable, offset, bytes),
    };
  }

  #write(variable: Variable, offset: number, bytes: Uint8Array): void {
    this.#writable(variable).write(offset, bytes);
    if (this.#state === 'open') this.#changed.add(variable.global.name);
  }

  #writable(variable: Variable): SectionMemory {
    const { name, section } = variable.global;
    if (this.#state === 'closed') throw this.#wrongState(name, 'the object is closed');
    if (variable.section.kind === 'kconfig')
      throw this.#wrongState(name, "it is the kernel's configuration: it cannot be set");
    if (this.#state === 'loaded' && isFrozen(variable))
      throw this.#wrongState(name, `it is in ${section}, which load() freezes: set it before`);
    return this.#readable(variable);
  }

  #readable({ global, section }: Variable): SectionMemory {
    if (this.#state === 'closed' && section.kind !== 'rodata')
      throw this.#wrongState(global.name, 'the object is closed');
    if (section.memory) return section.memory;
    throw this.#wrongState(global.name, `this kernel did not load its section ${global.section}`);
  }

  #variable(name: string): Variable {
    const variable = this.#variables.get(name);
    if (!variable) throw unknownGlobal(this.#spec, name);
    return variable;
  }

  #wrongState(name: string, reason: string): StateError {
    return new StateError(`${this.#spec.file}: global ${name}: ${reason}`);
  }

  #face(): Globals {
    // A misspelt name is to be refused with those there are. Only what is no property of the face itself gets as far as its prototype, so that
    // reading a global does not pay for the Proxy.
    const refuse = (_: object, name: string | symbol): never => {
      throw unknownGlobal(this.#spec, String(name));
    };
    const face: Globals = Object.create(new Proxy(Object.freeze(Object.create(null)), { set: refuse }));
    for (const [name, variable] of this.#variables) {
      const { section, offset } = variable;
      Object.defineProperty(face, name, {
        enumerable: true,
        get: () =>
          section.view === undefined ? this.get(name) : variable.codec.readAt(section.view, offset),
        set: (value: unknown) => this.set(name, value),
      });
    }
    return Object.preventExtensions(face);
  }
}

function isFrozen({ section }: Variable): boolean {
  return section.kind === 'rodata' || section.kind === 'kconfig';
}

/** One global: where it is, and how it is read. */
class Variable {
  readonly global: GlobalSpec;
  readonly section: Section;
  readonly offset: number;
  readonly #spec: ObjectSpec;
  #codec: Codec | undefined;
  #bytes: Uint8Array | undefined;

  constructor(spec: ObjectSpec, global: GlobalSpec, section: Section) {
    this.#spec = spec;
    this.global = global;
    this.section = section;
    this.offset = global.offset;
  }

  /** Compiled by the first who reads or writes the variable: objects can have thousands. */
  get codec(): Codec {
    this.#codec ??= globalCodec(this.#spec, this.global.name);
    return this.#codec;
  }

  /** The bytes of a value, valid until the next. Throws ObjectError when it does not fit. */
  encode(value: unknown): Uint8Array {
    this.#bytes ??= new Uint8Array(this.codec.size);
    try {
      this.codec.write(this.#bytes, value);
    } catch (error) {
      throw unfitGlobal(this.#spec, this.global.name, error as Error);
    }
    return this.#bytes;
  }
}

function initial(kind: Section['kind'], bytes: Uint8Array, size: number): Section {
  const own = new Uint8Array(size);
  own.set(bytes.subarray(0, size));
  const memory = ownMemory(own);
  return { kind, memory, view: undefined };
}
