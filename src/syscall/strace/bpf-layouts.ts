import type { AttrView } from './attr-view.js';
import {
  attachFlags,
  attachTypes,
  fileFlags,
  lookupFlags,
  mapFlags,
  mapTypes,
  progFlags,
  progTypes,
  queryFlags,
  statsTypes,
  taskFdTypes,
  testRunFlags,
  updateFlags,
} from './constants.js';
import { linkLayout } from './link-layouts.js';
import {
  addr,
  answered,
  anyOf,
  array,
  blob,
  changed,
  chars,
  d,
  fd,
  ifindex,
  insns,
  kernelVersion,
  oneOf,
  type Part,
  path,
  pointer,
  records,
  text,
  u,
  when,
  written,
  x,
} from './parts.js';

/** What is printed of a command's attr. A group is printed when the attr reaches its first field; the first group always is. */
export interface Layout {
  /** The name of the struct inside the attr, where strace prints one. */
  readonly nest?: string;
  /** What strace 6.1 prints; in a command that it does not decode, what later ones print. */
  readonly groups: readonly (readonly Part[])[];
  /** Fields newer than strace 6.1. */
  readonly newer?: readonly (readonly Part[])[];
  /** What follows the closing brace once the kernel has answered. */
  readonly answer?: (view: AttrView) => string;
}

const noNode = 0xffff_ffff;
const numaNode: Part = {
  field: 'numa_node',
  text: view =>
    `${view.value('numa_node')}${view.value('numa_node') === noNode ? ' /* NUMA_NO_NODE */' : ''}`,
};
const BPF_F_NUMA_NODE = 4;
const BPF_F_REPLACE = 4;

const element: Layout = {
  groups: [[fd('map_fd'), pointer('key'), pointer('value', 'written')], [anyOf('flags', lookupFlags)]],
};
const pin: Layout = {
  groups: [[path('pathname'), fd('bpf_fd')], [anyOf('file_flags', fileFlags)]],
  newer: [[fd('path_fd')]],
};
const nextId: Layout = { groups: [[u('start_id'), changed('next_id')], [anyOf('open_flags', fileFlags)]] };
const fdById = (id: string): Layout => ({
  groups: [[u(id), u('next_id')], [anyOf('open_flags', fileFlags)]],
  newer: [[fd('fd_by_id_token_fd')]],
});
const batch = (...memory: Part[]): Layout => ({
  nest: 'batch',
  groups: [[...memory, u('count'), fd('map_fd'), anyOf('elem_flags', lookupFlags), x('flags')]],
  answer(view) {
    const after = view.valueAfter('count');
    return after === view.value('count') ? '' : ` => {batch={count=${after}}}`;
  },
});
const lookupBatch = batch(
  pointer('in_batch'),
  pointer('out_batch', 'written'),
  pointer('keys', 'written'),
  pointer('values', 'written'),
);

