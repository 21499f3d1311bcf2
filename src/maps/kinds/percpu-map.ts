import { BpfCmd, BpfFlags } from '../../abi/index.js';
import { Errno } from '../../syscall/index.js';
import type { MapParts } from '../bpf-map.js';
import { type Element, type ElementCodec, elementCodec } from '../element-codec.js';
import { type ElementCodecs, type Given, KeyValueMap } from '../key-value-map.js';
import { isLacking, setLacking } from '../lacking.js';
import type { UpdateMode } from '../update-mode.js';
import { percpuCodec } from './percpu-codec.js';

/**
 * A map with a value for each CPU: `get` gives, and `set` takes, an array with one for every possible CPU, in the order of their numbers. A program
 * sees that of the CPU it runs on. What the values add up to is the caller's to say. `V` is the type of one CPU's value.
 */
export abstract class PercpuMap<K = Element, V = Element> extends KeyValueMap<K, V[]> {
  /** How many values a key has: the kernel's possible CPUs. */
  readonly cpus: number;
  readonly #one: ElementCodec<unknown>;

  constructor(parts: MapParts, { key }: Pick<ElementCodecs, 'key'> = {}) {
    const cpus = parts.kernel.possibleCpus;
    super(parts, {
      ...(key ? { key } : {}),
      value: percpuCodec(parts.def, parts.info['value_size'] as number, cpus),
    });
    this.cpus = cpus;
    this.#one = elementCodec(parts.def, 'value', this.valueSize);
  }

  /** One CPU's value, or undefined when the map does not have the key. Kernels with BPF_F_CPU copy no other. Throws as `get` does, and TypeError for a CPU that is not possible. */
  getCpu(key: Given<K>, cpu: number): V | undefined {
    const flags = this.#cpuFlags(cpu);
    if (this.#hasFlags) {
      const { result, value } = this.lookupWith(key, flags);
      if (result === 0) return this.#one.readAt(value, 0) as V;
      if (result === -Errno.ENOENT) return undefined;
      if (result !== -Errno.EINVAL) throw this.refused(BpfCmd.BPF_MAP_LOOKUP_ELEM, -result);
      this.#missFlags();
    }
    return this.get(key)?.[this.#indexOf(cpu)];
  }

  /**
   * Writes one CPU's value; those of a new key are zeros on the others. Kernels with BPF_F_CPU leave the others alone; on older ones all values are read and
   * written back, which loses what programs wrote on other CPUs between the two. Throws as `set` does.
   */
  setCpu(key: Given<K>, cpu: number, value: Given<V>): this {
    if (this.#update(key, this.#cpuFlags(cpu), value)) return this;
    const zero = new Uint8Array(this.valueSize);
    const values: unknown[] = this.get(key) ?? new Array<unknown>(this.cpus).fill(zero);
    return this.set(key, values.with(this.#indexOf(cpu), value) as Given<V[]>);
  }

  /** Writes one value for all CPUs (by BPF_F_ALL_CPUS where the kernel has it). Throws as `set` does. */
  fill(key: Given<K>, value: Given<V>, mode: UpdateMode = 'any'): this {
    // Linux 7.2 forgets the mode of an array's update when it has this flag.
    if (mode === 'any' && this.#update(key, BpfFlags.BPF_F_ALL_CPUS, value)) return this;
    return this.set(key, new Array<unknown>(this.cpus).fill(value) as Given<V[]>, mode);
  }

  /** False when the kernel does not know the flags. */
  #update(key: unknown, flags: number, value: unknown): boolean {
    if (!this.#hasFlags) return false;
    const result = this.updateWith(key, flags, view => this.#one.writeAt(view, 0, value));
    if (result < 0 && result !== -Errno.EINVAL) throw this.updateRefused(-result);
    if (result < 0) this.#missFlags();
    return result === 0;
  }

  #cpuFlags(cpu: number): number {
    this.#indexOf(cpu);
    return cpu * 2 ** 32 + BpfFlags.BPF_F_CPU;
  }

  /** Where a CPU's value is among those of all: numbers of CPUs may have gaps. */
  #indexOf(cpu: number): number {
    const numbers = this.parts.kernel.possibleCpuNumbers;
    const index = numbers.indexOf(cpu);
    if (index < 0)
      throw new TypeError(`map ${this.name}: CPU ${cpu}: the kernel has ${numbers[0]} to ${numbers.at(-1)}`);
    return index;
  }

  get #hasFlags(): boolean {
    return !isLacking(this.parts.kernel, this.type, 'BPF_F_CPU');
  }

  #missFlags(): void {
    setLacking(this.parts.kernel, this.type, 'BPF_F_CPU');
  }
}
