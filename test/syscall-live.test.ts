import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { BpfCmd, bpfMapInfo } from '../src/abi/index.js';
import { bpf, bpfInOut, Errno, liveSys, MapElem } from '../src/syscall/index.js';
import { needs, run } from './live.js';

/** The path of a module beside this one, compiled or not as this one is. */
const sibling = (name: string): string =>
  fileURLToPath(new URL(name + extname(import.meta.url), import.meta.url));
/** What runs TypeScript, when this is TypeScript. */
const execArgv = import.meta.url.endsWith('.ts') ? process.execArgv : [];
const node = (...args: string[]) =>
  spawnSync(process.execPath, [...execArgv, ...args], { encoding: 'utf8', timeout: 60_000 });

t.test('importing the room does not load koffi; the first live Sys does', async t => {
  if (!needs(t, { linux: true })) return;
  const script = `
    import { createRequire } from 'node:module';
    const loaded = () => Object.keys(createRequire(import.meta.url).cache).some(path => path.includes('koffi'));
    const room = await import(process.argv[1]);
    room.formatBpf({ cmd: 0, attr: {} });
    console.log(loaded(), room.liveSys() === room.liveSys(), loaded());`;
  const { stdout, stderr } = node('--input-type=module', '-e', script, sibling('../src/syscall/index'));
  t.equal(stdout.trim(), 'false true true', stderr);
});

t.test('off Linux and on unknown machines it says so', async t => {
  const script = `
    Object.defineProperty(process, 'platform', { value: 'darwin' });
    const { liveSys } = await import(process.argv[1]);
    try { liveSys(); } catch (error) { console.log(error.code, error.message); }`;
  const { stdout } = node('--input-type=module', '-e', script, sibling('../src/syscall/index'));
  t.match(stdout, /^ERR_RAWBPF_PLATFORM bpf\(\) needs Linux on x64, arm64, .*this is darwin/);
});

t.test('views of a closed mapping read zeros, and its memory goes when they do', async t => {
  if (!needs(t, { linux: true })) return;
  const { status, signal, stdout, stderr } = node(sibling('./syscall-mapping-child'));
  t.same([status, signal], [0, null], stderr);
  t.same(stdout.trim().split('\n'), [
    'magic: ELF',
    'after close: 0,0,0,0,4096',
    'written: 1',
    'mapped: true',
    'mapped once collected: false',
  ]);
});

t.test('a poll calls back while there is something to read, until it is closed', async t => {
  if (!needs(t, { linux: true, tools: ['mkfifo'] })) return;
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'fifo');
  run('mkfifo', path);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  t.teardown(() => closeSync(fd));
  const later = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
  let calls = 0;
  let onCall = (): void => {};
  const poll = liveSys().poll(fd, () => {
    calls++;
    onCall();
  });
  if (typeof poll === 'number') throw new Error(`poll: ${poll}`);
  t.equal(
    liveSys().poll(fd, () => {}),
    -Errno.EEXIST,
    'one poll a file descriptor',
  );
  await later(20);
  t.equal(calls, 0, 'nothing to read');
  const called = new Promise<void>(resolve => {
    onCall = resolve;
  });
  writeSync(fd, 'x');
  await called;
  await later(20);
  t.ok(calls > 1, 'again while it is not read');
  readSync(fd, new Uint8Array(1));
  await later(20);
  const before = calls;
  await later(20);
  t.equal(calls, before, 'quiet once it is');
  poll.close();
  poll.close();
  poll.unref();
  writeSync(fd, 'x');
  await later(20);
  t.equal(calls, before, 'closed');
  const again = liveSys().poll(fd, () => {});
  if (typeof again === 'number') throw new Error(`polled again: ${again}`);
  again.close();
});

t.test('a poll that is unreferenced does not keep the process', async t => {
  if (!needs(t, { linux: true, tools: ['mkfifo'] })) return;
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  run('mkfifo', join(folder, 'fifo'));
  const script = `
    import { openSync, constants } from 'node:fs';
    const { liveSys } = await import(process.argv[1]);
    liveSys().poll(openSync(process.argv[2], constants.O_RDWR | constants.O_NONBLOCK), () => {}).unref();`;
  const { status, signal } = node(
    '--input-type=module',
    '-e',
    script,
    sibling('../src/syscall/index'),
    join(folder, 'fifo'),
  );
  t.same([status, signal], [0, null]);
});

