import t from 'tap';
import { BpfFuncId } from '../src/abi/index.js';
import { Kernel, liveSys } from '../src/index.js';
import { helperSince, versionCode } from '../src/kernel/index.js';
import { needs } from './live.js';

t.test('every helper has a version, and numbers that are none have not', async t => {
  const ids = Object.entries(BpfFuncId).filter(([name]) => !/unspec|MAX/i.test(name));
  for (const [name, id] of ids) t.match(helperSince(id), /^\d+\.\d+$/, name);
  t.equal(Math.max(...ids.map(([, id]) => id)), 211, 'no helper came after 6.2');
  t.equal(helperSince(0), undefined);
  t.equal(helperSince(212), undefined);
  t.equal(helperSince(BpfFuncId.BPF_FUNC_loop), '5.17');
  t.equal(helperSince(BpfFuncId.BPF_FUNC_ringbuf_output), '5.8');
  t.equal(helperSince(BpfFuncId.BPF_FUNC_ktime_get_coarse_ns), '5.11');
});

t.test('this kernel knows the helpers that are said to be as old as it', async t => {
  if (!needs(t, { bpf: true })) return;
  const kernel = Kernel.running(liveSys());
  const id = kernel.btf?.findByName('bpf_func_id', 'enum');
  const type = id === undefined ? undefined : kernel.btf?.type(id);
  if (type?.kind !== 'enum') {
    t.plan(0, 'the kernel has no BTF with enum bpf_func_id');
    return;
  }
  const known = new Set(type.values.map(({ name }) => name));
  for (const [name, helper] of Object.entries(BpfFuncId)) {
    const since = helperSince(helper);
    if (since === undefined) continue;
    const old = versionCode(since) <= kernel.versionCode;
    t.equal(known.has(name), old, `${name}: since ${since}, on ${kernel.release}`);
  }
});
