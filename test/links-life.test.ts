import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { BpfAttachType, BpfCmd } from '../src/abi/index.js';
import {
  BpfObject,
  Link,
  type LoadOptions,
  listPrograms,
  OpenError,
  openLink,
  openProgram,
  type Program,
  StateError,
  UnsupportedFeatureError,
} from '../src/index.js';
import { createLink } from '../src/programs/links/bpf-link.js';
import type { Holder } from '../src/programs/links/link.js';
import { BpfError, Errno, FakeSys, OwnedFd, setForgottenFdHandler } from '../src/syscall/index.js';
import { ownBpffs } from './bpffs.js';
import { collect } from './lifecycle-kit.js';
import { needs, run } from './live.js';
import { openFds } from './open-fds.js';
import { fixture } from './repository.js';
import { currentCgroup } from './test-cgroup.js';

// Guests without hardware virtualization take their time.
t.setTimeout(300_000);

interface Theirs {
  readonly id: number;
  readonly prog_id: number;
  readonly cgroup_id?: number;
}

const load = (...programs: string[]): BpfObject =>
  BpfObject.open(fixture('test-links-life')).load({ programs, pinRoot: false } satisfies LoadOptions);

/** A link to the cgroup that this process is in. */
function attachToCgroup(program: Program): Link {
  const target_fd = openSync(currentCgroup(), 'r');
  const attach_type = BpfAttachType.BPF_CGROUP_INET_EGRESS;
  try {
    return new Link(
      createLink(program, { kind: 'cgroup', target: 'own' }, { target_fd, attach_type }),
      program,
    );
  } finally {
    closeSync(target_fd);
  }
}

const links = (): Theirs[] => JSON.parse(run('bpftool', '-j', 'link', 'list'));
const linkOf = (id: number): Theirs | undefined => links().find(link => link.id === id);

t.test('another program runs in place of the first, which can then be closed', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using old = load('first');
  using fresh = load('second');
  const [first, second] = [old.program('first'), fresh.program('second')];
  const link = attachToCgroup(first);
  const { id } = link.info();
  t.throws(() => link.update(second, { expected: second }), BpfError, 'it runs another than expected');
  t.match(linkOf(id), { prog_id: first.info().id });
  link.update(second, { expected: first });
  t.match(linkOf(id), { prog_id: second.info().id });
  t.equal(link.info().progId, second.info().id);
  t.equal(link.program, 'second');
  t.same([first.links, second.links], [[], [link]], 'it belongs to the program that it runs');
  old.close();
  t.ok(linkOf(id), 'the first program takes nothing along');
  fresh.close();
  t.notOk(link.isOpen);
  t.notOk(linkOf(id), 'the second does');
});

t.test('a detached link keeps its fd and its info', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = load('first');
  using link = attachToCgroup(object.program('first'));
  const { id } = link.info();
  link.detach();
  t.ok(link.isOpen);
  t.match(linkOf(id), { cgroup_id: 0 });
  t.match(link.info(), { id, typeName: 'cgroup', cgroupId: 0n });
  t.throws(() => link.update(object.program('first')), BpfError, 'nothing runs there');
  link.detach();
  link.close();
  t.notOk(linkOf(id));
  t.throws(() => link.info(), StateError);
  t.throws(() => link.detach(), StateError);
});

t.test('where links cannot be detached, detach() is close()', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  using object = load('on_raw_tracepoint');
  const link = object.program('on_raw_tracepoint').attach();
  const { id } = link.info();
  link.detach();
  t.notOk(link.isOpen);
  t.notOk(linkOf(id));
});

t.test('a link of a kind that keeps its program says so', async t => {
  if (!needs(t, { bpf: true })) return;
  using object = load('on_raw_tracepoint', 'on_writable');
  using link = object.program('on_raw_tracepoint').attach();
  t.throws(() => link.update(object.program('on_writable')), {
    message: /links of this kind keep their program/,
  });
  t.equal(link.program, 'on_raw_tracepoint');
});

t.test('a pin keeps the program attached, and is opened again', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const folder = ownBpffs(t);
  const path = join(folder, 'guard');
  let id: number;
  {
    using object = load('first');
    const link = attachToCgroup(object.program('first')).pin(path);
    id = link.info().id;
    t.throws(() => link.pin(path), { message: /EEXIST .*remove it first/ });
    t.throws(() => link.pin(join(folder, 'none', 'guard')), { message: /ENOENT/ });
  }
  t.ok(linkOf(id), 'it is attached without a process');
  t.equal(JSON.parse(run('bpftool', '-j', 'link', 'show', 'pinned', path)).id, id);
  {
    using object = load('second');
    using link = openLink({ path });
    t.match(link, { kind: 'cgroup', program: 'first' });
    t.equal(link.info().id, id);
    link.update(object.program('second'));
    t.equal(linkOf(id)?.prog_id, object.program('second').info().id);
    t.same(object.program('second').links, [], 'an opened link is nobody else’s to close');
  }
  t.ok(linkOf(id), 'the handle held nothing that the pin does not');
  using link = openLink({ id });
  t.equal(link.unpin(path), true);
  t.equal(link.unpin(path), false);
  t.notOk(existsSync(path));
  link.close();
  t.notOk(linkOf(id));
});

