import type { MapParts } from './bpf-map.js';
import type { Element } from './element-codec.js';
import { type ElementCodecs, KeyValueMap } from './key-value-map.js';
import { percpuCodec } from './percpu-codec.js';

/**
 * A map with a value for each CPU: `get` gives, and `set` takes, an array with one for every possible CPU, in the order of their numbers. A program
 * sees that of the CPU it runs on. What the values add up to is the caller's to say. `V` is the type of one CPU's value.
 */
export abstract class PercpuMap<K = Element, V = Element> extends KeyValueMap<K, V[]> {
  /** How many values a key has: the kernel's possible CPUs. */
  readonly cpus: number;

  constructor(parts: MapParts, { key }: Pick<ElementCodecs, 'key'> = {}) {
    const cpus = parts.kernel.possibleCpus;
    super(parts, {
      ...(key ? { key } : {}),
      value: percpuCodec(parts.def, parts.info['value_size'] as number, cpus),
    });
    this.cpus = cpus;
  }
}
