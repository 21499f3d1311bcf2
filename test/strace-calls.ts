// Makes one call of each kind through rawbpf and prints how rawbpf's own trace shows them. Run under strace by strace-compare.test.ts.
import { closeSync, openSync } from 'node:fs';
import { BpfAttachType, BpfCmd, BpfMapType, BpfProgType, bpfAttr, perfEventAttr } from '../src/abi/index.js';
import { parseElf } from '../src/elf/index.js';
import {
  type AttrRecord,
  bpf,
  formatSyscall,
  liveSys,
  PERF_EVENT_IOC_DISABLE,
  PERF_EVENT_IOC_ENABLE,
  PERF_EVENT_IOC_SET_BPF,
  perfEventOpen,
  subscribeSyscalls,
} from '../src/syscall/index.js';
import { fixtureBytes } from './repository.js';

const verbose = process.argv.includes('--verbose');
const lines: string[] = [];
const sys = liveSys();
const unsubscribe = subscribeSyscalls(event => lines.push(formatSyscall(event, { verbose })));

const call = (cmd: keyof typeof BpfCmd, attr: AttrRecord): number => bpf(sys, BpfCmd[cmd], attr);
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
/** Instructions of 8 bytes: code, registers, off, imm. */
const insns = (...slots: (readonly [code: number, regs: number, off: number, imm: number])[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(slots.length * 8));
  slots.forEach(([code, regs, off, imm], i) => {
    view.setUint8(i * 8, code);
    view.setUint8(i * 8 + 1, regs);
    view.setInt16(i * 8 + 2, off, true);
    view.setInt32(i * 8 + 4, imm, true);
  });
  return new Uint8Array(view.buffer);
};
const returnZero = insns([0xb7, 0, 0, 0], [0x95, 0, 0, 0]);
/** One of each form that strace tells apart: loads, stores, atomics, both jump classes, both ALU classes, byte swaps, negative numbers. */
const everyForm = insns(
  [0xbf, 0x16, 0, 0],
  [0x7a, 0x0a, -8, 0],
  [0x18, 0x01, 0, -1],
  [0, 0, 0, 0x7fffffff],
  [0x7b, 0x1a, -8, 0],
  [0x79, 0xa2, -8, 0],
  [0x61, 0x63, 0, 0],
  [0xdb, 0x1a, -8, 0],
  [0xdc, 0x02, 0, 16],
  [0x54, 0x02, 0, 255],
  [0x56, 0x02, 1, 7],
  [0xb4, 0x02, 0, -3],
  [0x1d, 0x12, 0, 0],
  [0x30, 0, 0, 0],
  [0x85, 0, 0, 5],
  [0xb7, 0, 0, 0],
  [0x95, 0, 0, 0],
);

maps();
programs();
objects();
events();
other();
sockets();

unsubscribe();
console.log(lines.join('\n'));

