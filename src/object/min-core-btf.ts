import { BpfCoreReloKind } from '../abi/index.js';
import { type Btf, CoreResolver, minCoreBtf, typesUsedByCore } from '../btf/index.js';
import type { ObjectFile } from './linker/link-objects.js';
import { parseObject } from './parse-object.js';

/**
 * The part of a kernel's BTF that the CO-RE relocations of some objects need: to ship with them for kernels that show no BTF of their own, as
 * `bpftool gen min_core_btf` makes it. Throws FormatError for damaged BTF, RelocationFault for a relocation that makes no sense.
 */
export function minCoreBtfFor(objects: readonly ObjectFile[], kernel: Btf): Uint8Array {
  const targets = objects.flatMap(({ file, bytes }) => {
    const { btf, programs, subprogs } = parseObject(bytes, { file });
    if (!btf) return [];
    const resolver = new CoreResolver(btf, [{ name: 'vmlinux', btf: kernel }]);
    return [...programs, ...subprogs]
      .flatMap(f => f.coreRelocations)
      .filter(({ kind }) => kind !== BpfCoreReloKind.BPF_CORE_TYPE_ID_LOCAL)
      .flatMap(relocation => resolver.resolve(relocation).target ?? []);
  });
  return minCoreBtf(kernel, typesUsedByCore(targets));
}
