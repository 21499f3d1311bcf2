import { release } from 'node:os';
import t, { type Test } from 'tap';
import { BpfCmd, BpfProgType, hostEndian } from '../../src/abi/index.js';
import { BpfError, createMap, InsnArray, RhashMap } from '../../src/index.js';
import * as i from '../../src/insn/index.js';
import { bpf, liveSys, OwnedFd } from '../../src/syscall/index.js';
import { testRun } from '../test-run.js';

const [major = 0, minor = 0] = release().split('.').map(Number);

/** Loads a raw_tp program, with maps that belong to it beside those in its code. */
function load(
  t: Test,
  insns: Parameters<typeof i.assemble>[0],
  maps: readonly { readonly fd: number }[] = [],
): { readonly fd: number } {
  const bytes = i.assemble(insns, hostEndian);
  const cmd = BpfCmd.BPF_PROG_LOAD;
  const fds = new Uint8Array(Int32Array.from(maps, map => map.fd).buffer);
  const fd = bpf(liveSys(), cmd, {
    prog_type: BpfProgType.BPF_PROG_TYPE_RAW_TRACEPOINT,
    insns: bytes,
    insn_cnt: bytes.length / 8,
    license: 'GPL',
    ...(maps.length ? { fd_array: fds, fd_array_cnt: maps.length } : {}),
  });
  if (fd < 0) throw new BpfError({ syscall: 'bpf', cmd, errno: -fd });
  const owned = new OwnedFd(liveSys(), fd);
  t.teardown(() => owned.close());
  return { fd };
}

/** On a kernel without the map type, tests that it says so. */
function isOlder(t: Test, since: string, create: () => unknown): boolean {
  const [sinceMajor = 0, sinceMinor = 0] = since.split('.').map(Number);
  if (major > sinceMajor || (major === sinceMajor && minor >= sinceMinor)) return false;
  t.throws(create, { code: 'ERR_RAWBPF_UNSUPPORTED_FEATURE', message: new RegExp(`since Linux ${since}`) });
  return true;
}

t.test(`Linux ${release()}: an rhash`, async t => {
  const make = () =>
    createMap({ type: 'rhash', key: 'u32', value: 'u64', maxEntries: 1000, kind: RhashMap<number, bigint> });
  if (isOlder(t, '7.2', make)) return;
  using map = make();
  for (let key = 0; key < 1000; key++) map.set(key, BigInt(key) * 3n);
  t.throws(() => map.set(1000, 1n), /E2BIG/);
  t.equal(new Map(map).size, 1000);
  t.equal(map.get(7), 21n);
  t.throws(() => map.set(7, 1n, 'noExist'), /EEXIST/);
  t.throws(() => map.set(7, 'x' as never), { name: 'TypeError' });
  // *(u64 *)map[ctx->args[0]], or 0.
  const valueAt = load(t, [
    i.ldx(i.BPF_DW, 2, 1, 0),
    i.stx(i.BPF_W, 10, -4, 2),
    i.mov(2, { reg: 10 }),
    i.alu64(i.BPF_ADD, 2, -4),
    i.ldMapFd(1, map.fd),
    i.call(1),
    i.jmp(i.BPF_JEQ, 0, 0, 1),
    i.ldx(i.BPF_DW, 0, 0, 0),
    i.exit(),
  ]);
  t.equal(testRun(valueAt, 7), 21);
  t.equal(map.delete(7), true);
  t.equal(map.delete(7), false);
  t.equal(testRun(valueAt, 7), 0);
  t.equal([...map.keys()].length, 999);
});

t.test(`Linux ${release()}: places of instructions`, async t => {
  const make = () => createMap({ type: 'insn_array', key: 'u32', value: 16, maxEntries: 3, kind: InsnArray });
  if (isOlder(t, '6.19', make)) return;
  using map = make();
  map.set(0, 0).set(1, { orig_off: 2, xlated_off: 0, jitted_off: 0 }).set(2, 3);
  t.same(map.get(1), { orig_off: 2, xlated_off: 0, jitted_off: 0 });
  t.throws(() => map.set(0, -1), { name: 'TypeError', message: /orig_off: -1 is not a u32/ });
  t.throws(() => map.set(0, {} as never), { name: 'TypeError', message: /orig_off/ });
  t.throws(() => map.set(3, 0), /E2BIG/);
  map.freeze();
  t.throws(() => map.set(0, 1), /EPERM/);
  // The verifier sees that the jump is always made, and drops what stands between.
  load(t, [i.mov(0, 1), i.jmp(i.BPF_JEQ, 0, 1, 1), i.mov(0, 2), i.exit()], [map]);
  const places = [...map.values()];
  t.same(
    places.map(place => place.orig_off),
    [0, 2, 3],
  );
  t.equal(places[0]?.xlated_off, 0);
  t.equal(places[1]?.xlated_off, 0xffffffff, 'dropped');
  t.ok((places[2]?.jitted_off ?? 0) > (places[0]?.jitted_off ?? 0), 'in the machine code');
});