function maps(): void {
  const { BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_RINGBUF } = BpfMapType;
  const hash = call('BPF_MAP_CREATE', {
    map_type: BPF_MAP_TYPE_HASH,
    key_size: 4,
    value_size: 8,
    max_entries: 8,
    map_name: 'start',
  });
  const key = bytes(1, 2, 3, 4);
  const value = bytes(1, 2, 3, 4, 5, 6, 7, 8);
  const missing = bytes(9, 9, 9, 9);
  call('BPF_MAP_UPDATE_ELEM', { map_fd: hash, key, value, flags: 0 });
  call('BPF_MAP_UPDATE_ELEM', { map_fd: hash, key, value, flags: 1 });
  call('BPF_MAP_UPDATE_ELEM', { map_fd: hash, key, value, flags: 0x99 });
  call('BPF_MAP_LOOKUP_ELEM', { map_fd: hash, key, value: new Uint8Array(8) });
  call('BPF_MAP_LOOKUP_ELEM', { map_fd: hash, key, value: new Uint8Array(8), flags: 4 });
  call('BPF_MAP_LOOKUP_ELEM', { map_fd: hash, key: missing, value: new Uint8Array(8), flags: 0x30 });
  call('BPF_MAP_LOOKUP_ELEM', { map_fd: hash, key: missing, value: new Uint8Array(8), flags: 0x14 });
  call('BPF_MAP_GET_NEXT_KEY', { map_fd: hash, next_key: new Uint8Array(4) });
  call('BPF_MAP_GET_NEXT_KEY', { map_fd: hash, key, next_key: new Uint8Array(4) });
  const keys = bytes(1, 0, 0, 0, 2, 0, 0, 0);
  const values = new Uint8Array(16);
  const batch = { map_fd: hash, keys, values };
  call('BPF_MAP_UPDATE_BATCH', { ...batch, count: 2 });
  call('BPF_MAP_LOOKUP_BATCH', { ...batch, out_batch: new Uint8Array(8), count: 1 });
  call('BPF_MAP_LOOKUP_BATCH', {
    map_fd: hash,
    keys: new Uint8Array(64),
    values: new Uint8Array(128),
    out_batch: new Uint8Array(8),
    count: 8,
  });
  call('BPF_MAP_DELETE_BATCH', { map_fd: hash, keys, count: 2 });
  call('BPF_MAP_LOOKUP_AND_DELETE_BATCH', {
    map_fd: hash,
    keys: new Uint8Array(64),
    values: new Uint8Array(128),
    out_batch: new Uint8Array(8),
    count: 8,
    flags: 1,
  });
  call('BPF_MAP_LOOKUP_AND_DELETE_ELEM', { map_fd: hash, key, value: new Uint8Array(8) });
  call('BPF_MAP_DELETE_ELEM', { map_fd: hash, key });
  call('BPF_MAP_FREEZE', { map_fd: hash });
  call('BPF_MAP_UPDATE_ELEM', { map_fd: hash, key, value });
  call('BPF_MAP_UPDATE_ELEM', { map_fd: -1, key, value });

  call('BPF_MAP_CREATE', { map_type: BPF_MAP_TYPE_RINGBUF, max_entries: 4096, map_name: 'fifteen_letters' });
  const queue = call('BPF_MAP_CREATE', {
    map_type: BpfMapType.BPF_MAP_TYPE_QUEUE,
    value_size: 4,
    max_entries: 1,
  });
  call('BPF_MAP_LOOKUP_BATCH', { map_fd: queue, keys, values, out_batch: new Uint8Array(8), count: 1 });
  const array = { map_type: BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: 8, max_entries: 1 };
  call('BPF_MAP_CREATE', { ...array, map_flags: 0x480, map_name: 'a.rodata' });
  call('BPF_MAP_CREATE', { ...array, map_flags: 4, numa_node: 0 });
  call('BPF_MAP_CREATE', { ...array, map_flags: 4, numa_node: -1 });
  call('BPF_MAP_CREATE', { ...array, map_flags: 0x40000001 });
  call('BPF_MAP_CREATE', { ...array, map_flags: 0x80000000 });
  call('BPF_MAP_CREATE', { ...array, map_type: 19 });
  call('BPF_MAP_CREATE', { ...array, map_type: 99 });
  call('BPF_MAP_CREATE', { ...array, map_type: BpfMapType.BPF_MAP_TYPE_CGRP_STORAGE, map_extra: 4096n });
  call('BPF_MAP_CREATE', { ...array, map_token_fd: 77 });
  call('BPF_MAP_CREATE', { ...array, btf_fd: 12345, btf_key_type_id: 1, btf_value_type_id: 2 });
  // Every size that an older kernel's struct could have.
  const schema = bpfAttr.map_create[0];
  for (const { offset, size } of schema.fields) {
    const encoded = schema.encode({ ...array, map_name: 'a\tb"c\\\u0001' + '7é' });
    sys.bpf(BpfCmd.BPF_MAP_CREATE, encoded, offset + size);
  }
}

