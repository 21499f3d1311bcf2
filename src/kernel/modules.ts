import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BpfCmd, bpfBtfInfo, type DecodedRecord, type StructRecord } from '../abi/index.js';
import { Btf } from '../btf/index.js';
import type { KernelModule } from '../object/index.js';
import { BpfError, bpf, bpfInOut, Errno, type Sys } from '../syscall/index.js';

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
    const name = withBtf(sys, id, fd => moduleName(sys, fd));
    if (name !== undefined) modules.push(lazyModule(sys, name, id, vmlinux));
  }
  return modules;
}

function lazyModule(sys: Sys, name: string, id: number, vmlinux: Btf): KernelModule {
  let btf: Btf | undefined;
  return {
    name,
    id,
    get btf() {
      btf ??= Btf.parse(readBlob(sys, name, id), { base: vmlinux, file: `BTF of module ${name}` });
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

/** Undefined when the BTF went away in between, as those of programs do. */
function withBtf<T>(sys: Sys, id: number, use: (fd: number) => T): T | undefined {
  const fd = bpf(sys, BpfCmd.BPF_BTF_GET_FD_BY_ID, { btf_id: id });
  if (fd < 0) return undefined;
  try {
    return use(fd);
  } finally {
    sys.close(fd);
  }
}

function moduleName(sys: Sys, fd: number): string | undefined {
  const info = query(sys, fd, {});
  if (!info?.['kernel_btf']) return undefined;
  // The kernel counts the name without its NUL and wants room for it.
  const name = new Uint8Array(Number(info['name_len']) + 1);
  if (!query(sys, fd, { name: sys.addressOf(name), name_len: name.length })) return undefined;
  const text = new TextDecoder().decode(name.subarray(0, -1));
  return text === 'vmlinux' ? undefined : text;
}

function readBlob(sys: Sys, name: string, id: number): Uint8Array {
  const blob = withBtf(sys, id, fd => {
    const info = query(sys, fd, {});
    const bytes = new Uint8Array(Number(info?.['btf_size'] ?? 0));
    return query(sys, fd, { btf: sys.addressOf(bytes), btf_size: bytes.length }) && bytes;
  });
  if (blob) return blob;
  throw new BpfError({
    syscall: 'bpf',
    cmd: BpfCmd.BPF_BTF_GET_FD_BY_ID,
    errno: Errno.ENOENT,
    what: `BTF of module ${name}`,
  });
}

function query(sys: Sys, fd: number, wanted: StructRecord): DecodedRecord | undefined {
  const info = bpfBtfInfo.encode(wanted);
  const result = bpf(sys, BpfCmd.BPF_OBJ_GET_INFO_BY_FD, { bpf_fd: fd, info_len: info.length, info });
  return result < 0 ? undefined : bpfBtfInfo.decode(info);
}
