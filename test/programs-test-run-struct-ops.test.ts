import t from 'tap';
import { BpfError, BpfObject, Kernel, liveSys } from '../src/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

t.test('programs of bpf_dummy_ops run by request', async t => {
  if (!needs(t, { bpf: true })) return;
  const kernel = Kernel.running(liveSys());
  if (kernel.btf?.findByName('bpf_struct_ops_bpf_dummy_ops', 'struct') === undefined)
    return void t.plan(0, 'this kernel has no bpf_dummy_ops (Linux 5.17)');
  using object = BpfObject.open(fixture('test-run-struct-ops')).load();

  const state = new Int32Array([41, 0]);
  const address = liveSys().addressOf(new Uint8Array(state.buffer));
  const count = object.program('count');
  t.equal(count.testRun({ context: [address] }).returnValue, 41);
  t.equal(state[0], 42, 'the state is copied back');
  t.equal(count.testRun({ context: [0n] }).returnValue | 0, -1, 'no state');

  const add = object.program('add');
  t.equal(add.testRun({ context: [address, -1n, 2n, 3n, 1n << 40n] }).returnValue, 7);
  t.equal(object.globals['sum'], (1n << 40n) + 4n, 'all arguments, of their widths');
  t.throws(() => add.testRun({ context: [address] }), BpfError, 'too few arguments');
});
