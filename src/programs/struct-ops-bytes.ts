import { hostEndian } from '../abi/index.js';
import type { Plan } from '../object/index.js';
import type { LoadedFds } from './execute.js';

/** The value that registers a struct_ops map, with the fds of its programs (libbpf: bpf_map_prepare_vdata); undefined for other maps, and when a program of it was not loaded. */
export function structOpsBytes({ structOps }: Plan, fds: LoadedFds, map: string): Uint8Array | undefined {
  const planned = structOps.find(value => value.map === map);
  if (!planned) return undefined;
  const bytes = planned.bytes.slice();
  const view = new DataView(bytes.buffer);
  for (const { offset, program } of planned.programs) {
    const fd = fds.get(`prog:${program}`);
    if (!fd) return undefined;
    view.setBigUint64(offset, BigInt(fd.value), hostEndian === 'little');
  }
  return bytes;
}
