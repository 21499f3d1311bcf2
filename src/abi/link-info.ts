import { object, u32 } from 'typed-binary';
import { pad, u64 } from './schema.js';
import { Struct } from './struct.js';

const perfEvent = (kind: Record<string, typeof u32 | typeof u64 | ReturnType<typeof pad>>) =>
  new Struct('bpf_link_info', {
    type: u32,
    id: u32,
    prog_id: u32,
    _pad12: pad(4),
    perf_event: object({ type: u32, _pad4: pad(4), ...kind }),
  });

/** `struct bpf_link_info` of perf events, by `enum bpf_perf_event_type`: unions in its union, of which {@link bpfLinkInfo} has the first. */
export const bpfLinkInfoPerfEvent = {
  uprobe: perfEvent({ file_name: u64, name_len: u32, offset: u32, cookie: u64, ref_ctr_offset: u64 }),
  kprobe: perfEvent({ func_name: u64, name_len: u32, offset: u32, addr: u64, missed: u64, cookie: u64 }),
  tracepoint: perfEvent({ tp_name: u64, name_len: u32, _pad12: pad(4), cookie: u64 }),
  event: perfEvent({ config: u64, event_type: u32, _pad12: pad(4), cookie: u64 }),
} as const;

/** `struct bpf_link_info` of an iterator over tasks. */
export const bpfLinkInfoIterTask = new Struct('bpf_link_info', {
  type: u32,
  id: u32,
  prog_id: u32,
  _pad12: pad(4),
  iter: object({ target_name: u64, target_name_len: u32, map_id: u32, tid: u32, pid: u32 }),
});
