import t, { type Test } from 'tap';
import { BpfError, BpfObject, Kernel, liveSys, type Program, UnsupportedFeatureError } from '../src/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { runningKernel, sectionRow } from './section-row.js';
import { deniesPatching } from './vendor-kernel.js';

/** Ethernet and the beginning of an IPv4 header. */
const packet = (length = 64): Uint8Array => {
  const bytes = new Uint8Array(Math.max(length, 15));
  bytes.set([8, 0, 0x45], 12);
  return bytes.slice(0, length);
};

/** Loads one program of the object and gives it to `use`; where this kernel is older than `since`, the error has to say so. */
function withProgram(
  t: Test,
  name: string,
  since: string,
  use: (program: Program, obj: BpfObject) => void,
): void {
  if (!needs(t, { bpf: true })) return;
  try {
    using obj = BpfObject.open(fixture('test-run')).load({ programs: [name] });
    use(obj.program(name), obj);
  } catch (error) {
    if (!(error instanceof UnsupportedFeatureError && isOlder(since))) throw error;
    t.equal(error.since, since, error.message);
  }
}

function isOlder(since: string): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = [...runningKernel().split('.'), ...since.split('.')].map(Number);
  return a < c || (a === c && b < d);
}

function thrown(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

t.test('a tc program gets its __sk_buff from an object and gives it back', async t =>
  withProgram(t, 'swap_mark', '4.12', program => {
    const { returnValue, context, data } = program.testRun({ data: packet(), context: { mark: 7 } });
    t.equal(returnValue, 7);
    t.match(context, { mark: 8, cb: [64, 0, 0, 0, 0] });
    t.same(data, packet());
    const bytes = program.testRun({
      data: packet(),
      context: Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0]),
    });
    t.equal(bytes.returnValue, 9, 'a context as bytes, shorter than the struct');
    t.same((bytes.context as Uint8Array).slice(8, 12), [10, 0, 0, 0]);
    const plain = program.testRun({ data: packet(), repeat: 1000 });
    t.equal(plain.context, undefined);
    t.ok(plain.durationNs < 1e6);
  }),
);

t.test('a packet that grows comes back whole', async t =>
  withProgram(t, 'lengthen', '4.12', program => {
    const { returnValue, data } = program.testRun({ data: packet(60) });
    t.equal(returnValue, 0);
    t.equal(data.length, 2060);
    t.same(data.slice(0, 60), packet(60));
  }),
);

t.test('an XDP program gets its xdp_md, with the end of the packet filled in', async t =>
  withProgram(t, 'move_head', '5.15', program => {
    const plain = program.testRun({ data: packet() });
    t.equal(plain.returnValue, 2, 'XDP_PASS');
    t.equal(plain.data.length, 68);
    const meta = Uint8Array.from([1, 2, 3, 4, ...packet()]);
    const { returnValue, context } = program.testRun({ data: meta, context: { data: 4 } });
    t.equal(returnValue, 3, 'XDP_TX: the first 4 bytes were metadata');
    t.match(context, { data_meta: 0, data: 4, data_end: 72 });
    t.match(
      thrown(() => program.testRun({ data: meta, context: { data: 3 } })),
      { message: /in struct xdp_md data_meta is 0/ },
    );
  }),
);

t.test('live frames are sent on, in batches', async t =>
  withProgram(t, 'drop', '5.18', (program, obj) => {
    const { data, durationNs } = program.testRun({
      data: packet(),
      liveFrames: true,
      repeat: 1000,
      batchSize: 32,
    });
    t.equal(data.length, 0);
    t.ok(durationNs >= 0);
    t.equal(obj.globals['frames'], 1000);
  }),
);

