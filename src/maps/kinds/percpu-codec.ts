import { BpfMapType } from '../../abi/index.js';
import type { Kernel } from '../../kernel/index.js';
import { type ElementCodec, elementCodec, placeOf } from '../element-codec.js';
import type { MapDef } from '../map-def.js';

/** What one CPU's value takes where the kernel copies those of all CPUs: `round_up(value_size, 8)` bytes (bpf_map_value_size in kernel/bpf/syscall.c). */
export function percpuStride(valueSize: number): number {
  return Math.ceil(valueSize / 8) * 8;
}

const percpuTypes: ReadonlySet<number> = new Set([
  BpfMapType.BPF_MAP_TYPE_PERCPU_HASH,
  BpfMapType.BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BpfMapType.BPF_MAP_TYPE_PERCPU_ARRAY,
  BpfMapType.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
]);

/** Whether a map type has a value for each CPU. */
export function isPercpu(type: number): boolean {
  return percpuTypes.has(type);
}

/** Bytes of an element's value as the kernel copies it, in a call of one and in a batch. */
export function copiedSize(type: number, valueSize: number, kernel: Pick<Kernel, 'possibleCpus'>): number {
  return isPercpu(type) ? percpuStride(valueSize) * kernel.possibleCpus : valueSize;
}

/** Values of all `cpus` possible CPUs, as an array of exactly that many. */
export function percpuCodec(def: MapDef, valueSize: number, cpus: number): ElementCodec<unknown[]> {
  const one: ElementCodec<unknown> = elementCodec(def, 'value', valueSize);
  const stride = percpuStride(valueSize);
  const place = placeOf(def, 'value');
  return {
    size: stride * cpus,
    readAt(view, offset) {
      const values = new Array<unknown>(cpus);
      for (let cpu = 0; cpu < cpus; cpu++) values[cpu] = one.readAt(view, offset + cpu * stride);
      return values;
    },
    writeAt(view, offset, value) {
      if (!Array.isArray(value) || value.length !== cpus)
        throw new TypeError(
          `${place}: it must be an array of ${cpus}, one for each possible CPU${Array.isArray(value) ? `, not ${value.length}` : ''}; fill() writes one value for all`,
        );
      for (let cpu = 0; cpu < cpus; cpu++) one.writeAt(view, offset + cpu * stride, value[cpu]);
    },
  };
}
