import { bpfAttr, type Struct } from '../../abi/index.js';
import type { AttrView } from './attr-view.js';
import type { Layout } from './bpf-layouts.js';
import { attachTypes, kprobeMultiFlags, uprobeMultiFlags } from './constants.js';
import { anyOf, array, d, fd, nested, oneOf, type Part, path, u, when, x } from './parts.js';
import { address, hex, quotedString } from './quote.js';

/** One member of the union at the end of `link_create`. */
interface Variant {
  readonly parts: readonly Part[];
  /** The attach types that use it. */
  readonly attachTypes: RegExp;
  /** strace 6.1 prints it. */
  readonly known: boolean;
}

const countOf = (field: string) => (view: AttrView) => Number(view.value(field));
const words = (field: string, count: string): Part => array(field, countOf(count), 8, hex);
const strings = (field: string, count: string): Part =>
  array(field, countOf(count), 8, (pointer, view) => {
    const memory = view.memoryAt(pointer);
    return memory
      ? quotedString(memory.before, memory.before.length, view.options.stringLimit)
      : address(pointer);
  });
const relative = (member: string): Part =>
  nested(member, fd(`${member}.relative_fd`), u(`${member}.expected_revision`));

const variants: readonly Variant[] = [
  {
    // BPF_CGROUP_INET_INGRESS is 0, which is what a freplace program is attached with.
    attachTypes: /^BPF_CGROUP_INET_INGRESS$/,
    parts: [when(view => view.value('target_btf_id') !== 0, u('target_btf_id'))],
    known: true,
  },
  {
    attachTypes: /^BPF_TRACE_ITER$/,
    parts: [
      // Elements of the union are read as 4 bytes each, though its length is in bytes, because strace counts so.
      array('iter_info', countOf('iter_info_len'), 4, value => `{map={map_fd=${value}}}`),
      u('iter_info_len'),
    ],
    known: true,
  },
  {
    attachTypes: /^BPF_PERF_EVENT$/,
    parts: [nested('perf_event', x('perf_event.bpf_cookie'))],
    known: true,
  },
  {
    attachTypes: /^BPF_TRACE_KPROBE_(MULTI|SESSION)$/,
    parts: [
      nested(
        'kprobe_multi',
        anyOf('kprobe_multi.flags', kprobeMultiFlags),
        u('kprobe_multi.cnt'),
        strings('kprobe_multi.syms', 'kprobe_multi.cnt'),
        words('kprobe_multi.addrs', 'kprobe_multi.cnt'),
        words('kprobe_multi.cookies', 'kprobe_multi.cnt'),
      ),
    ],
    known: true,
  },
  {
    attachTypes: /^BPF_TRACE_UPROBE_/,
    parts: [
      nested(
        'uprobe_multi',
        path('uprobe_multi.path'),
        words('uprobe_multi.offsets', 'uprobe_multi.cnt'),
        words('uprobe_multi.ref_ctr_offsets', 'uprobe_multi.cnt'),
        words('uprobe_multi.cookies', 'uprobe_multi.cnt'),
        u('uprobe_multi.cnt'),
        anyOf('uprobe_multi.flags', uprobeMultiFlags),
        u('uprobe_multi.pid'),
      ),
    ],
    known: false,
  },
  {
    attachTypes: /^BPF_(TRACE_(RAW_TP|FENTRY|FEXIT)|MODIFY_RETURN|LSM_MAC)$/,
    parts: [nested('tracing', u('tracing.target_btf_id'), x('tracing.cookie'))],
    known: false,
  },
  {
    attachTypes: /^BPF_NETFILTER$/,
    parts: [
      nested(
        'netfilter',
        u('netfilter.pf'),
        u('netfilter.hooknum'),
        d('netfilter.priority'),
        x('netfilter.flags'),
      ),
    ],
    known: false,
  },
  { attachTypes: /^BPF_TCX_/, parts: [relative('tcx')], known: false },
  { attachTypes: /^BPF_NETKIT_/, parts: [relative('netkit')], known: false },
  { attachTypes: /^BPF_(CGROUP|LSM_CGROUP)/, parts: [relative('cgroup')], known: false },
];

const head: readonly Part[] = [fd('prog_fd'), fd('target_fd'), oneOf('attach_type', attachTypes), x('flags')];

function variantOf(attachType: number, teach: boolean): Variant | undefined {
  const name = attachTypes.names.get(attachType);
  if (name === undefined || (!teach && attachType > attachTypes.last)) return undefined;
  return variants.find(v => (v.known || teach) && v.attachTypes.test(name));
}

/** The fields of a LINK_CREATE depend on its attach type, as they do for the kernel. */
export function linkLayout(view: AttrView): Layout {
  const variant = variantOf(Number(view.value('attach_type')), view.options.teach);
  const groups = [head, ...(variant ? [variant.parts] : [])];
  return { nest: 'link_create', groups };
}

/** The schema that has the fields of {@link linkLayout}. */
export function linkSchema(attr: Uint8Array, teach: boolean): Struct {
  const [first] = bpfAttr.link_create;
  const attachType = first.decode(attr)['attach_type'] ?? 0;
  const wanted = variantOf(Number(attachType), teach)?.parts[0]?.field ?? 'flags';
  return bpfAttr.link_create.find(schema => schema.has(wanted)) ?? first;
}
