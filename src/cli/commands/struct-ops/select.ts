import { BpfMapType } from '../../../abi/index.js';
import { Kernel } from '../../../kernel/index.js';
import { listMaps, type MapInfo } from '../../../maps/index.js';
import { liveSys } from '../../../syscall/index.js';
import { Refusal } from '../../refusal.js';
import { takeSelector } from '../../selector.js';
import { Words } from '../../words.js';

const prefix = 'bpf_struct_ops_';

/** The struct_ops maps of the kernel: all, the one of an id, or those of a name. Throws Refusal when what is named is none. */
export function selectedStructOps(given: readonly string[]): MapInfo[] {
  const all = [...listMaps()].filter(info => info.type === BpfMapType.BPF_MAP_TYPE_STRUCT_OPS);
  if (given.length === 0) return all;
  const words = new Words(given);
  const selector = takeSelector(words, 'struct_ops', ['id', 'name']);
  words.end();
  const found = all.filter(info =>
    'id' in selector
      ? info.id === selector.id
      : 'name' in selector && info.name === selector.name.slice(0, 15),
  );
  if (found.length === 0) throw new Refusal(`${given.join(' ')}: the kernel has no such struct_ops map`);
  return found;
}

/** The struct of the kernel that a map is one of: `tcp_congestion_ops`. */
export function kernelStruct({ vmlinuxValueTypeId, vmlinuxBtfId }: MapInfo): string {
  const kernel = Kernel.running(liveSys());
  const btf = kernel.modules.find(module => module.id === vmlinuxBtfId)?.btf ?? kernel.btf;
  const name = btf?.type(vmlinuxValueTypeId).name;
  return name === undefined ? '<btf_vmlinux_not_found>' : name.slice(prefix.length);
}