const layouts: Readonly<Record<string, Layout>> = {
  BPF_MAP_CREATE: {
    groups: [
      [oneOf('map_type', mapTypes), u('key_size'), u('value_size'), u('max_entries')],
      [anyOf('map_flags', mapFlags)],
      [fd('inner_map_fd')],
      [when(view => (Number(view.value('map_flags')) & BPF_F_NUMA_NODE) !== 0, numaNode)],
      [chars('map_name')],
      [ifindex('map_ifindex')],
      [fd('btf_fd'), u('btf_key_type_id'), u('btf_value_type_id')],
      [u('btf_vmlinux_value_type_id')],
      [u('map_extra')],
    ],
    newer: [
      [fd('value_type_btf_obj_fd')],
      [fd('map_token_fd')],
      [pointer('excl_prog_hash')],
      [u('excl_prog_hash_size')],
    ],
  },
  BPF_MAP_LOOKUP_ELEM: element,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM: element,
  BPF_MAP_UPDATE_ELEM: {
    groups: [[fd('map_fd'), pointer('key'), pointer('value'), oneOf('flags', updateFlags)]],
  },
  BPF_MAP_DELETE_ELEM: { groups: [[fd('map_fd'), pointer('key')]] },
  BPF_MAP_GET_NEXT_KEY: { groups: [[fd('map_fd'), pointer('key'), pointer('next_key', 'written')]] },
  BPF_MAP_FREEZE: { groups: [[fd('map_fd')]] },
  BPF_PROG_LOAD: {
    groups: [
      [oneOf('prog_type', progTypes), u('insn_cnt'), insns('insns', 'insn_cnt'), text('license')],
      [u('log_level'), u('log_size'), text('log_buf', 'log_size')],
      [kernelVersion('kern_version')],
      [anyOf('prog_flags', progFlags)],
      [chars('prog_name')],
      [ifindex('prog_ifindex')],
      [oneOf('expected_attach_type', attachTypes)],
      [
        fd('prog_btf_fd'),
        u('func_info_rec_size'),
        records('func_info', 'func_info_cnt'),
        u('func_info_cnt'),
        u('line_info_rec_size'),
        records('line_info', 'line_info_cnt'),
        u('line_info_cnt'),
      ],
      [u('attach_btf_id')],
      [fd('attach_prog_fd')],
      [pointer('fd_array')],
    ],
    newer: [
      [records('core_relos', 'core_relo_cnt'), u('core_relo_cnt')],
      [u('core_relo_rec_size')],
      [changed('log_true_size')],
      [fd('prog_token_fd')],
      [u('fd_array_cnt')],
      [pointer('signature')],
      [u('signature_size'), d('keyring_id')],
    ],
  },
  BPF_OBJ_PIN: pin,
  BPF_OBJ_GET: pin,
  BPF_PROG_ATTACH: {
    groups: [
      [
        fd('target_fd'),
        fd('attach_bpf_fd'),
        oneOf('attach_type', attachTypes),
        anyOf('attach_flags', attachFlags),
      ],
      [fd('replace_bpf_fd')],
    ],
    newer: [[fd('relative_fd')], [u('expected_revision')]],
  },
  BPF_PROG_DETACH: { groups: [[fd('target_fd'), oneOf('attach_type', attachTypes)]] },
  BPF_PROG_TEST_RUN: {
    nest: 'test',
    groups: [
      [
        fd('prog_fd'),
        answered('retval'),
        u('data_size_in'),
        answered('data_size_out'),
        pointer('data_in'),
        pointer('data_out', 'written'),
        u('repeat'),
        answered('duration'),
      ],
      [u('ctx_size_in'), answered('ctx_size_out'), pointer('ctx_in'), pointer('ctx_out', 'written')],
      [anyOf('flags', testRunFlags), u('cpu')],
      [u('batch_size')],
    ],
  },
  BPF_PROG_GET_NEXT_ID: nextId,
  BPF_MAP_GET_NEXT_ID: nextId,
  BPF_BTF_GET_NEXT_ID: nextId,
  BPF_LINK_GET_NEXT_ID: nextId,
  BPF_PROG_GET_FD_BY_ID: fdById('prog_id'),
  BPF_MAP_GET_FD_BY_ID: fdById('map_id'),
  BPF_BTF_GET_FD_BY_ID: { groups: [[u('btf_id')]] },
  BPF_LINK_GET_FD_BY_ID: { groups: [[u('link_id')]] },
  BPF_OBJ_GET_INFO_BY_FD: {
    nest: 'info',
    groups: [[fd('bpf_fd'), changed('info_len'), addr('info')]],
  },
  BPF_PROG_QUERY: {
    nest: 'query',
    groups: [
      [
        fd('target_fd'),
        oneOf('attach_type', attachTypes),
        anyOf('query_flags', queryFlags),
        anyOf('attach_flags', attachFlags),
        array('prog_ids', view => Number(view.valueAfter('prog_cnt')), 4, String, true),
        changed('prog_cnt'),
      ],
    ],
    newer: [
      [pointer('prog_attach_flags', 'written')],
      [pointer('link_ids', 'written')],
      [pointer('link_attach_flags', 'written')],
      [changed('revision')],
    ],
  },
  BPF_RAW_TRACEPOINT_OPEN: {
    nest: 'raw_tracepoint',
    groups: [[text('name'), fd('prog_fd')]],
    newer: [[x('cookie')]],
  },
  BPF_BTF_LOAD: {
    groups: [
      [blob('btf', 'btf_size'), addr('btf_log_buf'), u('btf_size'), u('btf_log_size'), u('btf_log_level')],
    ],
    newer: [[changed('btf_log_true_size')], [x('btf_flags')], [fd('btf_token_fd')]],
  },
  BPF_TASK_FD_QUERY: {
    nest: 'task_fd_query',
    groups: [
      [
        u('pid'),
        fd('fd'),
        u('flags'),
        changed('buf_len'),
        written('buf', 'buf_len'),
        ...[u('prog_id'), oneOf('fd_type', taskFdTypes), x('probe_offset'), x('probe_addr')].map(afterCall),
      ],
    ],
  },
  BPF_MAP_LOOKUP_BATCH: lookupBatch,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH: lookupBatch,
  BPF_MAP_UPDATE_BATCH: batch(pointer('keys'), pointer('values')),
  BPF_MAP_DELETE_BATCH: batch(pointer('keys')),
  BPF_LINK_UPDATE: {
    nest: 'link_update',
    groups: [
      [
        fd('link_fd'),
        fd('new_prog_fd'),
        anyOf('flags', attachFlags),
        when(view => (Number(view.value('flags')) & BPF_F_REPLACE) !== 0, fd('old_prog_fd')),
      ],
    ],
  },
  BPF_ENABLE_STATS: { nest: 'enable_stats', groups: [[oneOf('type', statsTypes)]] },
  BPF_ITER_CREATE: { nest: 'iter_create', groups: [[fd('link_fd'), x('flags')]] },
  BPF_LINK_DETACH: { nest: 'link_detach', groups: [[fd('link_fd')]] },
  BPF_PROG_BIND_MAP: { nest: 'prog_bind_map', groups: [[fd('prog_fd'), fd('map_fd'), x('flags')]] },
  BPF_TOKEN_CREATE: { nest: 'token_create', groups: [[x('flags'), fd('bpffs_fd')]] },
  BPF_PROG_ASSOC_STRUCT_OPS: {
    nest: 'prog_assoc_struct_ops',
    groups: [[fd('map_fd'), fd('prog_fd'), x('flags')]],
  },
  BPF_PROG_STREAM_READ_BY_FD: {
    nest: 'prog_stream_read',
    groups: [[written('stream_buf', 'stream_buf_len'), u('stream_buf_len'), u('stream_id'), fd('prog_fd')]],
  },
};

/** The layout of a command, by the fields of this call where it depends on them; undefined for one not known. */
export function layoutOf(command: string, view: AttrView): Layout | undefined {
  return command === 'BPF_LINK_CREATE' ? linkLayout(view) : layouts[command];
}

/** A field that the kernel fills in. */
function afterCall(part: Part): Part {
  return { field: part.field, text: view => part.text(view.answered) };
}