t.test('a raw tracepoint gets arguments, on the CPU that is named', async t =>
  withProgram(t, 'add_args', '5.10', (program, obj) => {
    t.equal(program.testRun({ context: [40, 2n] }).returnValue, 42);
    t.equal(program.testRun({ context: [1, -2], cpu: 0 }).returnValue, 0xffff_ffff);
    t.equal(obj.globals['last_cpu'], 0);
    t.match(
      thrown(() => program.testRun({ context: [1, 2], cpu: 4000 })),
      { message: /CPU 4000 is not online/ },
    );
    t.match(
      thrown(() => program.testRun({ context: [1] })),
      { message: /the context is not what the program reads/ },
    );
    t.match(
      thrown(() => program.testRun({ context: [1, 2], data: packet() })),
      { message: /raw_tracepoint programs take no packet/ },
    );
  }),
);

t.test('a socket lookup gets its bpf_sk_lookup', async t =>
  withProgram(t, 'by_port', '5.14', program => {
    const context = { family: 2, protocol: 6, local_port: 7007 };
    t.equal(program.testRun({ context }).returnValue, 1);
    const other = program.testRun({ context: { ...context, local_port: 1 }, repeat: 3 });
    t.equal(other.returnValue, 0);
    t.match(other.context, { local_port: 1 });
  }),
);

t.test('a flow dissector gives its bpf_flow_keys', async t =>
  withProgram(t, 'dissect', '5.0', program => {
    const { returnValue, data } = program.testRun({ data: packet(), context: { flags: 0 } });
    t.equal(returnValue, isOlder('5.18') ? 1 : 0, 'BPF_OK, which older kernels turned into true');
    t.equal(data[9], 17, 'ip_proto');
  }),
);

t.test('a syscall program fills the struct that it declares', async t =>
  sectionRow(t, ['syscall'], t => {
    using obj = BpfObject.open(fixture('test-run')).load({ programs: ['add'] });
    const program = obj.program('add');
    const { returnValue, context } = program.testRun({ context: { a: 0xffff_ffff, b: 2 } });
    t.equal(returnValue, 3);
    t.same(context, { a: 0xffff_ffff, b: 2, sum: 0x1_0000_0001n });
    t.match(
      thrown(() => program.testRun({ context: { c: 1 } })),
      TypeError,
    );
  }),
);

t.test('a cgroup program takes a packet, too', async t =>
  withProgram(t, 'first_cb', '4.12', program => {
    t.equal(program.testRun({ data: packet(), context: { cb: [9, 0, 0, 0, 0] } }).returnValue, 1);
    t.match(
      thrown(() => program.testRun({ data: packet(), context: { len: 9 } })),
      {
        message: /a member set that a caller cannot choose/,
      },
    );
    t.match(
      thrown(() => program.testRun({ data: packet(13) })),
      { message: /at least the 14 bytes of an Ethernet header, this has 13/ },
    );
    t.match(
      thrown(() => program.testRun({ data: packet(), context: [1] })),
      TypeError,
    );
  }),
);

t.test('a type that cannot be run by request is named', async t =>
  withProgram(t, 'no_test_run', '4.13', program => {
    const error = thrown(() => program.testRun({}));
    t.type(error, BpfError);
    t.match(error, {
      message: /program no_test_run: test run: .*no kernel can run sock_ops programs by request/,
    });
    program.close();
    t.match(
      thrown(() => program.testRun({})),
      { code: 'ERR_RAWBPF_STATE' },
    );
  }),
);

t.test('a netfilter program gets its hook', async t =>
  withProgram(t, 'accept', '6.4', program => {
    const context = { hook: 1, pf: 2 };
    t.equal(program.testRun({ data: packet(), context }).returnValue, 1);
    t.match(
      thrown(() => program.testRun({ data: packet(), context: { ...context, in: 1n } })),
      { message: /a member set that a caller cannot choose/ },
    );
  }),
);

t.test('a fentry program runs where it is attached when the kernel calls its test functions', async t => {
  if (!needs(t, { bpf: true })) return;
  if (deniesPatching(Kernel.running(liveSys()))) {
    t.plan(0, 'the vendor of this kernel turned fentry off');
    return;
  }
  withProgram(t, 'on_test', '5.7', (program, obj) => {
    using _link = program.attach();
    t.equal(program.testRun().returnValue, 0);
    t.equal(obj.globals['first_arg'], 1);
  });
});
