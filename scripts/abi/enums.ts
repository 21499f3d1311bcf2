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
const flagPrefixes =
  /^(BPF_F_|BPF_ANY$|BPF_NOEXIST$|BPF_EXIST$|BPF_TAG_SIZE$|BPF_OBJ_NAME_LEN$|BPF_RINGBUF_|BPF_RB_|BPF_PSEUDO_)/;

/** Constants by name, in the kernel's order. */
export type Constants = Map<string, number | bigint>;

/** Every enum as constants, without the kernel's `__MAX_…` end markers; last those of its anonymous enums, as `BpfFlags`. */
export function enumConstants(btf: BtfTypes): Map<string, Constants> {
  const all = new Map<string, Constants>();
  for (const [name, kernel] of Object.entries(named)) {
    const id = btf.findByName(kernel, 'enum') ?? btf.findByName(kernel, 'enum64');
    // An older kernel, read to be compared, may not have one yet.
    const values = id === undefined ? [] : (btf.type(id) as BtfEnum | BtfEnum64).values;
    all.set(name, new Map(values.filter(v => !/^__|_MAX$/.test(v.name)).map(v => [v.name, v.value])));
  }
  const flags: [string, number | bigint][] = [];
  for (let id = btf.startId; id < btf.endId; id++) {
    const type = btf.type(id);
    if ((type.kind !== 'enum' && type.kind !== 'enum64') || type.name) continue;
    for (const v of type.values) if (flagPrefixes.test(v.name)) flags.push([v.name, v.value]);
  }
  all.set('BpfFlags', new Map(flags.sort(([a], [b]) => (a < b ? -1 : 1))));
  return all;
}
