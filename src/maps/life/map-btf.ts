import { Btf, type BtfTypes } from '../../btf/index.js';
import { type Kernel, readBtfById } from '../../kernel/index.js';
import { BpfError, Errno, type Sys } from '../../syscall/index.js';
import type { MapDef } from '../map-def.js';
import type { MapInfo } from '../map-info.js';

/**
 * The types of a map that somebody else made, as far as the kernel tells: BTF given to it at creation or, of a struct_ops map, its own. Nothing for a
 * process that may not ask for BTF by id (CAP_SYS_ADMIN).
 */
export function mapTypes(
  sys: Sys,
  kernel: Kernel,
  info: MapInfo,
): Pick<MapDef, 'btf' | 'keyTypeId' | 'valueTypeId'> {
  if (info.vmlinuxValueTypeId) {
    const btf = kernelBtf(kernel, info.vmlinuxBtfId);
    return btf ? { btf, valueTypeId: info.vmlinuxValueTypeId } : {};
  }
  if (!info.btfId) return {};
  const btf = loadedBtf(sys, info);
  if (!btf) return {};
  return { btf, keyTypeId: info.keyTypeId, valueTypeId: info.valueTypeId };
}

function kernelBtf(kernel: Kernel, id: number): BtfTypes | undefined {
  return kernel.modules.find(module => module.id === id)?.btf ?? kernel.btf;
}

function loadedBtf(sys: Sys, { btfId, name }: MapInfo): Btf | undefined {
  const what = `BTF of map ${name}`;
  try {
    return Btf.parse(readBtfById(sys, btfId, what), { file: what });
  } catch (error) {
    if (error instanceof BpfError && error.errno === Errno.EPERM) return undefined;
    throw error;
  }
}
