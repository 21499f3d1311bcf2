import type { BtfEnum, BtfEnum64, BtfTypes } from '../../src/btf/index.js';

/** Enums of the kernel by the constant that each becomes. */
export const named: Record<string, string> = {
  BpfCmd: 'bpf_cmd',
  BpfMapType: 'bpf_map_type',
  BpfProgType: 'bpf_prog_type',
  BpfAttachType: 'bpf_attach_type',
  BpfLinkType: 'bpf_link_type',
  BpfFuncId: 'bpf_func_id',
  BpfStatsType: 'bpf_stats_type',
  BpfTaskFdType: 'bpf_task_fd_type',
  BpfCoreReloKind: 'bpf_core_relo_kind',
  PerfTypeId: 'perf_type_id',
  PerfSwIds: 'perf_sw_ids',
  PerfHwId: 'perf_hw_id',
  PerfEventSampleFormat: 'perf_event_sample_format',
  PerfEventReadFormat: 'perf_event_read_format',
  PerfEventType: 'perf_event_type',
};

/** Prefixes of the constants that the kernel declares in anonymous enums. */
const flagPrefixes = /^(BPF_F_|BPF_ANY$|BPF_NOEXIST$|BPF_EXIST$|BPF_TAG_SIZE$|BPF_OBJ_NAME_LEN$|BPF_RINGBUF_|BPF_RB_|BPF_PSEUDO_)/;

type Values = readonly { readonly name: string; readonly value: number | bigint }[];

function constant(name: string, values: Values): string {
  const rows = values.map(v => `  ${v.name}: ${v.value}${typeof v.value === 'bigint' ? 'n' : ''},\n`);
  return `export const ${name} = {\n${rows.join('')}} as const;\n`;
}

/** The text of `enums.gen.ts`: one constant an enum, without the kernel's `__MAX_…` end markers. */
export function enumConstants(btf: BtfTypes): string {
  const parts: string[] = [];
  for (const [name, kernel] of Object.entries(named)) {
    const id = btf.findByName(kernel, 'enum') ?? btf.findByName(kernel, 'enum64');
    if (id === undefined) throw new Error(`the BTF has no enum ${kernel}`);
    const values = (btf.type(id) as BtfEnum | BtfEnum64).values.filter(v => !/^__|_MAX$/.test(v.name));
    parts.push(constant(name, values));
  }
  const flags = new Map<string, number | bigint>();
  for (let id = btf.startId; id < btf.endId; id++) {
    const type = btf.type(id);
    if ((type.kind !== 'enum' && type.kind !== 'enum64') || type.name) continue;
    for (const v of type.values) if (flagPrefixes.test(v.name)) flags.set(v.name, v.value);
  }
  const sorted = [...flags].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => ({ name, value }));
  parts.push(constant('BpfFlags', sorted));
  return parts.join('\n');
}
