import { join } from 'node:path';
import t from 'tap';
import { BpfCmd } from '../src/abi/index.js';
import {
  BpfObject,
  listLinks,
  listPrograms,
  liveSys,
  openLink,
  openProgram,
  RawbpfError,
} from '../src/index.js';
import { Errno, FakeSys, type Sys } from '../src/syscall/index.js';
import { ownBpffs } from './bpffs.js';
import { failingSys } from './failing-sys.js';
import { needs } from './live.js';
import { openFds } from './open-fds.js';
import { fixture } from './repository.js';

t.test('whichever call fails while programs and links are opened or listed, nothing stays open', async t => {
  if (!needs(t, { bpf: true })) return;
  const folder = ownBpffs(t);
  using object = BpfObject.open(fixture('test-links-life')).load({ programs: ['on_raw_tracepoint'] });
  const program = object.program('on_raw_tracepoint').pin(join(folder, 'program'));
  using link = program.attach().pin(join(folder, 'link'));
  const [programId, linkId] = [program.info().id, link.info().id];
  const ways: Record<string, (sys: Sys) => void> = {
    'link by path': sys => openLink({ path: join(folder, 'link') }, { sys }).close(),
    'link by id': sys => openLink({ id: linkId }, { sys }).close(),
    'program by path': sys => openProgram({ path: join(folder, 'program') }, { sys }).close(),
    'program by id': sys => openProgram({ id: programId }, { sys }).close(),
    'program by name': sys => openProgram({ name: 'on_raw_tracepoi' }, { sys }).close(),
    links: sys => {
      for (const { id } of listLinks(sys)) if (id === linkId) break;
    },
    programs: sys => {
      for (const { id } of listPrograms(sys)) if (id === programId) break;
    },
    unpin: sys => {
      using opened = openLink({ id: linkId }, { sys });
      opened.unpin(join(folder, 'link'));
      opened.pin(join(folder, 'link'));
    },
  };
  for (const [way, act] of Object.entries(ways))
    for (const errno of [Errno.EPERM, Errno.ENOMEM, Errno.EINVAL]) {
      const failing = failingSys(liveSys());
      act(failing.sys);
      // Others on this machine may have come or gone since, so that a list can take some more calls or fewer.
      const { calls } = failing;
      const fds = openFds();
      let failures = 0;
      for (let n = 1; n <= calls; n++) {
        failing.failAt(n, errno);
        try {
          act(failing.sys);
        } catch (error) {
          failures++;
          if (!(error instanceof RawbpfError)) t.fail(`${way}: call ${n}: ${error}`);
        }
        failing.failAt(0, errno);
        if (way === 'unpin') restore();
      }
      t.ok(failures > 0, `${way}: ${failures} of ${calls} calls matter`);
      t.same(openFds(), fds, `${way}: no fd is left`);
      t.same(failing.strayCloses, []);
    }
  link.unpin();
  program.unpin();

  /** What was not pinned again, because that failed, is. */
  function restore(): void {
    link.unpin(join(folder, 'link'));
    link.pin(join(folder, 'link'));
  }
});

t.test('programs that go away during the list are passed over; a list that is forbidden says so', async t => {
  const sys = new FakeSys();
  using object = BpfObject.open(fixture('test-links-life'), { sys }).load({
    programs: ['first', 'second', 'on_xdp'],
  });
  const gone = object.program('second').info().id;
  const fds = sys.openFds.length;
  sys.answer(BpfCmd.BPF_PROG_GET_FD_BY_ID, attr => (attr['start_id'] === gone ? -Errno.ENOENT : undefined));
  t.same(
    [...listPrograms(sys)].map(info => info.name),
    ['first', 'on_xdp'],
  );
  t.equal(sys.openFds.length, fds);
  for (const cmd of [BpfCmd.BPF_PROG_GET_NEXT_ID, BpfCmd.BPF_LINK_GET_NEXT_ID]) sys.answer(cmd, -Errno.EPERM);
  t.throws(() => [...listPrograms(sys)], { message: /EPERM.*programs are .* with CAP_SYS_ADMIN only/ });
  t.throws(() => [...listLinks(sys)], { message: /EPERM.*links are .* with CAP_SYS_ADMIN only/ });
  t.throws(() => openProgram({ name: 'first' }, { sys }), { message: /CAP_SYS_ADMIN/ });
});
