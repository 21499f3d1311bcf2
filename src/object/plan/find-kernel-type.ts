import type { BtfKind, BtfTypes } from '../../btf/index.js';
import type { KernelModule, KernelView } from './kernel-view.js';

/** A type of the kernel's BTF, or of a module's. */
export interface KernelType {
  readonly btf: BtfTypes;
  readonly id: number;
  /** Undefined for vmlinux. */
  readonly module: KernelModule | undefined;
}

/**
 * Looks for a type in vmlinux, then in the modules, of which those come into question whose name begins with `moduleName` (libbpf:
 * find_ksym_btf_id, find_kernel_btf_id). Undefined when there is none.
 */
export function findKernelType(
  kernel: KernelView,
  name: string,
  kind: BtfKind,
  moduleName = '',
): KernelType | undefined {
  const { btf } = kernel;
  if (!btf) return undefined;
  if (moduleName === '' || 'vmlinux'.startsWith(moduleName)) {
    const id = btf.findByName(name, kind);
    if (id !== undefined) return { btf, id, module: undefined };
  }
  for (const module of kernel.modules ?? []) {
    if (!module.name.startsWith(moduleName)) continue;
    const id = module.btf.findByName(name, kind);
    if (id !== undefined && id >= module.btf.startId) return { btf: module.btf, id, module };
  }
  return undefined;
}
