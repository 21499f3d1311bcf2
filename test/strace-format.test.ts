import t from 'tap';
import { attrOfCmd, BpfAttachType, BpfCmd, BpfMapType, BpfProgType } from '../src/abi/index.js';
import {
  type AttrRecord,
  bpf,
  FakeSys,
  type FormatOptions,
  formatBpf,
  formatSyscall,
  type SyscallEvent,
  subscribeSyscalls,
  traced,
} from '../src/syscall/index.js';

/** How a call on a fake kernel is printed; `answer` is the kernel's. */
function trace(
  cmd: keyof typeof BpfCmd,
  record: AttrRecord,
  options: FormatOptions = {},
  answer: Parameters<FakeSys['answer']>[1] = 0,
): string {
  const sys = new FakeSys();
  sys.answer(BpfCmd[cmd], answer);
  const events: SyscallEvent[] = [];
  const stop = subscribeSyscalls(event => events.push(event));
  bpf(traced(sys), BpfCmd[cmd], record);
  stop();
  return formatSyscall(events[0]!, options);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

t.test('strings', async t => {
  const name = (bytes: Uint8Array, stringLimit?: number): string =>
    /name=(".*"(?:\.\.\.)?), prog_fd/.exec(
      trace('BPF_RAW_TRACEPOINT_OPEN', { name: bytes }, stringLimit === undefined ? {} : { stringLimit }),
    )![1]!;
  t.equal(name(text('sys_enter\0')), '"sys_enter"');
  t.equal(name(text('a\tb\n\v\f\r"\\é\0')), String.raw`"a\tb\n\v\f\r\"\\\303\251"`);
  t.equal(
    name(Uint8Array.of(1, 0x37, 1, 0x38, 0x7f, 0)),
    String.raw`"\0017\18\177"`,
    'octal as short as the next byte lets it be',
  );
  t.equal(name(text(`${'x'.repeat(32)}\0`)), `"${'x'.repeat(32)}"`, '32 bytes and the end');
  t.equal(name(text(`${'x'.repeat(33)}\0`)), `"${'x'.repeat(32)}"...`);
  t.equal(name(text('no end')), '"no end"...');
  t.equal(name(text('sys_enter\0'), 3), '"sys"...');
  t.equal(name(text('\0')), '""');
});

t.test('results', async t => {
  t.match(trace('BPF_MAP_FREEZE', { map_fd: 6 }), 'bpf(BPF_MAP_FREEZE, {map_fd=6}, 4)      = 0');
  t.equal(trace('BPF_MAP_FREEZE', { map_fd: 6 }, { column: 0 }), 'bpf(BPF_MAP_FREEZE, {map_fd=6}, 4) = 0');
  t.match(trace('BPF_MAP_FREEZE', {}, {}, -16), / = -1 EBUSY \(Device or resource busy\)$/);
  t.match(
    trace('BPF_MAP_FREEZE', {}, {}, -524),
    / = -1 ENOTSUPP \(Unknown error 524\)$/,
    'the words of strerror',
  );
});

t.test('what is newer than strace 6.1 is named when teaching', async t => {
  const arena = { map_type: BpfMapType.BPF_MAP_TYPE_ARENA, map_flags: 0x2400, map_token_fd: 7 };
  t.match(trace('BPF_MAP_CREATE', arena), '{map_type=0x21 /* BPF_MAP_TYPE_??? */,');
  t.match(trace('BPF_MAP_CREATE', arena), 'map_flags=BPF_F_MMAPABLE|0x2000,');
  t.match(trace('BPF_MAP_CREATE', arena), 'map_extra=0, ...}, 80)');
  const taught = trace('BPF_MAP_CREATE', arena, { teach: true });
  t.match(taught, '{map_type=BPF_MAP_TYPE_ARENA,');
  t.match(taught, 'map_flags=BPF_F_MMAPABLE|BPF_F_LINK,');
  t.match(taught, 'map_extra=0, value_type_btf_obj_fd=0, map_token_fd=7}, 80)');
  const tcx = {
    prog_fd: 3,
    target_fd: 2,
    attach_type: BpfAttachType.BPF_TCX_INGRESS,
    tcx: { expected_revision: 5n },
  };
  t.match(
    trace('BPF_LINK_CREATE', tcx),
    '{link_create={prog_fd=3, target_fd=2, attach_type=0x2e /* BPF_??? */, flags=0}, ...}, 32)',
  );
  t.match(
    trace('BPF_LINK_CREATE', tcx, { teach: true }),
    'attach_type=BPF_TCX_INGRESS, flags=0, tcx={relative_fd=0, expected_revision=5}}}, 32)',
  );
  t.match(
    trace('BPF_MAP_CREATE', { ...arena, map_token_fd: 0x0102 }, { verbose: true }),
    String.raw`extra_data="\x00\x00\x00\x00\x02\x01\x00\x00" /* bytes 72..79 */}`,
  );
});

t.test('keys, values and answers are shown when teaching', async t => {
  const element = { map_fd: 3, key: Uint8Array.of(1, 0, 0, 0), value: new Uint8Array(2) };
  const lookup = (options: FormatOptions, result: number): string =>
    trace('BPF_MAP_LOOKUP_ELEM', element, options, (attr, memory) => {
      memory(attr['value']).set([7, 8]);
      return result;
    });
  t.match(lookup({}, 0), /key=0x\w+, value=0x\w+, flags=BPF_ANY/);
  t.match(lookup({ teach: true }, 0), String.raw`key="\1\0\0\0", value="\7\10", flags=BPF_ANY`);
  t.match(lookup({ teach: true }, -2), /value=0x\w+, flags/, 'nothing was written');
  t.match(
    trace('BPF_MAP_UPDATE_ELEM', { ...element, value: Uint8Array.of(3) }, { teach: true }),
    String.raw`key="\1\0\0\0", value="\3", flags=BPF_ANY`,
  );
});

t.test('the verifier log is shown when teaching', async t => {
  const load = {
    prog_type: BpfProgType.BPF_PROG_TYPE_XDP,
    insns: new Uint8Array(8),
    insn_cnt: 1,
    license: 'GPL',
    log_level: 1,
    log_size: 64,
    log_buf: new Uint8Array(64),
  };
  const refuse = (attr: Record<string, unknown>, memory: (address: unknown) => Uint8Array): number => {
    memory(attr['log_buf']).set(text('0: (00) bad\nprocessed 1 insns\n'));
    return -22;
  };
  t.match(trace('BPF_PROG_LOAD', load, {}, refuse), /log_buf="", .* = -1 EINVAL \(Invalid argument\)$/);
  t.match(
    trace('BPF_PROG_LOAD', load, { teach: true }, refuse),
    /EINVAL \(Invalid argument\)\n {4}\| 0: \(00\) bad\n {4}\| processed 1 insns$/,
  );
});

t.test('a planned call has names for fds, and memory for pointers', async t => {
  const insns = new Uint8Array(24);
  insns.set([0x18, 0x11], 0);
  insns.set([0x95], 16);
  const attr = {
    prog_type: 5,
    insns: { bytes: insns, fixups: [{ index: 0, ref: { fd: 'map:start' } }] },
    insn_cnt: 3,
    license: 'GPL',
    prog_btf_fd: { fd: 'btf' },
    func_info: new Uint8Array(8),
    func_info_cnt: 1,
    line_info: new Uint8Array(32),
    line_info_cnt: 2,
  };
  const load = formatBpf({ cmd: BpfCmd.BPF_PROG_LOAD, attr });
  t.match(load, 'insn_cnt=3, insns=<3 insns>, license="GPL"');
  t.match(load, 'prog_btf_fd=<btf>, func_info_rec_size=0, func_info=<1 record>, func_info_cnt=1');
  t.match(load, 'line_info=<2 records>');
  t.match(load, /}, 128\)$/, 'no result');
  t.match(
    formatBpf({ cmd: BpfCmd.BPF_PROG_LOAD, attr }, { verbose: true }),
    'insns=[{code=BPF_LD|BPF_DW|BPF_IMM, dst_reg=BPF_REG_1, src_reg=BPF_REG_1, off=0, imm=<map:start>}, ',
  );
  t.equal(
    formatBpf({
      cmd: BpfCmd.BPF_MAP_UPDATE_ELEM,
      attr: { map_fd: { fd: 'map:outer' }, key: new Uint8Array(4), value: { pointsTo: { fd: 'map:inner' } } },
      makes: undefined,
    }),
    String.raw`bpf(BPF_MAP_UPDATE_ELEM, {map_fd=<map:outer>, key="\0\0\0\0", value=[<map:inner>], flags=BPF_ANY}, 32) = 0`,
  );
  t.match(
    formatBpf({ cmd: BpfCmd.BPF_MAP_CREATE, attr: { map_type: 1, map_name: 'start' }, makes: 'map:start' }),
    /map_name="start", .*}, 72\) = <map:start>$/,
  );
  const link = { prog_fd: { fd: 'prog:p' }, attach_type: 41, perf_event: { bpf_cookie: 42 } };
  t.match(
    formatBpf({ cmd: BpfCmd.BPF_LINK_CREATE, attr: link }),
    '{link_create={prog_fd=<prog:p>, target_fd=0, attach_type=BPF_PERF_EVENT, flags=0, perf_event={bpf_cookie=0x2a}}}, 24)',
  );
});