function programs(): void {
  const sections = parseElf(fixtureBytes('minimal')).sections;
  const btf = sections.find(section => section.name === '.BTF')!.data;
  const btfFd = call('BPF_BTF_LOAD', { btf, btf_size: btf.length });
  call('BPF_BTF_LOAD', { btf: btf.slice(0, 20), btf_size: 20 });
  call('BPF_BTF_LOAD', {
    btf: btf.slice(0, 32),
    btf_size: 32,
    btf_log_buf: new Uint8Array(1024),
    btf_log_size: 1024,
    btf_log_level: 1,
  });
  call('BPF_BTF_LOAD', { btf, btf_size: btf.length, btf_flags: 0x40 });

  const load = { insns: returnZero, insn_cnt: 2, license: 'GPL' };
  const { BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_TRACEPOINT } = BpfProgType;
  const filter = call('BPF_PROG_LOAD', { ...load, prog_type: BPF_PROG_TYPE_SOCKET_FILTER });
  call('BPF_PROG_LOAD', {
    ...load,
    prog_type: BPF_PROG_TYPE_TRACEPOINT,
    prog_name: 'handle_tp',
    prog_flags: 3,
    kern_version: 0x06122c,
    prog_btf_fd: btfFd,
  });
  call('BPF_PROG_LOAD', {
    ...load,
    prog_type: BPF_PROG_TYPE_SOCKET_FILTER,
    insns: insns([0xb7, 0, 0, 0]),
    insn_cnt: 1,
    log_level: 1,
    log_size: 4096,
    log_buf: new Uint8Array(4096),
  });
  call('BPF_PROG_LOAD', {
    ...load,
    prog_type: BPF_PROG_TYPE_SOCKET_FILTER,
    insns: everyForm,
    insn_cnt: everyForm.length / 8,
    license: 'a licence of exactly 32 letters!',
    log_level: 1,
    log_size: 256,
    log_buf: new TextEncoder().encode('what was there before\n\0'.padEnd(256, 'x')),
  });
  call('BPF_PROG_LOAD', {
    ...load,
    prog_type: 99,
    license: 'a licence longer than what strace prints of it',
  });
  call('BPF_PROG_LOAD', {
    ...load,
    prog_type: BpfProgType.BPF_PROG_TYPE_NETFILTER,
    expected_attach_type: 45,
  });
  call('BPF_PROG_LOAD', {
    ...load,
    prog_type: 1,
    expected_attach_type: 43,
    prog_flags: 0x20,
    license: '',
    fd_array: bytes(0, 0, 0, 0),
    prog_token_fd: 5,
  });
  const schema = bpfAttr.prog_load[0];
  for (const { offset, size } of schema.fields.slice(4))
    sys.bpf(BpfCmd.BPF_PROG_LOAD, schema.encode({ prog_type: 1, insn_cnt: 2 }), offset + size);

  const data = new Uint8Array(64);
  call('BPF_PROG_TEST_RUN', { prog_fd: filter, data_in: data, data_size_in: 64, repeat: 1 });
  call('BPF_PROG_TEST_RUN', {
    prog_fd: filter,
    data_in: data,
    data_size_in: 64,
    data_out: new Uint8Array(64),
    data_size_out: 64,
    flags: 6,
    batch_size: 9,
  });
  call('BPF_PROG_BIND_MAP', { prog_fd: filter, map_fd: -1 });
  const array = call('BPF_MAP_CREATE', { map_type: 2, key_size: 4, value_size: 8, max_entries: 1 });
  call('BPF_PROG_BIND_MAP', { prog_fd: filter, map_fd: array });
}

