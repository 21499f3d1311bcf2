import { BpfCmd } from '../../../abi/index.js';
import type { BtfPtr, BtfTypes } from '../../../btf/index.js';
import { Kernel } from '../../../kernel/index.js';
import { type MapBytes, openMapBytes } from '../../../maps/index.js';
import { funcSignature, OpenError, openProgram } from '../../../programs/index.js';
import { BpfError, bpfInOut, liveSys } from '../../../syscall/index.js';
import { btfValue } from '../../btf-value.js';
import { exactJson } from '../../exact-json.js';
import { print } from '../../output.js';
import { Refusal } from '../../refusal.js';
import { selectedStructOps } from './select.js';

/** `rawbpf struct-ops dump [SELECTOR]`: what the kernel has of each, by its BTF; members that are programs by name and id. It is JSON with or without `--json`. */
export async function dumpStructOps(given: readonly string[]): Promise<void> {
  const { btf } = Kernel.running(liveSys());
  if (!btf)
    throw new Refusal(
      'the kernel shows no BTF (CONFIG_DEBUG_INFO_BTF), so nothing tells what its structs are',
    );
  const records = selectedStructOps(given).flatMap(({ id }) => {
    using map = openMapBytes({ id }, { access: 'read' });
    return [{ bpf_map_info: kernelMapInfo(map, btf) }, structOf(map)];
  });
  await print(exactJson(records));
}

/** `struct bpf_map_info` with all that the kernel has of it. */
function kernelMapInfo(map: MapBytes, btf: BtfTypes): unknown {
  const type = btf.findByName('bpf_map_info', 'struct');
  if (type === undefined) throw new Refusal('the kernel’s BTF has no struct bpf_map_info');
  const info = new Uint8Array(btf.sizeOf(type));
  const cmd = BpfCmd.BPF_OBJ_GET_INFO_BY_FD;
  const { result } = bpfInOut(liveSys(), cmd, { bpf_fd: map.fd, info_len: info.length, info });
  if (result < 0) throw new BpfError({ syscall: 'bpf', cmd, errno: -result, what: `map ${map.name}` });
  return btfValue(btf, type, info);
}

function structOf(map: MapBytes): Readonly<Record<string, unknown>> {
  const { btf, valueTypeId } = map;
  const value = map.get(new Uint8Array(map.keySize));
  if (!btf || !value) throw new Refusal(`map ${map.name}: the kernel gives no struct of it`);
  const pointer = (type: BtfPtr, id: bigint): string | undefined => programText(btf, type, id);
  return { [btf.type(valueTypeId).name]: btfValue(btf, valueTypeId, value, { pointer }) };
}

/** `u32 (struct sock * sk) ssthresh/prog_id:7`; undefined for what is no program's place. */
function programText(btf: BtfTypes, { type }: BtfPtr, id: bigint): string | undefined {
  const target = btf.resolved(type);
  if (target.kind !== 'func_proto' || id > 0xffffffffn) return undefined;
  const signature = funcSignature(btf, target.id);
  if (signature === undefined) return undefined;
  return id === 0n ? `${signature} 0` : `${signature} ${programName(Number(id))}/prog_id:${id}`;
}

function programName(id: number): string {
  try {
    using program = openProgram({ id });
    return program.fullName();
  } catch (error) {
    if (error instanceof BpfError || error instanceof OpenError) return '<unknown_prog_name>';
    throw error;
  }
}
