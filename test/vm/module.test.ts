import { execFileSync } from 'node:child_process';
import { release } from 'node:os';
import t from 'tap';
import { BpfCmd } from '../../src/abi/index.js';
import { Kernel } from '../../src/kernel/index.js';
import { BpfObject } from '../../src/programs/index.js';
import { bpfInOut, liveSys } from '../../src/syscall/index.js';
import { fixture } from '../repository.js';

const [major = 0, minor = 0] = release().split('.').map(Number);

t.test(`Linux ${release()}: functions of a module`, async t => {
  if (major < 5 || (major === 5 && minor < 18))
    return void t.plan(0, 'kfuncs of modules came with Linux 5.18');
  execFileSync('modprobe', ['nf_conntrack']);
  const sys = liveSys();
  t.ok(
    Kernel.running(sys).modules.some(m => m.name === 'nf_conntrack'),
    'the module has BTF',
  );
  const load = (program: string) => BpfObject.open(fixture('test-module')).load({ programs: [program] });
  using called = load('conntrack');
  const { attr, result } = bpfInOut(sys, BpfCmd.BPF_PROG_TEST_RUN, {
    prog_fd: called.program('conntrack').fd,
    data_in: new Uint8Array(64),
    data_size_in: 64,
  });
  t.same([result, Number(attr['retval'])], [0, 1], 'a kfunc is called');
  using byFunction = load('by_function');
  using byModule = load('by_module');
  for (const obj of [byFunction, byModule]) t.equal(Object.keys(obj.programs).length, 1);
  t.throws(() => load('by_other_module'), {
    name: 'ObjectError',
    message: /no function nf_ct_delete in module no_such_module/,
  });
});
