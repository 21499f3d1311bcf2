/** Lines of `rawbpf run --json`. */
export type Document = Record<string, unknown>;

/** How one of libbpf-tools' objects is run, and what it must show of the workload. */
export interface Tool {
  /** Options of `rawbpf run` in place of what the tool's own user space does: which of its programs, and where they go. */
  readonly args?: readonly string[];
  /** True when a document shows what happened. */
  readonly shows: (document: Document) => boolean;
  /** What it was given here in place of what the machine lacks. */
  readonly instead?: string;
  /** Why it attaches but has nothing to show here. */
  readonly blind?: string;
  /** Why it cannot be attached here. */
  readonly refused?: string;
}

/** What became of each tool in the guest that the record is of: `shows`, `attaches` without anything to see, or is `refused`. */
export type Outcomes = Record<string, { outcome: string; detail: string }>;

/** How many tools are to show something at the least. */
export const leastShown = 45;

type Entry = { readonly key: unknown; readonly value: unknown };

const entries = (document: Document): readonly Entry[] => (document['entries'] as Entry[] | undefined) ?? [];
const record = (value: unknown): Document =>
  typeof value === 'object' && value !== null ? (value as Document) : {};

/** An event of a process of this name. */
const event = (field: string, value: string) => (document: Document) => document[field] === value;
/** Some entry of a map. */
const entry = (map: string, test: (entry: Entry) => boolean) => (document: Document) =>
  document['map'] === map && entries(document).some(test);
/** A count above 0, in whatever a value is made of. */
const counts = (value: unknown): boolean =>
  typeof value === 'number'
    ? value > 0
    : typeof value === 'object' && value !== null && Object.values(value).some(counts);
const counted = (map: string) => entry(map, ({ value }) => counts(value));
/** An entry of the workload, by its name. */
const named = (map: string, comm: string) =>
  entry(
    map,
    ({ key, value }) =>
      record(key)['comm'] === comm ||
      record(key)['name'] === comm ||
      record(value)['comm'] === comm ||
      record(value)['name'] === comm,
  );
const globals = (name: string) => (document: Document) => counts(record(document['globals'])[name]);

const programs = (...names: string[]): string[] => names.flatMap(name => ['--program', name]);
const attach = (...pairs: string[]): string[] => pairs.flatMap(pair => ['--attach', pair]);

/** The type of the events, which the objects do not have: as the tools' headers lay it out. */
const events = (members: string): string[] => ['--event', `events=${members}`];

/** Name of the process that does what the tools are to see. */
export const worker = 'perl';

