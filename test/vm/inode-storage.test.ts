import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BpfAttachType, BpfCmd, BpfFuncId, BpfProgType, hostEndian } from '../../src/abi/index.js';
import type { BtfStruct } from '../../src/btf/index.js';
import { BpfError, createMap, InodeStorage, Kernel, liveSys } from '../../src/index.js';
import * as i from '../../src/insn/index.js';
import { type AttrRecord, bpf, OwnedFd } from '../../src/syscall/index.js';
import { run } from '../live.js';

/** Makes an fd that lives as long as the test. */
function make(t: Test, cmd: number, attr: AttrRecord): number {
  const fd = bpf(liveSys(), cmd, attr);
  if (fd < 0) throw new BpfError({ syscall: 'bpf', cmd, errno: -fd });
  const owned = new OwnedFd(liveSys(), fd);
  t.teardown(() => owned.close());
  return fd;
}

/** Whether the guest's kernel asks BPF programs as a security module. */
function hasBpfLsm(): boolean {
  const list = '/sys/kernel/security/lsm';
  if (!existsSync(list)) run('mount', '-t', 'securityfs', 'none', '/sys/kernel/security');
  return readFileSync(list, 'utf8').trim().split(',').includes('bpf');
}

t.test(`Linux ${release()}: an lsm program counts in a file what is opened`, async t => {
  if (!hasBpfLsm()) return void t.plan(0, 'this kernel was not started with the security module bpf');
  const { btf } = Kernel.running(liveSys());
  const hook = btf?.findByName('bpf_lsm_file_open', 'func');
  const file = btf?.type(btf.findByName('file', 'struct') ?? 0) as BtfStruct;
  const inode = file.members.find(member => member.name === 'f_inode');
  if (hook === undefined || !inode) throw new Error('the kernel has no file_open or no struct file');
  using map = createMap({ type: 'inode_storage', value: 'u64', kind: InodeStorage<bigint> });
  const insns = i.assemble(
    [
      i.ldx(i.BPF_DW, 1, 1, 0),
      i.ldx(i.BPF_DW, 2, 1, inode.bitOffset / 8),
      i.ldMapFd(1, map.fd),
      i.mov(3, 0),
      i.mov(4, 0),
      i.call(BpfFuncId.BPF_FUNC_inode_storage_get),
      i.jmp(i.BPF_JEQ, 0, 0, 3),
      i.ldx(i.BPF_DW, 1, 0, 0),
      i.alu64(i.BPF_ADD, 1, 1),
      i.stx(i.BPF_DW, 0, 0, 1),
      i.mov(0, 0),
      i.exit(),
    ],
    hostEndian,
  );
  const program = make(t, BpfCmd.BPF_PROG_LOAD, {
    prog_type: BpfProgType.BPF_PROG_TYPE_LSM,
    expected_attach_type: BpfAttachType.BPF_LSM_MAC,
    attach_btf_id: hook,
    insns,
    insn_cnt: insns.length / 8,
    license: 'GPL',
  });
  make(t, BpfCmd.BPF_RAW_TRACEPOINT_OPEN, { prog_fd: program });
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-inode-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [counted, other] = [join(folder, 'counted'), join(folder, 'other')];
  for (const path of [counted, other]) writeFileSync(path, 'x');
  map.set(counted, 10n);
  for (const path of [counted, other, counted, counted]) readFileSync(path);
  t.equal(map.get(counted), 13n);
  t.equal(map.get(other), undefined);
  t.equal(map.delete(counted), true);
  readFileSync(counted);
  t.equal(map.get(counted), undefined);
});
