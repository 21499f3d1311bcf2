import type { BtfTypes } from '../../src/btf/index.js';
import { attrMembers, structVariants } from './attr.js';
import type { Flat } from './emit-struct.js';
import { type Constants, enumConstants } from './enums.js';

/** Structs that are generated whole, beside the members of `union bpf_attr`. */
const structNames = [
  'bpf_common_attr',
  'bpf_prog_info',
  'bpf_map_info',
  'bpf_btf_info',
  'bpf_link_info',
  'perf_event_attr',
  'perf_event_header',
  'perf_event_mmap_page',
  'btf_header',
  'bpf_func_info',
  'bpf_line_info',
  'bpf_core_relo',
];

/** What src/abi says of a kernel. */
export interface AbiModel {
  readonly enums: ReadonlyMap<string, Constants>;
  /** Members of `union bpf_attr`, each with its variants. */
  readonly attr: ReadonlyMap<string, readonly Flat[]>;
  readonly structs: ReadonlyMap<string, readonly Flat[]>;
}

/** Reads the model of a kernel out of its BTF; an older one may lack some structs. Throws when it has no `union bpf_attr`. */
export function abiModel(btf: BtfTypes): AbiModel {
  return {
    enums: enumConstants(btf),
    attr: attrMembers(btf),
    structs: new Map(
      structNames
        .filter(name => btf.findByName(name, 'struct') !== undefined)
        .map(name => [name, structVariants(btf, name)]),
    ),
  };
}

/** A model as facts that can be compared one by one: `enum BpfCmd.BPF_MAP_CREATE` → `0`, `map_create.key_size` → `4+4`. */
export function facts(model: AbiModel): Map<string, string> {
  const all = new Map<string, string>();
  for (const [name, constants] of model.enums)
    for (const [key, value] of constants) all.set(`enum ${name}.${key}`, String(value));
  for (const [name, flats] of [...model.attr, ...model.structs])
    for (const flat of flats) {
      for (const { name: field, schema, offset, size } of flat.fields)
        if (!field.startsWith('_'))
          // A nested struct may grow at its end from one release to the next.
          all.set(`${name}.${field}`, `${offset}+${schema.startsWith('object(') ? 'struct' : size}`);
      for (const [bit, [offset, width]] of Object.entries(flat.bits))
        all.set(`${name}.${bit}`, `bit ${offset}:${width}`);
    }
  return all;
}