export const tools: Readonly<Record<string, Tool>> = {
  bashreadline: {
    args: [...attach('printret=uretprobe//bin/bash:readline'), ...events('u32 pid; char str[80];')],
    shows: event('str', 'echo typed'),
  },
  bindsnoop: {
    args: events(
      'unsigned __int128 addr; u64 ts_us; u32 pid; u32 bound_dev_if; int ret; u16 port; u16 proto; u8 opts; u8 ver; char task[16];',
    ),
    shows: event('task', worker),
  },
  biolatency: {
    args: programs('block_rq_insert_btf', 'block_rq_issue_btf', 'block_rq_complete_btf'),
    shows: counted('hists'),
  },
  biopattern: { shows: counted('counters') },
  biosnoop: {
    blind: 'the verifier of this kernel refuses block_rq_complete; libbpf’s load of it, too',
    args: [
      ...attach('blk_account_io_start=fentry/blk_mq_start_request'),
      ...events(
        'char comm[16]; u64 delta; u64 qdelta; u64 ts; u64 sector; u32 len; u32 pid; u32 cmd_flags; u32 dev;',
      ),
    ],
    shows: event('comm', 'dd'),
  },
  biostacks: {
    args: attach(
      'blk_account_io_start=fentry/blk_mq_start_request',
      'blk_account_io_done=fentry/blk_mq_end_request',
    ),
    shows: counted('hists'),
  },
  biotop: {
    args: attach(
      'blk_account_io_start=kprobe/blk_mq_start_request',
      'blk_account_io_done=kprobe/blk_mq_end_request',
    ),
    shows: counted('counts'),
  },
  bitesize: { shows: counted('hists') },
  cachestat: {
    args: attach(
      'mark_page_accessed=fentry/folio_mark_accessed',
      'account_page_dirtied=fentry/filemap_dirty_folio',
    ),
    shows: globals('total'),
  },
  capable: { args: events('cap_event'), shows: event('task', worker) },
  cpudist: { args: programs('sched_switch_btf'), shows: counted('hists') },
  cpufreq: {
    instead: 'samples by process, at a frequency that the test set',
    args: [
      ...attach('do_sample=perf_event/cpu-clock@99'),
      '--set',
      `freqs_mhz=${JSON.stringify(Array(128).fill(1200))}`,
    ],
    shows: named('hists', worker),
  },
  drsnoop: {
    args: events('char task[16]; u64 delta_ns; u64 nr_reclaimed; u64 nr_free_pages; pid_t pid;'),
    shows: event('task', worker),
    blind: 'memory is not short',
  },
  execsnoop: { shows: event('comm', 'true') },
  exitsnoop: {
    args: events(
      'u64 start_time; u64 exit_time; u32 pid; u32 tid; u32 ppid; u32 sig; int exit_code; char comm[16];',
    ),
    shows: event('comm', worker),
  },
  filelife: {
    args: events('char file[32]; char task[16]; u64 delta_ns; pid_t tgid;'),
    shows: event('task', worker),
  },
  filetop: { shows: named('entries', worker) },
  fsdist: {
    args: attach(
      'file_read_entry=kprobe/shmem_file_read_iter',
      'file_read_exit=kretprobe/shmem_file_read_iter',
      'file_write_entry=kprobe/generic_file_write_iter',
      'file_write_exit=kretprobe/generic_file_write_iter',
    ).concat(programs('file_read_entry', 'file_read_exit', 'file_write_entry', 'file_write_exit')),
    shows: globals('hists'),
  },
  fsslower: {
    args: [
      ...attach(
        'file_read_entry=kprobe/shmem_file_read_iter',
        'file_read_exit=kretprobe/shmem_file_read_iter',
        'file_write_entry=kprobe/generic_file_write_iter',
        'file_write_exit=kretprobe/generic_file_write_iter',
      ).concat(programs('file_read_entry', 'file_read_exit', 'file_write_entry', 'file_write_exit')),
      ...events(
        'u64 delta_us; u64 end_ns; s64 offset; ssize_t size; pid_t pid; u32 op; char file[32]; char task[16];',
      ),
    ],
    shows: event('task', worker),
  },
  funclatency: {
    args: attach('dummy_kprobe=kprobe/vfs_read', 'dummy_kretprobe=kretprobe/vfs_read'),
    shows: globals('hist'),
  },
  gethostlatency: {
    args: attach(
      'handle_entry=uprobe/libc.so.6:getaddrinfo',
      'handle_return=uretprobe/libc.so.6:getaddrinfo',
    ),
    shows: event('host', 'localhost'),
  },
  hardirqs: {
    args: programs('irq_handler_entry_btf', 'irq_handler_exit_btf'),
    shows: counted('infos'),
  },
  javagc: { shows: () => false, refused: 'it is for a Java process' },
  klockstat: {
    args: programs('mutex_lock', 'mutex_lock_exit', 'mutex_trylock_exit', 'mutex_unlock'),
    shows: counted('stat_map'),
  },
  ksnoop: {
    args: attach('kprobe_entry=kprobe/vfs_read', 'kprobe_return=kretprobe/vfs_read'),
    shows: () => false,
    blind: 'its user space fills a map with what it learned of the function from BTF',
  },
  llcstat: {
    instead: 'page faults and context switches in place of the cache’s events',
    args: attach('on_cache_miss=perf_event/page-faults:1', 'on_cache_ref=perf_event/context-switches:1'),
    shows: counted('infos'),
  },
  mdflush: { shows: () => false, refused: 'there is no software RAID' },
  mountsnoop: {
    args: events(
      'u64 delta; u64 flags; u32 pid; u32 tid; u32 mnt_ns; int ret; char comm[16]; char fs[8]; char src[4096]; char dest[4096]; char data[512]; u32 op;',
    ),
    shows: event('comm', 'mount'),
  },
  numamove: { shows: () => false, blind: 'there is one NUMA node' },
  offcputime: { shows: entry('info', ({ value }) => counts(value)) },
  oomkill: {
    args: events('u32 fpid; u32 tpid; u64 pages; char fcomm[16]; char tcomm[16];'),
    shows: event('fcomm', worker),
  },
  opensnoop: {
    args: events(
      'u64 ts; pid_t pid; uid_t uid; int ret; int flags; u64 callers[2]; char comm[16]; char fname[255];',
    ),
    shows: event('comm', worker),
  },
  readahead: {
    args: attach(
      'do_page_cache_ra=fentry/page_cache_ra_unbounded',
      'do_page_cache_ra_ret=fexit/page_cache_ra_unbounded',
      'mark_page_accessed=fentry/folio_mark_accessed',
    ),
    shows: () => false,
    blind: 'the kernel has __page_cache_alloc no more',
  },
  runqlat: { args: programs('sched_wakeup', 'sched_wakeup_new', 'sched_switch'), shows: counted('hists') },
  runqlen: { args: attach('do_sample=perf_event/cpu-clock@99'), shows: globals('hists') },
  runqslower: {
    args: [
      ...[...programs('sched_wakeup', 'sched_wakeup_new', 'sched_switch'), '--min-us', '1'],
      ...events('char task[16]; char prev_task[16]; u64 delta_us; pid_t pid; pid_t prev_pid;'),
    ],
    shows: event('task', worker),
  },
  sigsnoop: { shows: event('comm', worker) },
  slabratetop: { shows: counted('slab_entries') },
  softirqs: { args: programs('softirq_entry_btf', 'softirq_exit_btf'), shows: globals('counts') },
  solisten: { args: programs('inet_listen_fexit'), shows: event('task', worker) },
  statsnoop: {
    args: events('u64 ts_ns; u32 pid; int ret; char comm[16]; char pathname[255];'),
    shows: event('comm', worker),
  },
  syscount: { shows: counted('data') },
  tcpconnect: {
    args: events(
      'union { u32 saddr_v4; u8 saddr_v6[16]; }; union { u32 daddr_v4; u8 daddr_v6[16]; }; char task[16]; u64 ts_us; u32 af; u32 pid; u32 uid; u16 sport; u16 dport;',
    ),
    shows: event('task', worker),
  },
  tcpconnlat: {
    args: [
      ...programs('fentry_tcp_v4_connect', 'fentry_tcp_v6_connect', 'fentry_tcp_rcv_state_process'),
      ...events(
        'union { u32 saddr_v4; u8 saddr_v6[16]; }; union { u32 daddr_v4; u8 daddr_v6[16]; }; char comm[16]; u64 delta_us; u64 ts_us; u32 tgid; int af; u16 lport; u16 dport;',
      ),
    ],
    shows: event('comm', worker),
  },
  tcplife: {
    args: events(
      'unsigned __int128 saddr; unsigned __int128 daddr; u64 ts_us; u64 span_us; u64 rx_b; u64 tx_b; u32 pid; u16 sport; u16 dport; u16 family; char comm[16];',
    ),
    shows: event('comm', worker),
  },
  tcprtt: { args: programs('tcp_rcv'), shows: counted('hists') },
  tcpstates: {
    args: events(
      'unsigned __int128 saddr; unsigned __int128 daddr; u64 skaddr; u64 ts_us; u64 delta_us; u32 pid; int oldstate; int newstate; u16 family; u16 sport; u16 dport; char task[16];',
    ),
    shows: event('task', worker),
  },
  tcpsynbl: { args: programs('tcp_v4_syn_recv_kprobe', 'tcp_v6_syn_recv_kprobe'), shows: counted('hists') },
  tcptop: { shows: named('ip_map', worker) },
  tcptracer: {
    args: events(
      'union { u32 saddr_v4; unsigned __int128 saddr_v6; }; union { u32 daddr_v4; unsigned __int128 daddr_v6; }; char task[16]; u64 ts_us; u32 af; u32 pid; u32 uid; u32 netns; u16 dport; u16 sport; u8 type;',
    ),
    shows: event('task', worker),
  },
  vfsstat: {
    args: programs(
      'fentry_vfs_read',
      'fentry_vfs_write',
      'fentry_vfs_fsync',
      'fentry_vfs_open',
      'fentry_vfs_create',
    ),
    shows: globals('stats'),
  },
  wakeuptime: { shows: counted('counts') },
};
