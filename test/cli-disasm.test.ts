import t from 'tap';
import { rawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { fixture } from './repository.js';

t.test('instructions under their source lines, with names', async t => {
  const { status, stdout, stderr } = rawbpf('disasm', fixture('minimal'));
  t.equal(status, 0, stderr);
  t.match(stdout, /^handle_tp \(tp\/syscalls\/sys_enter_write, \d+ insns\):$/m);
  t.match(stdout, /^; pid_t pid = bpf_get_current_pid_tgid\(\) >> 32; @ bpf\/minimal\.bpf\.c:\d+$/m);
  t.match(stdout, /^ +0: .*call bpf_get_current_pid_tgid#14$/m);
  t.match(stdout, /map\[\.rodata\]\[0\]\+\d+ ; pid_filter$/m);
  t.match(stdout, 'BPF triggered sys_enter_write from PID %d.');
});

t.test('one program, with the functions that it reaches', async t => {
  const { stdout } = rawbpf('disasm', fixture('test-subprog'), 'direct');
  t.same(
    [...stdout.matchAll(/^(\w+) \(/gm)].map(([, name]) => name),
    ['direct', 'global_add', 'square'],
  );
  t.match(stdout, 'call global_add');
});

t.test('has as many instructions at the same places as llvm-objdump', async t => {
  if (!needs(t, { tools: ['llvm-objdump'] })) return;
  for (const object of ['opensnoop', 'test-subprog', 'hello-tail']) {
    const ours = rawbpf('disasm', fixture(object)).stdout;
    const theirs = run('llvm-objdump', '-d', '--no-show-raw-insn', fixture(object));
    const count = (text: string) => text.match(/^ +\d+:/gm)?.length;
    t.equal(count(ours), count(theirs), object);
  }
});