t.test('only own pins are taken away', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const folder = join(ownBpffs(t), 'own');
  mkdirSync(folder);
  t.teardown(() => rmSync(folder, { recursive: true }));
  using object = load('first', 'second');
  const [first, second] = [object.program('first'), object.program('second')];
  using link = attachToCgroup(first).pin(join(folder, 'link'));
  first.pin(join(folder, 'first')).pin(join(folder, 'again'));
  object.map('elements').pin(join(folder, 'map'));
  t.throws(() => link.unpin(join(folder, 'first')), { message: /what is pinned there is a program/ });
  t.throws(() => first.unpin(join(folder, 'link')), { message: /what is pinned there is a link/ });
  t.throws(() => first.unpin(join(folder, 'map')), { message: /what is pinned there is a map/ });
  t.throws(() => second.unpin(join(folder, 'first')), { message: /the program pinned there is another/ });
  t.same(readdirSync(folder).sort(), ['again', 'first', 'link', 'map']);
  t.equal(first.unpin(), true, 'without a path all that this handle made');
  t.equal(link.unpin(), true);
  t.equal(link.unpin(), false);
  t.same(readdirSync(folder), ['map']);
  object.map('elements').unpin();
});

t.test('a pinned program is opened and attached', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const path = join(ownBpffs(t), 'first');
  let id: number;
  {
    using object = load('first');
    id = object.program('first').pin(path).info().id;
  }
  t.equal(JSON.parse(run('bpftool', '-j', 'prog', 'show', 'pinned', path)).id, id);
  using program = openProgram({ path }, { attachType: BpfAttachType.BPF_CGROUP_INET_EGRESS });
  t.match(program, { name: 'first', type: program.info().type });
  using link = attachToCgroup(program);
  t.equal(linkOf(link.info().id)?.prog_id, id);
  t.throws(() => program.attach(), { message: /use attachTo\(\)/ }, 'no section says to what');
  program.unpin(path);
  program.close();
  t.notOk(link.isOpen);
  const held = () => [...listPrograms()].some(info => info.id === id);
  // The kernel frees a program a moment after its last holder.
  for (let waited = 0; held() && waited < 5000; waited += 20) await sleep(20);
  t.notOk(held(), 'nothing holds it any more');
});

t.test('programs and links are found by id, name and tag, and told apart', async t => {
  if (!needs(t, { bpf: true })) return;
  const folder = ownBpffs(t);
  using object = load('found_by_its_name', 'first', 'second');
  const program = object.program('found_by_its_name');
  using link = program.attach();
  const { id, tag } = program.info();
  for (const source of [{ id }, { name: 'found_by_its_name' }]) {
    using opened = openProgram(source);
    t.equal(opened.info().id, id);
    // The kernel keeps 15 characters.
    t.equal(opened.name, 'found_by_its_na');
    using second = opened.attachTo({ kind: 'raw_tracepoint', name: 'sys_exit' });
    t.match(second.info(), { progId: id, name: 'sys_exit' });
  }
  const same = [...listPrograms()].filter(info => info.tag === tag);
  if (same.length === 1) {
    using opened = openProgram({ tag });
    t.equal(opened.info().id, id);
  } else t.throws(() => openProgram({ tag }), { message: /programs have this tag: open it by id, one of/ });
  t.throws(() => openProgram({ name: 'no_such_program' }), OpenError);
  t.throws(() => openProgram({ id: 0x7fffffff }), { message: /no program of this id/ });
  t.throws(() => openLink({ id: 0x7fffffff }), { message: /no link of this id/ });
  t.throws(() => openLink({ path: join(folder, 'none') }), { message: /nothing is pinned there/ });
  t.throws(() => openLink({ fd: -1 }), TypeError);
  program.pin(join(folder, 'program'));
  t.throws(() => openLink({ path: join(folder, 'program') }), { message: /is a program, not a link/ });
  t.throws(() => openProgram({ fd: link.fd }), { message: /is a link, not a program/ });
  t.ok(link.info().id, 'a fd that was refused stays the caller’s');
  program.unpin();
});

/** A program of a kernel in memory. */
function fakeProgram(): { sys: FakeSys; object: BpfObject; program: Program } {
  const sys = new FakeSys();
  const object = BpfObject.open(fixture('test-links-life'), { sys }).load({ programs: ['on_infrared'] });
  return { sys, object, program: object.program('on_infrared') };
}

