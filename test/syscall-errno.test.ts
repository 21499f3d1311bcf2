import { constants } from 'node:os';
import t from 'tap';
import { BpfError, Errno, errnoMessage, errnoName } from '../src/syscall/index.js';
import { needs, run } from './live.js';

t.test('names and messages', async t => {
  t.equal(errnoName(22), 'EINVAL');
  t.equal(errnoMessage(22), 'Invalid argument');
  t.equal(errnoName(524), 'ENOTSUPP', 'an errno that leaks from inside the kernel');
  t.equal(errnoName(4096), 'errno 4096');
  t.equal(errnoMessage(4096), 'Unknown error 4096');
  t.equal(Errno.ENOENT, 2);
});

t.test('the numbers are those of this machine', async t => {
  if (!needs(t, { linux: true })) return;
  const errnos = Object.entries(constants.errno);
  t.ok(errnos.length > 70);
  for (const [name, number] of errnos)
    if (errnoName(number) !== name)
      t.match(
        name,
        /^(EWOULDBLOCK|EOPNOTSUPP|ENOTSUP|EDEADLOCK)$/,
        `${name} is an alias of ${errnoName(number)}`,
      );
});

t.test('the words are those of the C library', async t => {
  if (!needs(t, { linux: true, tools: ['python3'] })) return;
  const program =
    'import os, errno, json; print(json.dumps({n: [errno.errorcode[n], os.strerror(n)] for n in errno.errorcode}))';
  const theirs = JSON.parse(run('python3', '-c', program)) as Record<string, [string, string]>;
  for (const [number, [name, message]] of Object.entries(theirs)) {
    if (Number(number) >= 512) continue;
    t.equal(errnoMessage(Number(number)), message, name);
  }
});

t.test('a refused call in one line', async t => {
  const error = new BpfError({ syscall: 'bpf', cmd: 0, errno: 1, what: 'map start', hint: 'run as root' });
  t.equal(error.message, 'map start: bpf(BPF_MAP_CREATE): EPERM (Operation not permitted): run as root');
  t.match(error, {
    code: 'ERR_RAWBPF_SYSCALL',
    syscall: 'bpf',
    cmd: 'BPF_MAP_CREATE',
    errno: 1,
    errnoName: 'EPERM',
  });
  t.equal(new BpfError({ syscall: 'ioctl', errno: 9 }).message, 'ioctl: EBADF (Bad file descriptor)');
});
