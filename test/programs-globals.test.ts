import t, { type Test } from 'tap';
import { BpfCmd } from '../src/abi/index.js';
import { BpfObject, Kernel } from '../src/index.js';
import type { FeatureName } from '../src/object/index.js';
import { bpfInOut, liveSys } from '../src/syscall/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

/** Runs a program once by BPF_PROG_TEST_RUN: what it returns. */
function runOnce(obj: BpfObject, program: string): number {
  const { result, attr } = bpfInOut(liveSys(), BpfCmd.BPF_PROG_TEST_RUN, {
    prog_fd: obj.program(program).fd,
  });
  if (result < 0) throw new Error(`test run: ${result}`);
  return Number(attr['retval']);
}

function holds(t: Test, obj: BpfObject): void {
  const { globals } = obj;
  globals['ro_u64'] = 5n;
  globals['rw_u64'] = 37n;
  globals['rw_name'] = 'changed';
  obj.load();
  t.equal(globals['ro_u64'], 5n, 'read-only ones stay readable');
  t.equal(globals['rw_name'], 'changed', 'those in .data are as they were set');
  t.throws(() => (globals['ro_u64'] = 6n), {
    code: 'ERR_RAWBPF_STATE',
    message: /global ro_u64: it is in \.rodata.*before/,
  });
  t.throws(() => (globals['rw_u64'] = 'x'), { code: 'ERR_RAWBPF_OBJECT' });

  t.equal(runOnce(obj, 'copy_everything'), 0);
  t.equal(globals['zero_u64'], 42n, 'what the program computed of both');
  t.same(globals['zero_array'], [0, 0, 4]);
  t.same(globals['zero_everything'], globals['rw_everything']);
  t.equal(globals['own_rw'], 11);

  globals['rw_u64'] = 95n;
  t.equal(globals['own_rw'], 11, 'its neighbours are as they were');
  t.equal(runOnce(obj, 'copy_everything'), 0);
  t.equal(globals['zero_u64'], 100n, 'the program saw what was set while it was loaded');
  t.equal(globals['own_rw'], 16);

  obj.close();
  t.equal(globals['ro_u64'], 5n);
  t.throws(() => globals['rw_u64'], { code: 'ERR_RAWBPF_STATE', message: /closed/ });
  t.throws(() => (globals['rw_u64'] = 1n), { code: 'ERR_RAWBPF_STATE' });
}

t.test('globals of a loaded object are those of its programs', async t => {
  if (!needs(t, { bpf: true })) return;
  holds(t, BpfObject.open(fixture('test-types')));
});

t.test('where the kernel cannot map a data section, by system calls', async t => {
  if (!needs(t, { bpf: true })) return;
  const sys = { ...liveSys() };
  const kernel = Kernel.running(sys);
  const has = kernel.has.bind(kernel);
  kernel.has = (feature: FeatureName) => feature !== 'mmapable_array' && has(feature);
  holds(t, BpfObject.open(fixture('test-types'), { sys, kernel }));
});
