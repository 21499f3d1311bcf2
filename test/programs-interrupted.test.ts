import t from 'tap';
import { BpfCmd } from '../src/abi/index.js';
import { loadWithLog } from '../src/programs/load-with-log.js';
import { Errno, FakeSys } from '../src/syscall/index.js';

t.test('a load that a signal interrupts is made again', async t => {
  const answers = [-Errno.EAGAIN, -Errno.EAGAIN, -Errno.EAGAIN, -Errno.EAGAIN, 7];
  let calls = 0;
  class Interrupted extends FakeSys {
    override bpf(cmd: number): number {
      t.equal(cmd, BpfCmd.BPF_PROG_LOAD);
      return answers[calls++] ?? -Errno.EAGAIN;
    }
  }
  const sys = new Interrupted();
  t.equal(loadWithLog(sys, { prog_type: 1 }), 7);
  t.equal(calls, 5);
  const refusal = loadWithLog(sys, { prog_type: 1 });
  t.same(refusal, { errno: Errno.EAGAIN, log: '', truncated: false }, 'but not for ever');
  t.equal(calls, 5 + 5 + 5, 'five times without a log, five with one');
});
