import t from 'tap';
import { attrOfCmd, BpfCmd, bpfAttr, hostEndian } from '../src/abi/index.js';
import { type AttrRecord, bpf, bpfInOut, encodeAttr, FakeSys, perfEventOpen } from '../src/syscall/index.js';

const sys = new FakeSys();
const encode = (cmd: keyof typeof BpfCmd, record: AttrRecord) =>
  encodeAttr(buffer => sys.addressOf(buffer), BpfCmd[cmd], record);
const little = hostEndian === 'little';
const word = (bytes: Uint8Array, offset: number): bigint =>
  new DataView(bytes.buffer).getBigUint64(offset, little);

t.test('sizes: what every kernel knows, and beyond it only what is set', async t => {
  const size = (cmd: keyof typeof BpfCmd, record: AttrRecord = {}): number => encode(cmd, record).size;
  t.equal(size('BPF_MAP_CREATE'), 72, 'to map_extra');
  t.equal(size('BPF_MAP_CREATE', { value_type_btf_obj_fd: 3 }), 76);
  t.equal(size('BPF_MAP_CREATE', { map_token_fd: 3 }), 80);
  t.equal(size('BPF_PROG_LOAD'), 128, 'to fd_array');
  t.equal(size('BPF_PROG_LOAD', { prog_token_fd: 3 }), 148);
  t.equal(size('BPF_BTF_LOAD'), 28, 'to btf_log_level');
  t.equal(size('BPF_BTF_LOAD', { btf_token_fd: 3 }), 40);
  t.equal(size('BPF_MAP_FREEZE', { map_fd: 3 }), 4);
  t.equal(size('BPF_MAP_UPDATE_ELEM', { map_fd: 3 }), 32);
  t.equal(size('BPF_LINK_CREATE', { prog_fd: 3 }), 16, 'to flags');
  t.equal(
    size('BPF_LINK_CREATE', { perf_event: { bpf_cookie: 0 } }),
    24,
    'a struct that was given, even of zeros',
  );
  t.equal(size('BPF_RAW_TRACEPOINT_OPEN', { prog_fd: 3 }), 12);
  t.equal(size('BPF_RAW_TRACEPOINT_OPEN', { prog_fd: 3, cookie: 1n }), 24);
  for (const cmd of Object.keys(attrOfCmd) as (keyof typeof attrOfCmd)[]) {
    const { size, bytes } = encode(cmd, {});
    t.ok(size > 0 && size <= bytes.length && bytes.every(byte => byte === 0), cmd);
  }
});

t.test('strings and bytes in 64-bit fields go by pointer', async t => {
  const insns = new Uint8Array(16);
  const { bytes, pointed } = encode('BPF_PROG_LOAD', {
    insns,
    insn_cnt: 2,
    license: 'GPL',
    prog_name: 'hello',
  });
  t.equal(pointed.length, 2);
  t.equal(pointed[0]?.bytes, insns, "the caller's own bytes");
  t.equal(word(bytes, bpfAttr.prog_load[0].offsetOf('insns')), sys.addressOf(insns));
  t.same(pointed[1]?.bytes, new TextEncoder().encode('GPL\0'));
  t.equal(word(bytes, bpfAttr.prog_load[0].offsetOf('license')), pointed[1]?.address);
  const name = bytes.subarray(bpfAttr.prog_load[0].offsetOf('prog_name'));
  t.same(name.subarray(0, 16), new TextEncoder().encode('hello'.padEnd(16, '\0')));
  t.equal(word(encode('BPF_BTF_LOAD', { btf: new Uint8Array(0) }).bytes, 0), 0n, 'empty bytes are NULL');
});

t.test('pointers inside nested structs', async t => {
  const cookies = new Uint8Array(16);
  const { bytes, pointed } = encode('BPF_LINK_CREATE', { kprobe_multi: { cnt: 2, cookies } });
  t.equal(pointed[0]?.bytes, cookies);
  t.equal(word(bytes, 16 + 24), sys.addressOf(cookies));
});

t.test('records that do not fit', async t => {
  t.throws(() => encode('BPF_MAP_CREATE', { colour: 1 }), /^BPF_MAP_CREATE has no field colour$/);
  t.throws(() => encode('BPF_LINK_CREATE', { perf_event: {}, netfilter: {} }), /share their place/);
  t.throws(() => encode('BPF_MAP_CREATE', { key_size: 2 ** 32 }), /key_size/);
  t.throws(() => encode('BPF_MAP_CREATE', { map_name: 3 }), /map_name/);
  t.throws(() => encodeAttr(() => 0n, 999, {}), /no bpf command 999/);
});

t.test('answers in the attr', async t => {
  const sys = new FakeSys();
  const fd = bpf(sys, BpfCmd.BPF_MAP_CREATE, { map_type: 1, key_size: 4, value_size: 4, max_entries: 1 });
  const { result, attr } = bpfInOut(sys, BpfCmd.BPF_MAP_GET_NEXT_ID, { start_id: 0 });
  t.equal(result, 0);
  t.type(attr['next_id'], 'number');
  t.ok((attr['next_id'] as number) > 0);
  sys.close(fd);
  t.ok(bpfInOut(sys, BpfCmd.BPF_MAP_GET_NEXT_ID, { start_id: 0 }).result < 0);
});

t.test('perf_event_attr is as long as Linux 4.1 knows it', async t => {
  const sys = new FakeSys();
  perfEventOpen(sys, { type: 2, config: 782n }, -1, 0, -1);
  const [call] = sys.calls;
  if (call?.name !== 'perf_event_open') throw new Error('no call');
  t.equal(call.attr.length, 112);
  t.equal(new DataView(call.attr.buffer).getUint32(4, little), 112, 'and says so');
  t.equal(word(call.attr, 8), 782n);
});