t.test('everything is closed that can be, last made first, and the first error thrown', async t => {
  const { sys, object, program } = fakeProgram();
  const closed: string[] = [];
  const holder = (name: string, error?: Error): Holder => ({
    close() {
      closed.push(name);
      if (error) throw error;
    },
  });
  const before = sys.openFds;
  const make = (...holders: Holder[]) =>
    new Link({ sys, kind: 'tc', program: program.name, target: 'it', holders }, program);
  const event = new OwnedFd(sys, sys.kernel.open({ kind: 'perf event' }));
  const link = make(
    event,
    holder('a'),
    holder('b', new Error('b')),
    holder('c', new Error('c')),
    holder('d'),
  );
  t.equal(link.fd, event.value);
  t.throws(() => link.close(), { message: 'c' });
  t.same(closed.splice(0), ['d', 'c', 'b', 'a']);
  t.same(sys.openFds, before, 'the fd, too');
  t.same(program.links, [], 'it is closed for its program, too');
  link.close();
  t.same(closed, [], 'once');
  make(holder('first', new Error('first')));
  make(holder('second'));
  t.throws(() => object.close(), { message: 'first' });
  t.same(closed, ['second', 'first']);
  t.same(sys.openFds, [], 'the object went all the same');
  object.close();
});

t.test('what is no BPF link has neither info nor pins', async t => {
  const { sys, object, program } = fakeProgram();
  using _ = object;
  using link = new Link({ sys, kind: 'tc', program: 'p', target: 'it', holders: [] }, program);
  for (const act of [
    () => link.info(),
    () => link.pin('/nowhere'),
    () => link.unpin('/nowhere'),
    () => link.fd,
  ])
    t.throws(act, StateError);
  t.throws(() => link.update(program), UnsupportedFeatureError);
});

t.test('disconnected, a link leaves alone what no fd holds', async t => {
  const { sys, object, program } = fakeProgram();
  const calls: string[] = [];
  const holder: Holder = { close: () => calls.push('close'), release: () => calls.push('release') };
  const event = new OwnedFd(sys, sys.kernel.open({ kind: 'perf event' }));
  const link = new Link({ sys, kind: 'tc', program: 'p', target: 'it', holders: [event, holder] }, program);
  link.disconnect();
  t.same(calls, []);
  link.close();
  t.same(calls, ['release']);
  t.ok(event.closed, 'a fd ends with its holder');
  t.throws(() => link.disconnect(), StateError);
  object.close();
  t.same(sys.openFds, []);
});

t.test('a program is attached to an infrared receiver until its link is closed', async t => {
  const { sys, object, program } = fakeProgram();
  const device = '/dev/null';
  const attached = () => sys.calls.filter(call => call.name === 'bpf' && call.cmd === BpfCmd.BPF_PROG_ATTACH);
  const detached = () => sys.calls.filter(call => call.name === 'bpf' && call.cmd === BpfCmd.BPF_PROG_DETACH);
  const fds = openFds();
  const link = program.attachTo({ kind: 'lirc', device });
  t.match(attached(), [{ attr: { attach_bpf_fd: program.fd, attach_type: BpfAttachType.BPF_LIRC_MODE2 } }]);
  t.throws(() => link.fd, StateError);
  link.close();
  link.close();
  t.match(detached(), [{ attr: { attach_bpf_fd: program.fd, attach_type: BpfAttachType.BPF_LIRC_MODE2 } }]);
  sys.answer(BpfCmd.BPF_PROG_DETACH, -Errno.ENODEV);
  program.attachTo({ kind: 'lirc', device }).close();
  sys.answer(BpfCmd.BPF_PROG_DETACH, -Errno.EPERM);
  t.throws(() => program.attachTo({ kind: 'lirc', device }).close(), { message: /BPF_PROG_DETACH\): EPERM/ });
  const left = program.attachTo({ kind: 'lirc', device });
  left.disconnect();
  left.close();
  sys.answer(BpfCmd.BPF_PROG_ATTACH, -Errno.EINVAL);
  t.throws(() => program.attachTo({ kind: 'lirc', device }), { message: /no infrared receiver/ });
  t.throws(() => program.attachTo({ kind: 'lirc', device: '/dev/no-such-device' }), { message: /ENOENT/ });
  object.close();
  t.same(openFds(), fds, 'the device is closed every time');
});

t.test('a forgotten link closes its fd', async t => {
  const sys = new FakeSys();
  const forgotten: number[] = [];
  setForgottenFdHandler(fd => forgotten.push(fd));
  const forget = (): void => {
    openLink({ fd: sys.kernel.open({ kind: 'link', id: 1, attr: {} }) }, { sys });
  };
  forget();
  t.equal(sys.openFds.length, 1);
  await nextTurn();
  await collect();
  t.same(sys.openFds, []);
  t.equal(forgotten.length, 1);
});
