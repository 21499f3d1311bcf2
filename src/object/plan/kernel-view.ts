import type { BtfTypes } from '../../btf/index.js';

/** A feature that changes what a plan asks for. Each is probed lazily on a live kernel (src/kernel/features.ts). */
export type FeatureName =
  | 'prog_name' // 4.15
  | 'btf' // 4.18
  | 'btf_func' // 5.0
  | 'global_data' // 5.2
  | 'btf_datasec' // 5.2
  | 'mmapable_array' // 5.5
  | 'btf_func_global' // 5.6
  | 'cgroup_link' // 5.7
  | 'xdp_link' // 5.9
  | 'prog_bind_map' // 5.10
  | 'memcg_accounting' // 5.11
  | 'perf_link' // 5.15
  | 'bpf_cookie' // 5.15
  | 'expected_attach_type' // 4.17
  | 'probe_read_kernel' // 5.5
  | 'btf_decl_tag' // 5.16
  | 'btf_type_tag' // 5.17
  | 'btf_empty_datasec' // 5.12
  | 'btf_float' // 5.13
  | 'btf_enum64' // 6.0
  | 'btf_qmark_datasec' // 6.9
  | 'btf_tag_kind_flag' // 6.15
  | 'syscall_wrapper' // 4.17, by architecture
  | 'reuseport_migrate' // 5.14
  | 'sockmap_link' // 6.10
  | 'cgroup_order' // 6.17
  | 'kprobe_multi' // 5.18
  | 'uprobe_multi' // 6.6
  | 'tcx_link' // 6.6
  | 'arg_ctx_tag' // 6.8
  | 'raw_tp_cookie' // 6.10
  | 'kprobe_session' // 6.10
  | 'ldimm64_full_range_off'; // 7.0

/** A kernel module that has BTF of its own, split from that of vmlinux. */
export interface KernelModule {
  readonly name: string;
  /** Id of its BTF, for BPF_BTF_GET_FD_BY_ID; undefined when the module is known from a file only. */
  readonly id?: number;
  /** Read on first use. */
  readonly btf: BtfTypes;
}

/** What a plan needs to know of a kernel. A live one probes when asked; an offline one answers from what it was told. */
export interface KernelView {
  /** True for an assumption rather than a kernel: what it cannot tell is planned for, with a warning, where a kernel would be refused. */
  readonly offline?: boolean;
  /** e.g. `6.18.44`; for messages. */
  readonly release: string;
  /** `KERNEL_VERSION(a, b, c)` as the kernel packs it, for `kern_version`. */
  readonly versionCode: number;
  /** Number of possible CPUs: `max_entries` of a perf event array, copies of a per-CPU value. */
  readonly possibleCpus: number;
  /** Bytes of a memory page, by which the size of a ring buffer is rounded up; 4096 unless told. */
  readonly pageSize?: number;
  /** BTF of vmlinux; undefined where the kernel has none. Read on first use. */
  readonly btf: BtfTypes | undefined;
  /** Loaded modules with BTF; found on first use. Undefined when they are not known. */
  readonly modules?: readonly KernelModule[];
  /**
   * The options that the kernel was configured with, by name, as its config file writes them: `y`, `m`, `"text"`, a number. Undefined when there is
   * no such file. Read on first use.
   */
  readonly kconfig?: ReadonlyMap<string, string> | undefined;
  /** Addresses of symbols, those there are (`/proc/kallsyms`); `ambiguous` for one with several. Undefined when it cannot be read. */
  symbolAddresses?(names: ReadonlySet<string>): ReadonlyMap<string, bigint | 'ambiguous'> | undefined;
  has(feature: FeatureName): boolean;
}

/** A view for planning without a kernel: everything the newest kernel has. */
export function newestKernel(
  options: {
    possibleCpus?: number;
    release?: string;
    btf?: BtfTypes;
    modules?: readonly KernelModule[];
  } = {},
): KernelView {
  const release = options.release ?? '6.18.0';
  const [major = 0, minor = 0, patch = 0] = release.split(/[.-]/).map(Number);
  return {
    offline: true,
    release,
    versionCode: (major << 16) | (minor << 8) | Math.min(patch || 0, 255),
    possibleCpus: options.possibleCpus ?? 1,
    btf: options.btf,
    ...(options.modules ? { modules: options.modules } : {}),
    has: () => true,
  };
}
