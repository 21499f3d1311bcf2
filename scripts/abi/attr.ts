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

/** The schemas of every member of `union bpf_attr`: a member with a union of structs inside has one schema a variant. */
export function attrMembers(btf: BtfTypes): Map<string, string[]> {
  const id = btf.findByName('bpf_attr', 'union');
  if (id === undefined) throw new Error('the BTF has no union bpf_attr');
  const members = new Map<string, string[]>();
  for (const member of (btf.type(id) as BtfStruct).members) {
    const type = btf.resolved(member.type) as BtfStruct;
    const name = member.name || type.members.map(m => anonymous[m.name]).find(Boolean);
    if (!name) throw new Error(`union bpf_attr: no name for the struct with ${type.members.map(m => m.name)}: add it to scripts/abi/attr.ts`);
    members.set(name, variants(btf, name, type));
  }
  return members;
}

function variants(btf: BtfTypes, name: string, type: BtfStruct): string[] {
  const union = type.members.find(m => !m.name && holdsStructs(btf, m));
  if (!union) return [print(name, flatten(btf, type))];
  const offset = union.bitOffset / 8;
  return (btf.resolved(union.type) as BtfStruct).members.map(variant => {
    const flat = flatten(btf, type, 0, undefined, new Set([union]));
    const wrapper = { ...(btf.resolved(union.type) as BtfStruct), kind: 'struct' as const, members: [variant] };
    return print(name, flatten(btf, wrapper, offset, flat));
  });
}

function holdsStructs(btf: BtfTypes, member: BtfMember): boolean {
  const type = btf.resolved(member.type);
  return type.kind === 'union' && type.members.some(m => btf.resolved(m.type).kind === 'struct');
}

export function print(name: string, flat: Flat): string {
  const aliases = Object.keys(flat.aliases).length ? `, ${JSON.stringify(flat.aliases)}` : '';
  return `new Struct('${name}', {\n${flat.lines.map(l => `  ${l},\n`).join('')}}${aliases})`;
}

/** One whole struct, padded to its C size. */
export function wholeStruct(btf: BtfTypes, name: string): { text: string; flat: Flat } {
  const id = btf.findByName(name, 'struct');
  if (id === undefined) throw new Error(`the BTF has no struct ${name}`);
  const type = btf.type(id) as BtfStruct;
  const flat = flatten(btf, type);
  padTo(flat, type.size);
  return { text: print(name, flat), flat };
}
