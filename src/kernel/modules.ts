import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BpfCmd } from '../abi/index.js';
import { Btf } from '../btf/index.js';
import type { KernelModule } from '../object/index.js';
import { bpfInOut, type Sys } from '../syscall/index.js';
import { describeBtf, readBtfById, withBtf } from './btf-by-id.js';

const folder = '/sys/kernel/btf';

/** Tells one set of loaded modules from another; a module that is loaded again is another. */
export function loadedModules(): string {
  try {
    return readdirSync(folder)
      .map(name => `${name}:${statSync(join(folder, name), { throwIfNoEntry: false })?.ino}`)
      .join();
  } catch {
    return '';
  }
}

/**
 * The kernel modules that have BTF (Linux 5.11), in the order in which they were loaded (libbpf: load_module_btfs); none on older kernels, and
 * none where this process may not ask (CAP_SYS_ADMIN). The BTF of each is read when first used.
 */
export function readModules(sys: Sys, vmlinux: Btf): readonly KernelModule[] {
  const modules: KernelModule[] = [];
  for (const id of btfIds(sys)) {
    // Some are gone by now, as those of programs are.
    const name = withBtf(sys, id, fd => moduleName(sys, fd));
    if (typeof name === 'string') modules.push(lazyModule(sys, name, id, vmlinux));
  }
  return modules;
}

function lazyModule(sys: Sys, name: string, id: number, vmlinux: Btf): KernelModule {
  let btf: Btf | undefined;
  return {
    name,
    id,
    get btf() {
      btf ??= Btf.parse(readBtfById(sys, id, `BTF of module ${name}`), {
        base: vmlinux,
        file: `BTF of module ${name}`,
      });
      return btf;
    },
  };
}

function* btfIds(sys: Sys): Generator<number> {
  for (let id = 0; ; ) {
    const { result, attr } = bpfInOut(sys, BpfCmd.BPF_BTF_GET_NEXT_ID, { start_id: id });
    if (result < 0) return;
    id = Number(attr['next_id']);
    yield id;
  }
}

function moduleName(sys: Sys, fd: number): string | undefined {
  const info = describeBtf(sys, fd);
  return info?.kernel && info.name !== 'vmlinux' ? info.name : undefined;
}
