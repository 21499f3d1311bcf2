import { release } from 'node:os';
import t from 'tap';
import { BpfObject } from '../../src/index.js';
import { waitingChild } from '../child.js';
import { fixture } from '../repository.js';
import { printedBy } from './printed-by.js';

t.test(`Linux ${release()}: hello prints Hello World! on execve, through a ksyscall program`, async t => {
  const child = waitingChild('exec /bin/true');
  t.teardown(() => child.close());
  using obj = BpfObject.open(fixture('hello'));
  obj.globals['pid_filter'] = child.pid;
  obj.load({ programs: ['hello'] });
  t.match(obj.attach(), [{ kind: 'ksyscall', program: 'hello', target: /^__\w+_sys_execve$/ }]);
  t.same(await printedBy(child), ['Hello World!']);
});

t.test(`Linux ${release()}: a kretprobe runs when the function returns`, async t => {
  const child = waitingChild('exec /bin/true');
  t.teardown(() => child.close());
  using obj = BpfObject.open(fixture('hello'));
  obj.globals['pid_filter'] = child.pid;
  obj.load({ programs: ['hello'] });
  const link = obj.program('hello').attachTo({ kind: 'ksyscall', name: 'execve', retprobe: true });
  t.match(link, { kind: 'ksyscall', target: /^__\w+_sys_execve$/ });
  t.same(await printedBy(child), ['Hello World!']);
});

t.test(`Linux ${release()}: a closed link is detached`, async t => {
  const child = waitingChild('exec /bin/true');
  t.teardown(() => child.close());
  using obj = BpfObject.open(fixture('hello'));
  obj.globals['pid_filter'] = child.pid;
  obj.load({ programs: ['hello'] });
  const link = obj.program('hello').attach();
  link.close();
  link.close();
  t.same(obj.program('hello').links, []);
  t.same(await printedBy(child), []);
});

t.test(`Linux ${release()}: what cannot be probed is named`, async t => {
  using obj = BpfObject.open(fixture('hello')).load();
  const hello = obj.program('hello');
  const attempt = (act: () => unknown): unknown => {
    try {
      return act();
    } catch (error) {
      return error;
    }
  };
  const wrong = attempt(() => obj.program('hello_tp').attachTo({ kind: 'kprobe', symbol: 'do_sys_openat2' }));
  t.match(wrong, {
    errnoName: 'EINVAL',
    message: /program hello_tp.*a program of this type cannot run at a kprobe/,
  });
  const beyond = attempt(() => hello.attachTo({ kind: 'kprobe', symbol: 'do_sys_openat2', offset: 1 }));
  t.match(beyond, { message: /kprobe do_sys_openat2\+0x1/ });
});
