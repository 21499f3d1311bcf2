import type { BtfMember, BtfStruct, BtfTypes } from '../../src/btf/index.js';
import { type Flat, flatten, padTo } from './emit-struct.js';

/** Anonymous members of `union bpf_attr`, told apart by a field only they have. */
const anonymous: Record<string, string> = {
  map_type: 'map_create',
  key: 'map_elem',
  prog_type: 'prog_load',
  pathname: 'obj',
  attach_bpf_fd: 'prog_attach',
  next_id: 'get_id',
  btf_size: 'btf_load',
};

/** Which member of `union bpf_attr` each command reads (kernel/bpf/syscall.c, the switch of `__sys_bpf`). */
export const commands: Record<string, string> = {
  BPF_MAP_CREATE: 'map_create',
  BPF_MAP_LOOKUP_ELEM: 'map_elem',
  BPF_MAP_UPDATE_ELEM: 'map_elem',
  BPF_MAP_DELETE_ELEM: 'map_elem',
  BPF_MAP_GET_NEXT_KEY: 'map_elem',
  BPF_PROG_LOAD: 'prog_load',
  BPF_OBJ_PIN: 'obj',
  BPF_OBJ_GET: 'obj',
  BPF_PROG_ATTACH: 'prog_attach',
  BPF_PROG_DETACH: 'prog_attach',
  BPF_PROG_TEST_RUN: 'test',
  BPF_PROG_GET_NEXT_ID: 'get_id',
  BPF_MAP_GET_NEXT_ID: 'get_id',
  BPF_PROG_GET_FD_BY_ID: 'get_id',
  BPF_MAP_GET_FD_BY_ID: 'get_id',
  BPF_OBJ_GET_INFO_BY_FD: 'info',
  BPF_PROG_QUERY: 'query',
  BPF_RAW_TRACEPOINT_OPEN: 'raw_tracepoint',
  BPF_BTF_LOAD: 'btf_load',
  BPF_BTF_GET_FD_BY_ID: 'get_id',
  BPF_TASK_FD_QUERY: 'task_fd_query',
  BPF_MAP_LOOKUP_AND_DELETE_ELEM: 'map_elem',
  BPF_MAP_FREEZE: 'map_elem',
  BPF_BTF_GET_NEXT_ID: 'get_id',
  BPF_MAP_LOOKUP_BATCH: 'batch',
  BPF_MAP_LOOKUP_AND_DELETE_BATCH: 'batch',
  BPF_MAP_UPDATE_BATCH: 'batch',
  BPF_MAP_DELETE_BATCH: 'batch',
  BPF_LINK_CREATE: 'link_create',
  BPF_LINK_UPDATE: 'link_update',
  BPF_LINK_GET_FD_BY_ID: 'get_id',
  BPF_LINK_GET_NEXT_ID: 'get_id',
  BPF_ENABLE_STATS: 'enable_stats',
  BPF_ITER_CREATE: 'iter_create',
  BPF_LINK_DETACH: 'link_detach',
  BPF_PROG_BIND_MAP: 'prog_bind_map',
  BPF_TOKEN_CREATE: 'token_create',
  BPF_PROG_STREAM_READ_BY_FD: 'prog_stream_read',
  BPF_PROG_ASSOC_STRUCT_OPS: 'prog_assoc_struct_ops',
};

/** The structs that each member of `union bpf_attr` flattens to: one a variant, where there is a union of structs inside. */
export function attrMembers(btf: BtfTypes): Map<string, Flat[]> {
  const members = new Map<string, Flat[]>();
  for (const member of find(btf, 'bpf_attr', 'union').members) {
    const type = btf.resolved(member.type) as BtfStruct;
    const name = member.name || type.members.map(m => anonymous[m.name]).find(Boolean);
    if (!name)
      throw new Error(
        `union bpf_attr: no name for the struct of ${type.members.map(m => m.name).join(', ')}: add it to scripts/abi/attr.ts`,
      );
    members.set(name, variants(btf, type));
  }
  return members;
}

/** A struct, once for each of the structs that an anonymous union at its end may be; one further in is taken for its first member. */
export function variants(btf: BtfTypes, type: BtfStruct): Flat[] {
  const union = type.members.at(-1);
  if (!union || union.name || !holdsStructs(btf, union)) return [flatten(btf, type)];
  const inner = btf.resolved(union.type) as BtfStruct;
  return inner.members.map(variant => {
    const flat = flatten(btf, type, 0, undefined, new Set([union]));
    return flatten(btf, { ...inner, kind: 'struct', members: [variant] }, union.bitOffset / 8, flat);
  });
}

function holdsStructs(btf: BtfTypes, member: BtfMember): boolean {
  const type = btf.resolved(member.type);
  return type.kind === 'union' && type.members.some(m => btf.resolved(m.type).kind === 'struct');
}

/** A struct with its variants, each padded to its C size. */
export function structVariants(btf: BtfTypes, name: string): Flat[] {
  const type = find(btf, name, 'struct');
  const flats = variants(btf, type);
  for (const flat of flats) padTo(flat, type.size);
  return flats;
}

function find(btf: BtfTypes, name: string, kind: 'struct' | 'union'): BtfStruct {
  const id = btf.findByName(name, kind);
  if (id === undefined) throw new Error(`the BTF has no ${kind} ${name}`);
  return btf.type(id) as BtfStruct;
}
