import type { BtfValue, Codec } from '../btf/index.js';
import { type ScalarArray, scalarArray } from '../maps/index.js';
import {
  encodeGlobal,
  type GlobalSpec,
  globalCodec,
  type ObjectSpec,
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
  /** The store as an object with a property for each global. */
  readonly byName: Globals;

  constructor(spec: ObjectSpec) {
    this.#spec = spec;
    for (const { name, internal, valueSize } of spec.maps)
      if (internal) this.#sections.set(name, initial(internal.kind, internal.bytes, valueSize));
    for (const global of spec.globals) {
      const section = this.#sections.get(global.map);
      if (section) this.#variables.set(global.name, new Variable(spec, global, section));
    }
    this.byName = this.#face();
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
    const { kind } = variable.section;
    if (this.#state === 'closed' && kind !== 'rodata') throw this.#wrongState(name, 'the object is closed');
    // What the kernel's configuration says is known once it was asked.
    if (this.#state === 'open' && kind === 'kconfig') return undefined;
    const memory = this.#memory(variable);
    variable.section.view ??= memory.view;
    return variable.codec.readAt(memory.read(), variable.offset);
  }

  set(name: string, value: unknown): void {
    const variable = this.#variable(name);
    const { kind } = variable.section;
    const bytes = encodeGlobal(this.#spec, name, value);
    if (this.#state === 'closed') throw this.#wrongState(name, 'the object is closed');
    if (kind === 'kconfig')
      throw this.#wrongState(name, "it is the kernel's configuration: it cannot be set");
    if (this.#state === 'loaded' && kind === 'rodata')
      throw this.#wrongState(
        name,
        `it is in ${variable.global.section}, which load() freezes: set it before`,
      );
    this.#memory(variable).write(variable.offset, bytes);
    if (this.#state === 'open') this.#changed.add(name);
  }

  /** A typed array over a loaded global's memory: see BpfObject.globalArray. */
  array(name: string): ScalarArray {
    const { global, offset } = this.#variable(name);
    const what = `${this.#spec.file}: global ${name}`;
    const size = global.size;
    return scalarArray(this.#spec.btf, global.typeId, this.#inPlace(name), offset, size, what);
  }

  /** The memory of a loaded global's section, for those who read and write it in place. */
  #inPlace(name: string): DataView {
    const variable = this.#variable(name);
    const { kind } = variable.section;
    if (this.#state !== 'loaded')
      throw this.#wrongState(name, this.#state === 'open' ? 'load() comes first' : 'the object is closed');
    if (kind === 'rodata' || kind === 'kconfig')
      throw this.#wrongState(name, `it is in ${variable.global.section}, which is frozen: read obj.globals`);
    const { view } = this.#memory(variable);
    if (view) return view;
    throw this.#wrongState(name, 'this kernel cannot map its section (Linux 5.5 can): use obj.globals');
  }

  #variable(name: string): Variable {
    const variable = this.#variables.get(name);
    if (!variable) throw unknownGlobal(this.#spec, name);
    return variable;
  }

  #memory({ global, section }: Variable): SectionMemory {
    if (section.memory) return section.memory;
    throw this.#wrongState(global.name, `this kernel did not load its section ${global.section}`);
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

/** One global: where it is, and how it is read. */
class Variable {
  readonly global: GlobalSpec;
  readonly section: Section;
  readonly offset: number;
  readonly #spec: ObjectSpec;
  #codec: Codec | undefined;

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
}

function initial(kind: Section['kind'], bytes: Uint8Array, size: number): Section {
  const own = new Uint8Array(size);
  own.set(bytes.subarray(0, size));
  const memory = ownMemory(own);
  return { kind, memory, view: undefined };
}