t.test('every command has a layout, and one that there is not is printed as bytes', async t => {
  for (const cmd of Object.keys(attrOfCmd) as (keyof typeof attrOfCmd)[])
    for (const teach of [false, true])
      for (const verbose of [false, true])
        t.match(
          formatBpf({ cmd: BpfCmd[cmd], attr: {} }, { teach, verbose }),
          new RegExp(`^bpf\\(${cmd}, \\{\\w+=.*\\}, \\d+\\)$`),
          cmd,
        );
  const sys = traced(new FakeSys());
  const lines: string[] = [];
  const stop = subscribeSyscalls(event => lines.push(formatSyscall(event, { column: 0 })));
  sys.bpf(999, Uint8Array.of(1, 2, 3), 2);
  stop();
  t.same(lines, [String.raw`bpf(0x3e7 /* BPF_??? */, "\x01\x02", 2) = -1 EINVAL (Invalid argument)`]);
});

t.test('link types print their own fields when teaching', async t => {
  for (const [attachType, member] of [
    ['BPF_TRACE_RAW_TP', { tracing: { cookie: 9n } }],
    ['BPF_NETFILTER', { netfilter: { priority: -1 } }],
    [
      'BPF_TRACE_UPROBE_MULTI',
      { uprobe_multi: { path: '/bin/sh', cnt: 1, offsets: new Uint8Array(8).fill(1) } },
    ],
    ['BPF_NETKIT_PEER', { netkit: { relative_fd: 4 } }],
    ['BPF_CGROUP_DEVICE', { cgroup: { relative_fd: 4 } }],
  ] as const) {
    const attr = { prog_fd: 3, attach_type: BpfAttachType[attachType], ...member };
    const line = formatBpf({ cmd: BpfCmd.BPF_LINK_CREATE, attr });
    t.match(line, `attach_type=${attachType}, flags=0, ${Object.keys(member)[0]}={`);
    t.notMatch(line, '...');
  }
  const kprobe = { flags: 1, cnt: 2, cookies: new Uint8Array(new BigUint64Array([1n, 0x2an]).buffer) };
  t.match(
    formatBpf({
      cmd: BpfCmd.BPF_LINK_CREATE,
      attr: { prog_fd: 3, attach_type: BpfAttachType.BPF_TRACE_KPROBE_MULTI, kprobe_multi: kprobe },
    }),
    'kprobe_multi={flags=BPF_F_KPROBE_MULTI_RETURN, cnt=2, syms=NULL, addrs=NULL, cookies=[0x1, 0x2a]}',
  );
});
