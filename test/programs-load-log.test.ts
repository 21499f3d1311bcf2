import t from 'tap';
import { bpfAttr } from '../src/abi/index.js';
import { loadWithLog } from '../src/programs/load-with-log.js';
import { Errno, FakeSys } from '../src/syscall/index.js';

const schema = bpfAttr.prog_load[0];
const encoder = new TextEncoder();

interface Verifier {
  /** What it would write; of LEVEL1 or of statistics alone. */
  readonly log: string;
  readonly complaint: string;
  /** Its answer when the log fits. */
  readonly errno: number;
  /** Tells the size of the log, and keeps its end (Linux 6.4). */
  readonly tells: boolean;
  /** The largest buffer that it takes. */
  readonly largest?: number;
}

/** A kernel whose verifier answers so; `asked` are the log levels and sizes that it was asked for. */
function kernelOf({ log, complaint, errno, tells, largest = 0x3fff_ffff }: Verifier): {
  sys: FakeSys;
  asked: [level: number, size: number][];
} {
  const sys = new FakeSys();
  const asked: [number, number][] = [];
  sys.bpf = (_cmd, attr, size, pointed = []) => {
    const record = schema.decode(attr.subarray(0, size));
    const [level, room] = [Number(record['log_level']), Number(record['log_size'])];
    asked.push([level, room]);
    if (room > largest) return -Errno.EINVAL;
    const done = errno === 0 ? sys.kernel.open({ kind: 'perf event' }) : -errno;
    if (level === 0) return done;
    const text = encoder.encode(`${level === 4 ? complaint : log + complaint}\0`);
    const buffer = pointed.find(({ address }) => address === record['log_buf'])?.bytes ?? new Uint8Array();
    const fits = text.length <= room;
    buffer.set(fits ? text : tells ? text.subarray(text.length - room) : [...text.subarray(0, room - 1), 0]);
    if (tells) attr.set(schema.encode({ ...record, log_true_size: text.length }).subarray(0, size));
    if (fits) return done;
    if (done >= 0) sys.close(done);
    return -Errno.ENOSPC;
  };
  return { sys, asked };
}

const attr = { prog_type: 1, insn_cnt: 1, insns: new Uint8Array(8), license: 'GPL' };
const line = '0: (b7) r0 = 0\n';
const complaint = 'R0 !read_ok\n';

t.test('a kernel that tells the size of its log is asked once more', async t => {
  const log = line.repeat(10_000);
  const { sys, asked } = kernelOf({ log, complaint, errno: 13, tells: true });
  t.same(loadWithLog(sys, attr), { errno: 13, log: log + complaint, truncated: false });
  t.same(asked, [
    [0, 0],
    [1, 0x1_0000],
    [1, log.length + complaint.length + 1],
  ]);
});

t.test('one that does not tell is given larger buffers', async t => {
  const log = line.repeat(10_000);
  const { sys, asked } = kernelOf({ log, complaint, errno: 13, tells: false });
  t.same(loadWithLog(sys, attr), { errno: 13, log: log + complaint, truncated: false });
  t.same(
    asked.map(([, size]) => size),
    [0, 0x1_0000, 0x10_0000],
  );
});

t.test('of a very long log the end is enough, where the kernel keeps it', async t => {
  const log = line.repeat(1_150_000);
  const { sys, asked } = kernelOf({ log, complaint, errno: 13, tells: true });
  const said = loadWithLog(sys, attr);
  t.match(said, { errno: 13, truncated: true, log: /R0 !read_ok\n$/ });
  t.same(
    asked.map(([level]) => level),
    [0, 1, 4],
  );
});

t.test('a log that ends before the complaint is given the complaint', async t => {
  const log = line.repeat(1_150_000);
  const { sys, asked } = kernelOf({ log, complaint, errno: 13, tells: false, largest: 0xff_ffff });
  const said = loadWithLog(sys, attr);
  t.match(said, { errno: 13, truncated: true });
  t.ok('log' in said && said.log?.startsWith(line) && said.log.endsWith(`\n${complaint}`));
  t.same(
    asked.map(([level, size]) => [level, size]),
    [
      [0, 0],
      [1, 0x1_0000],
      [1, 0x10_0000],
      [1, 0xff_ffff],
      [1, 0xfff_ffff],
      [4, 0x1_0000],
    ],
  );
});

t.test('a program with too many paths is asked for the end of its log only', async t => {
  const tooLarge = 'BPF program is too large. Processed 1000001 insn\n';
  const newer = kernelOf({ log: line.repeat(100_000), complaint: tooLarge, errno: Errno.E2BIG, tells: true });
  t.match(loadWithLog(newer.sys, attr), { errno: Errno.E2BIG, truncated: true, log: /too large/ });
  t.same(
    newer.asked.map(([level]) => level),
    [0, 4, 1],
  );
  const older = kernelOf({ log: line, complaint: tooLarge, errno: Errno.E2BIG, tells: false });
  t.same(loadWithLog(older.sys, attr), { errno: Errno.E2BIG, truncated: true, log: tooLarge });
  t.same(
    older.asked.map(([level]) => level),
    [0, 4],
  );
});

t.test('a log level that was asked for does not keep a good program out', async t => {
  for (const tells of [true, false]) {
    const { sys } = kernelOf({
      log: line.repeat(1_150_000),
      complaint: '',
      errno: 0,
      tells,
      largest: 0xff_ffff,
    });
    const loaded = loadWithLog(sys, attr, 2);
    t.ok(
      'fd' in loaded && loaded.log?.includes(line),
      `${tells ? 'the end' : 'the beginning'} of a log too long`,
    );
    t.equal(sys.openFds.length, 1, 'loaded once');
  }
  const { sys, asked } = kernelOf({ log: line, complaint: '', errno: 0, tells: true });
  t.match(loadWithLog(sys, attr, 2), { log: line });
  t.same(asked, [[2, 0x1_0000]]);
});

t.test('a load that a signal interrupts is tried again, five times', async t => {
  const { sys, asked } = kernelOf({ log: '', complaint: '', errno: Errno.EAGAIN, tells: true });
  t.match(loadWithLog(sys, attr), { errno: Errno.EAGAIN });
  t.equal(asked.filter(([level]) => level === 0).length, 5);
});