function objects(): void {
  const fd = call('BPF_MAP_CREATE', { map_type: 2, key_size: 4, value_size: 8, max_entries: 1 });
  const filter = call('BPF_PROG_LOAD', { prog_type: 1, insns: returnZero, insn_cnt: 2, license: 'GPL' });
  call('BPF_OBJ_GET_INFO_BY_FD', { bpf_fd: fd, info: new Uint8Array(104), info_len: 104 });
  call('BPF_OBJ_GET_INFO_BY_FD', { bpf_fd: fd, info: new Uint8Array(512), info_len: 512 });
  call('BPF_OBJ_GET_INFO_BY_FD', { bpf_fd: -1, info: new Uint8Array(80), info_len: 80 });
  for (const kind of ['PROG', 'MAP', 'BTF', 'LINK'] as const) {
    call(`BPF_${kind}_GET_NEXT_ID`, { start_id: 0 });
    call(`BPF_${kind}_GET_NEXT_ID`, { start_id: 0xfffffff0, open_flags: 8 });
    call(`BPF_${kind}_GET_FD_BY_ID`, { [`${kind.toLowerCase()}_id`]: 0xfffffff0 });
    call(`BPF_${kind}_GET_FD_BY_ID`, { [`${kind.toLowerCase()}_id`]: 0xfffffff0, open_flags: 0x18 });
  }
  const mount = sys.mountDetached('bpf');
  const pathname = `/proc/self/fd/${mount}/a_name_so_long_that_strace_would_cut_it_in_a_string`;
  call('BPF_OBJ_PIN', { pathname, bpf_fd: fd });
  call('BPF_OBJ_GET', { pathname });
  call('BPF_OBJ_GET', { pathname, file_flags: 8 });
  call('BPF_OBJ_GET', { pathname: '/nowhere', file_flags: 0x30 });
  call('BPF_TOKEN_CREATE', { bpffs_fd: mount });
  sys.close(mount);
  const cgroup = openSync('/sys/fs/cgroup', 'r');
  const query = { target_fd: cgroup, attach_type: BpfAttachType.BPF_CGROUP_DEVICE };
  call('BPF_PROG_QUERY', query);
  call('BPF_PROG_QUERY', { ...query, query_flags: 1, prog_ids: new Uint8Array(64), prog_cnt: 16 });
  call('BPF_PROG_QUERY', { target_fd: -1, attach_type: 6, prog_ids: new Uint8Array(64), prog_cnt: 16 });
  closeSync(cgroup);
  const attach = { target_fd: -1, attach_bpf_fd: filter, attach_type: BpfAttachType.BPF_CGROUP_DEVICE };
  call('BPF_PROG_ATTACH', attach);
  call('BPF_PROG_ATTACH', { ...attach, attach_flags: 0x4f, replace_bpf_fd: -1 });
  call('BPF_PROG_ATTACH', { ...attach, expected_revision: 1n });
  call('BPF_PROG_DETACH', { target_fd: -1, attach_type: 99 });
  const raw = call('BPF_PROG_LOAD', {
    prog_type: BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT,
    insns: returnZero,
    insn_cnt: 2,
    license: 'GPL',
  });
  call('BPF_RAW_TRACEPOINT_OPEN', { name: 'a_tracepoint_that_there_is_not_anywhere', prog_fd: raw });
  const rawLink = call('BPF_RAW_TRACEPOINT_OPEN', { name: 'sched_process_fork', prog_fd: raw });
  for (const [fd, length] of [
    [rawLink, 64],
    [rawLink, 4],
    [rawLink, 0],
    [filter, 64],
  ] as const)
    call('BPF_TASK_FD_QUERY', { pid: process.pid, fd, buf: new Uint8Array(64).fill(65), buf_len: length });
  call('BPF_ENABLE_STATS', { type: 0 });
  call('BPF_ITER_CREATE', { link_fd: fd });
  call('BPF_LINK_DETACH', { link_fd: fd });
  call('BPF_LINK_UPDATE', { link_fd: fd, new_prog_fd: filter });
  call('BPF_LINK_UPDATE', { link_fd: -1, new_prog_fd: -1, flags: 4, old_prog_fd: 3 });
  links(filter);
}

function links(prog_fd: number): void {
  const link = (attach_type: number, rest: AttrRecord = {}): number =>
    call('BPF_LINK_CREATE', { prog_fd, target_fd: -1, attach_type, ...rest });
  link(BpfAttachType.BPF_CGROUP_INET_INGRESS);
  link(BpfAttachType.BPF_CGROUP_INET_INGRESS, { target_btf_id: 7 });
  link(BpfAttachType.BPF_CGROUP_INET_EGRESS, { flags: 0x1f });
  link(BpfAttachType.BPF_TRACE_ITER, { iter_info: 0n, iter_info_len: 0 });
  link(BpfAttachType.BPF_PERF_EVENT, { perf_event: {} });
  link(BpfAttachType.BPF_PERF_EVENT, { perf_event: { bpf_cookie: 0x2a } });
  link(BpfAttachType.BPF_TRACE_KPROBE_MULTI, {
    kprobe_multi: { flags: 1, cnt: 2, cookies: new Uint8Array(16).fill(1) },
  });
  link(BpfAttachType.BPF_TRACE_KPROBE_MULTI, {
    kprobe_multi: { flags: 2, cnt: 0, cookies: new Uint8Array(8) },
  });
  link(BpfAttachType.BPF_TRACE_UPROBE_MULTI, { uprobe_multi: { cnt: 1, pid: 1 } });
  link(BpfAttachType.BPF_NETFILTER, { netfilter: { pf: 2, priority: -1 } });
  link(99);
}

