import type { BtfValue } from '../btf/index.js';
import { encodeGlobal, type GlobalSpec, globalCodec, type ObjectSpec } from '../object/index.js';
import { initialMemory, type SectionMemory } from './section-memory.js';
import { StateError } from './state-error.js';

/** The global variables of an object by name, read and written by their BTF types. */
export interface Globals {
  [name: string]: BtfValue | undefined;
}

/** Keeps the globals of one object: in copies of its data sections before it is loaded, in their maps after. */
export class GlobalStore {
  readonly #spec: ObjectSpec;
  readonly #memory = new Map<string, SectionMemory>();
  readonly #changed = new Set<string>();
  #state: 'open' | 'loaded' | 'closed' = 'open';
  /** The store as an object with a property for each global. */
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

  /** From now on the globals live in the kernel, in memory by map name; `.rodata` is frozen and stays readable here. */
  loaded(live: ReadonlyMap<string, SectionMemory>): void {
    for (const { map } of this.#spec.globals.filter(global => !global.readonly)) {
      const memory = live.get(map);
      if (memory) this.#memory.set(map, memory);
      else this.#memory.delete(map);
    }
    this.#state = 'loaded';
  }

  /** Ends access to the globals that live in the kernel. */
  close(): void {
    for (const memory of this.#memory.values()) memory.close();
    this.#state = 'closed';
  }

  get(name: string): BtfValue {
    const codec = globalCodec(this.#spec, name);
    const { global, memory } = this.#find(name);
    if (this.#state === 'closed' && !global.readonly) throw this.#wrongState(name, 'the object is closed');
    return codec.read(memory.read(global.offset, codec.size));
  }

  set(name: string, value: unknown): void {
    const bytes = encodeGlobal(this.#spec, name, value);
    const { global, memory } = this.#find(name);
    if (this.#state === 'closed') throw this.#wrongState(name, 'the object is closed');
    if (this.#state === 'loaded' && global.readonly)
      throw this.#wrongState(name, `it is in ${global.section}, which load() freezes: set it before`);
    memory.write(global.offset, bytes);
    if (this.#state === 'open') this.#changed.add(name);
  }

  #find(name: string): { global: GlobalSpec; memory: SectionMemory } {
    const global = this.#spec.globals.find(g => g.name === name) as GlobalSpec;
    const memory = this.#memory.get(global.map);
    if (!memory) throw this.#wrongState(name, `this kernel did not load its section ${global.section}`);
    return { global, memory };
  }

  #wrongState(name: string, reason: string): StateError {
    return new StateError(`${this.#spec.file}: global ${name}: ${reason}`);
  }

  #face(): Globals {
    const target: Globals = Object.create(null);
    for (const { name } of this.#spec.globals)
      Object.defineProperty(target, name, {
        enumerable: true,
        get: () => this.get(name),
        set: (value: unknown) => this.set(name, value),
      });
    // A misspelt name is to be refused with those there are, not with the engine's "object is not extensible".
    return new Proxy(Object.preventExtensions(target), {
      set: (_, name, value) => {
        this.set(String(name), value);
        return true;
      },
    });
  }
}
