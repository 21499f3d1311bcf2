import type { BtfValue } from '../btf/index.js';
import { type GlobalSpec, globalCodec, type ObjectSpec } from '../object/index.js';
import type { SectionMemory } from './section-memory.js';
import { initialMemory } from './section-memory.js';
import { StateError } from './state-error.js';

/** The global variables of an object by name, read and written by their BTF types. */
export interface Globals {
  [name: string]: BtfValue | undefined;
}

/** Where the globals of one object are kept, before and after it is loaded. */
export class GlobalStore {
  readonly #spec: ObjectSpec;
  readonly #memory = new Map<string, SectionMemory>();
  readonly #changed = new Set<string>();
  #state: 'open' | 'loaded' | 'closed' = 'open';
  /** The face of the store: one property for each global. */
  readonly byName: Globals;

  constructor(spec: ObjectSpec) {
    this.#spec = spec;
    for (const map of spec.maps) if (map.internal) this.#memory.set(map.name, initialMemory(map));
    this.byName = this.#face();
  }

  /** What was set since the object was opened, for the plan. */
  changes(): Record<string, BtfValue> {
    return Object.fromEntries([...this.#changed].map(name => [name, this.get(name)]));
  }

  /** From now on the globals live in the kernel; `.rodata` is frozen and stays readable here. */
  loaded(live: ReadonlyMap<string, SectionMemory>): void {
    for (const [map, memory] of live) this.#memory.set(map, memory);
    this.#state = 'loaded';
  }

  /** Ends access to the globals that live in the kernel. */
  close(): void {
    for (const memory of this.#memory.values()) memory.close();
    this.#state = 'closed';
  }

  get(name: string): BtfValue {
    const global = this.#find(name);
    if (this.#state === 'closed' && !global.readonly)
      throw new StateError(`${this.#spec.file}: global ${name}: the object is closed`);
    const codec = globalCodec(this.#spec, name);
    return codec.read(this.#memoryOf(global).read(global.offset, codec.size));
  }

  set(name: string, value: unknown): void {
    const global = this.#find(name);
    if (this.#state === 'closed')
      throw new StateError(`${this.#spec.file}: global ${name}: the object is closed`);
    if (this.#state === 'loaded' && global.readonly)
      throw new StateError(
        `${this.#spec.file}: global ${name} is in ${global.section}, which is frozen once loaded: set it before load()`,
      );
    const codec = globalCodec(this.#spec, name);
    const bytes = new Uint8Array(codec.size);
    try {
      codec.write(bytes, value);
    } catch (error) {
      throw new TypeError(`${this.#spec.file}: global ${name}: ${(error as Error).message}`, {
        cause: error,
      });
    }
    this.#memoryOf(global).write(global.offset, bytes);
    if (this.#state === 'open') this.#changed.add(name);
  }

  #find(name: string): GlobalSpec {
    const found = this.#spec.globals.find(g => g.name === name);
    if (found) return found;
    const names = this.#spec.globals.map(g => g.name);
    throw new TypeError(
      `${this.#spec.file} has no global variable ${name}; it has ${names.length ? names.join(', ') : 'none'}`,
    );
  }

  #memoryOf(global: GlobalSpec): SectionMemory {
    const memory = this.#memory.get(global.map);
    if (!memory)
      throw new StateError(
        `${this.#spec.file}: global ${global.name}: its section ${global.section} was not loaded`,
      );
    return memory;
  }

  /** A property for each global, so that names complete and enumerate; behind a proxy that refuses to set what is not there. */
  #face(): Globals {
    const target: Globals = Object.create(null);
    for (const { name } of this.#spec.globals)
      Object.defineProperty(target, name, {
        enumerable: true,
        get: () => this.get(name),
        set: (value: unknown) => this.set(name, value),
      });
    return new Proxy(target, {
      set: (_, name, value) => {
        this.set(String(name), value);
        return true;
      },
      defineProperty: (_, name) => {
        throw new TypeError(`${this.#spec.file}: global ${String(name)} can be set, not defined`);
      },
      deleteProperty: (_, name) => {
        throw new TypeError(`${this.#spec.file}: global ${String(name)} cannot be deleted`);
      },
    });
  }
}