function events(): void {
  const { size } = perfEventAttr;
  for (const attr of [
    { type: 1, config: 10, sample_type: 1024, sample_period: 1, wakeup_events: 1 },
    { type: 2, config: 1 },
    { type: 0, config: 0, sample_freq: 99, disabled_bits: 0x401 },
    { type: 0, config: 0x500000003n },
    { type: 3, config: 0x10101 },
    { type: 3, config: 0x7_00_09_09_0fn },
    { type: 4, config: 0x1a8 },
    { type: 5, bp_type: 3, bp_addr: 0x1000, bp_len: 4 },
    { type: 5, bp_type: 7, bp_addr: 0x1000, bp_len: 4 },
    { type: 99, config: 3, config1: 5 },
    { type: 1, config: 99, sample_type: 0x3fff_ffff, read_format: 0x7f, disabled_bits: 2n ** 38n - 1n },
    { type: 1, config: 0, disabled_bits: 0xffff_ffff_ffff_ffffn, branch_sample_type: 0xfffff, clockid: 1 },
    { type: 1, config: 0, disabled_bits: 1n << 25n, clockid: 77, aux_sample_size: 5, sig_data: 6 },
  ]) {
    perfEventOpen(sys, attr, 0, -1, -1);
    for (const given of [0, 64, 72, 80, 96, 104, 120, 128, 136]) {
      const encoded = perfEventAttr.encode({ ...attr, size: given });
      const whole = new Uint8Array(Math.max(size, given));
      whole.set(encoded);
      sys.perfEventOpen(whole, -1, 0, -1, 15);
    }
  }
  // The kernel answers E2BIG and writes the size it knows.
  const tooLong = new Uint8Array(4096).fill(1, 2048);
  tooLong.set(perfEventAttr.encode({ type: 1, size: 4096 }));
  sys.perfEventOpen(tooLong, 0, -1, -1, 0);
  const output = perfEventOpen(sys, { type: 1, config: 10, sample_type: 1024, sample_period: 1 }, -1, 0, -1);
  sys.ioctl(output, PERF_EVENT_IOC_ENABLE, 0);
  sys.ioctl(output, PERF_EVENT_IOC_ENABLE, 1);
  sys.ioctl(output, PERF_EVENT_IOC_DISABLE, 0);
  sys.ioctl(output, PERF_EVENT_IOC_DISABLE, 3);
  sys.ioctl(output, PERF_EVENT_IOC_SET_BPF, -1);
  for (const request of [0x2402, 0x2403, 0x2405]) sys.ioctl(output, request, 0);
  sys.ioctl(output, 0x40042409, 1);
  const mapping = sys.mmap(output, 8192, 3, 1, 0);
  if (typeof mapping !== 'number') mapping.close();
  sys.mmap(-1, 4096, 1, 2, 4096);
}

function other(): void {
  sys.mountDetached('a file system that does not exist');
  sys.setMemlock(8n << 20n);
  const opened = sys.openToAppend('/dev/null');
  sys.write(opened, new TextEncoder().encode('p:a/b vfs_rmdir+0\n'));
  sys.write(opened, new Uint8Array(40).fill(65));
  sys.close(opened);
  sys.openToAppend('/a/path/that/is/longer/than/thirty-two/characters');
  sys.close(sys.pidfdOpen(process.pid));
  sys.pidfdOpen(0);
  sys.close(-1);
}

function sockets(): void {
  const netlink = sys.socket(16, 3 | 0o2000000, 0);
  sys.setsockopt(netlink, 270, 11, bytes(1, 0, 0, 0));
  sys.setsockopt(netlink, 270, 12, bytes(1, 0, 0, 0));
  sys.setsockopt(netlink, 270, 99, bytes(1, 0, 0, 0));
  const packets = sys.socket(2, 2 | 0o2004000, 17);
  for (const option of [27, 50, 52, 68, 99]) {
    sys.setsockopt(packets, 1, option, bytes(255, 255, 255, 255));
    if (![27, 68].includes(option)) sys.setsockopt(packets, 1, option, bytes(7, 0, 0, 0, 1));
  }
  sys.setsockopt(packets, 77, 1, bytes(255, 255, 255, 255));
  sys.send(packets, new Uint8Array(40).fill(65));
  sys.receive(packets, new Uint8Array(100), 0x62);
  sys.receive(packets, new Uint8Array(100), 0x40);
  for (const type of [1, 2, 3, 5, 9]) sys.close(sys.socket(1, type, 0));
  for (const domain of [10, 99]) sys.close(sys.socket(domain, 3, 0));
  sys.socket(16, 3, 99);
  sys.close(netlink);
  sys.close(packets);
}