t.test('a refused poll is an errno', async t => {
  if (!needs(t, { linux: true })) return;
  const sys = liveSys();
  t.equal(
    sys.poll(9999, () => {}),
    -Errno.EBADF,
  );
  const file = openSync(fileURLToPath(import.meta.url), 'r');
  t.equal(
    sys.poll(file, () => {}),
    -Errno.EPERM,
    'a regular file',
  );
  closeSync(file);
});

t.test('addresses of small arrays stay', async t => {
  if (!needs(t, { linux: true })) return;
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as (options?: object) => void;
  const sys = liveSys();
  const arrays = Array.from({ length: 2000 }, (_, i) => new Uint8Array((i % 64) + 1));
  const before = arrays.map(array => sys.addressOf(array));
  for (let i = 0; i < 5; i++) {
    collectGarbage({ type: 'minor' });
    collectGarbage();
  }
  t.same(
    arrays.map(array => sys.addressOf(array)),
    before,
  );
  const whole = new Uint8Array(100);
  t.equal(sys.addressOf(whole.subarray(7)), sys.addressOf(whole) + 7n, 'of part of a buffer');
});

t.test('results are errnos when negative, whatever came before', async t => {
  if (!needs(t, { linux: true })) return;
  const sys = liveSys();
  t.equal(sys.close(-1), -Errno.EBADF);
  t.equal(sys.ioctl(-1, 0x2400, 0), -Errno.EBADF);
  t.equal(sys.mmap(-1, 4096, 1, 2, 0), -Errno.EBADF);
  t.equal(sys.mountDetached('nothing'), process.getuid?.() === 0 ? -Errno.ENODEV : -Errno.EPERM);
  t.ok(bpf(sys, BpfCmd.BPF_MAP_CREATE, { map_type: 999 }) < 0);
  const fd = openSync('/dev/null', 'r');
  t.equal(sys.close(fd), 0, 'a success after refusals');
  t.equal(sys.close(fd), -Errno.EBADF);
});

t.test('elements of a map on this kernel', async t => {
  if (!needs(t, { bpf: true })) return;
  const sys = liveSys();
  const fd = bpf(sys, BpfCmd.BPF_MAP_CREATE, {
    map_type: 1,
    key_size: 4,
    value_size: 8,
    max_entries: 4,
    map_name: 'elements',
  });
  t.teardown(() => sys.close(fd));
  const elem = new MapElem(sys, fd, 4, 8);
  const next = new Uint8Array(4);
  t.equal(elem.nextKey(true, next), -Errno.ENOENT, 'empty');
  elem.key.set([1, 2, 3, 4]);
  elem.value.fill(7);
  t.equal(elem.update(1), 0);
  t.equal(elem.update(1), -Errno.EEXIST);
  t.equal(elem.update(0), 0, 'flags go back to 0');
  elem.value.fill(0);
  t.equal(elem.lookup(), 0);
  t.same(elem.value, new Uint8Array(8).fill(7));
  t.equal(elem.nextKey(true, next), 0);
  t.same(next, elem.key);
  t.equal(elem.nextKey(false, next), -Errno.ENOENT, 'the last one');
  t.equal(elem.lookupAndDelete(), 0);
  t.equal(elem.lookup(), -Errno.ENOENT);
  t.equal(elem.delete(), -Errno.ENOENT);
  const info = new Uint8Array(bpfMapInfo.size);
  t.equal(
    bpfInOut(sys, BpfCmd.BPF_OBJ_GET_INFO_BY_FD, { bpf_fd: fd, info, info_len: info.length }).result,
    0,
  );
  t.match(bpfMapInfo.decode(info), { name: 'elements', key_size: 4, value_size: 8, max_entries: 4 });
});

t.test('a detached mount of tracefs is a folder of this process alone', async t => {
  if (!needs(t, { bpf: true })) return;
  const sys = liveSys();
  const fd = sys.mountDetached('tracefs');
  t.ok(fd > 0);
  const id = openSync(`/proc/self/fd/${fd}/events/syscalls/sys_enter_write/id`, 'r');
  t.ok(readSync(id, new Uint8Array(16)) > 1);
  closeSync(id);
  t.equal(sys.close(fd), 0);
});
