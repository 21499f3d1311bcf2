import t, { type Test } from 'tap';
import {
  type AttachTarget,
  BpfObject,
  Kernel,
  type LoadOptions,
  liveSys,
  RawbpfError,
} from '../../src/index.js';
import { syscallSymbol } from '../../src/kernel/index.js';
import { errnos, everyCallFails } from '../every-call-fails.js';
import { failingSys } from '../failing-sys.js';
import { run } from '../live.js';
import { openFds } from '../open-fds.js';
import { ownCgroup } from '../own-cgroup.js';
import { leftInTracefs, removeProbes } from '../probes-in-tracefs.js';
import { fixture } from '../repository.js';
import { until } from '../until.js';

// Under emulation everything is slow.
t.setTimeout(900_000);
const kernel = Kernel.running(liveSys());

/** Of the errnos those that nothing is read for to explain them: with the others a kprobe's symbols are, which takes seconds in a guest. */
const unexplained = [1, 4, 11, 12];

/** A link. */
interface Closing {
  close(): void;
}

/** Each kind is tried in the guests where it is attached by other calls, not in all: it takes seconds there. */
type Guest = 'bullseye' | 'trixie' | 'sid';

function skipped(t: Test, tried: readonly Guest[]): boolean {
  const { versionCode } = kernel;
  const here =
    versionCode < 0x051000
      ? 'bullseye'
      : versionCode >= 0x070000
        ? 'sid'
        : versionCode >= 0x060c00
          ? 'trixie'
          : undefined;
  if (here && tried.includes(here)) return false;
  t.plan(0, `tried on the kernels of ${tried.join(' and ')}`);
  return true;
}

interface Kind {
  /** Of fixtures/, without `test-links-`. */
  readonly object: string;
  readonly program: string;
  readonly guests: readonly Guest[];
  readonly target?: AttachTarget;
  readonly function?: string;
  readonly errnos?: readonly number[];
}

const rmdir = { kind: 'kprobe', symbol: 'vfs_rmdir' } as const;
const umask = syscallSymbol(kernel, 'umask');
const kprobe = { object: 'kprobe', errnos: unexplained, guests: ['trixie'] } as const;
const tracing = { object: 'tracing', guests: ['sid'] } as const;

const kinds: readonly Kind[] = [
  { ...kprobe, program: 'on_kprobe', errnos },
  { ...kprobe, program: 'on_kretprobe' },
  { ...kprobe, program: 'on_kprobe', target: { ...rmdir, mode: 'perf' }, guests: ['bullseye'] },
  { ...kprobe, program: 'on_kprobe', target: { ...rmdir, mode: 'legacy' }, guests: ['bullseye', 'trixie'] },
  {
    ...kprobe,
    program: 'on_kretprobe',
    target: { ...rmdir, retprobe: true, mode: 'legacy' },
    guests: ['bullseye'],
  },
  { ...kprobe, program: 'on_ksyscall' },
  {
    ...kprobe,
    program: 'on_kprobe_multi',
    target: { kind: 'kprobe_multi', symbols: ['vfs_mkdir', 'vfs_rmdir'] },
    guests: ['trixie', 'sid'],
  },
  {
    ...kprobe,
    program: 'on_kprobe_session',
    target: { kind: 'kprobe_multi', symbols: ['vfs_rmdir'] },
  },
  { ...tracing, program: 'on_entry', function: umask, guests: ['bullseye', 'trixie', 'sid'] },
  { ...tracing, program: 'on_exit', function: umask },
  { ...tracing, program: 'on_return' },
  { ...tracing, program: 'on_hook' },
  { ...tracing, program: 'on_tp_btf_sleepable' },
  { ...tracing, program: 'on_entries', function: `${umask.slice(0, -1)}*` },
  { object: 'iter', program: 'tasks_sleepable', guests: ['sid'] },
];

for (const kind of kinds) {
  const { object, program, target } = kind;
  const name = `${program} ${target && 'mode' in target ? target.mode : ''}`.trim();
  t.test(`Linux ${kernel.release}: whichever call fails, ${name} leaves nothing`, async t => {
    if (skipped(t, kind.guests)) return;
    const attachTarget = kind.function;
    const programs = { [program]: { autoload: true, ...(attachTarget ? { attachTarget } : {}) } };
    const attach = (loaded: BpfObject): Closing =>
      target ? loaded.program(program).attachTo(target) : loaded.program(program).attach();
    const loads = program === 'on_entries' || (program === 'on_entry' && kernel.versionCode < 0x070000);
    await leavesNothing(t, `test-links-${object}`, { programs }, attach, { wanted: kind.errnos, loads });
  });
}

t.test(`Linux ${kernel.release}: whichever call fails, freplace leaves nothing`, async t => {
  if (skipped(t, ['bullseye', 'sid'])) return;
  using target = BpfObject.open(fixture('test-links-tracing')).load({ programs: ['answers'] });
  const programs = {
    replacement: { autoload: true, attachTarget: { program: target.program('answers') } },
  };
  const attach = (loaded: BpfObject): Closing => loaded.program('replacement').attach();
  await leavesNothing(t, 'test-links-tracing', { programs }, attach, { loads: true });
});

t.test(`Linux ${kernel.release}: whichever call fails, lsm_cgroup leaves nothing`, async t => {
  if (skipped(t, ['trixie', 'sid'])) return;
  const cgroup = ownCgroup(t).folder;
  await leavesNothing(t, 'test-links-cgroup', { programs: ['socket_bind'] }, loaded =>
    loaded.program('socket_bind').attachTo({ kind: 'cgroup', cgroup }),
  );
});

t.test(`Linux ${kernel.release}: whichever call fails, struct_ops leaves nothing`, async t => {
  if (skipped(t, ['sid'])) return;
  const maps = { linked: { autocreate: true } };
  await leavesNothing(t, 'test-links-struct-ops', { maps }, loaded => loaded.attach());
});

t.test(`Linux ${kernel.release}: whichever call fails, netkit leaves nothing`, async t => {
  if (skipped(t, ['trixie'])) return;
  run('ip', 'link', 'add', 'rawbpfnk', 'type', 'netkit');
  t.teardown(() => run('ip', 'link', 'del', 'rawbpfnk'));
  const target = { kind: 'netkit', interface: 'rawbpfnk' } as const;
  await leavesNothing(t, 'test-links-net', { programs: ['on_netkit_primary'] }, loaded =>
    loaded.program('on_netkit_primary').attachTo(target),
  );
});

/**
 * Attaches a loaded object, and detaches it, with each call failing in turn, with each errno. Loading is tried with one of them, and only where `loads` says that it
 * asks the kernel for more than other programs do: it takes seconds in a guest.
 */
async function leavesNothing(
  t: Test,
  file: string,
  options: LoadOptions,
  attach: (object: BpfObject) => Closing | readonly Closing[],
  { wanted = errnos, loads = false }: { wanted?: readonly number[] | undefined; loads?: boolean } = {},
): Promise<void> {
  const left = (): unknown => [openFds(), leftInTracefs(), programsAndLinks()];
  const before = left();
  {
    const failing = failingSys(liveSys());
    using object = BpfObject.open(fixture(file), { sys: failing.sys }).load(options);
    const open = JSON.stringify([...failing.open]);
    let refused = 0;
    for (const errno of wanted) {
      for (let n = 1; ; n++) {
        const { calls } = failing;
        failing.failAt(n, errno);
        try {
          for (const link of [attach(object)].flat()) link.close();
        } catch (error) {
          if (!(error instanceof RawbpfError)) throw error;
          refused++;
          removeProbes();
        }
        const now = JSON.stringify([...failing.open]);
        if (now !== open) t.fail(`call ${n} answers ${errno}: open are ${now}, not ${open}`);
        if (failing.calls - calls < n) break;
      }
    }
    t.ok(refused > 0, `${refused} refusals`);
    t.same(failing.strayCloses, []);
  }
  if (loads) everyCallFails(t, file, fixture(file), options, () => {}, undefined, [22]);
  // The kernel frees programs of struct_ops some moments after the last fd is closed.
  await until(() => JSON.stringify(left()) === JSON.stringify(before));
  t.same(left(), before, 'no fd, probe, program or link is left');
}

/** Their ids. Not the programs that bpftool itself loads to ask. */
function programsAndLinks(): readonly unknown[] {
  const listed = (kind: string): unknown[] => JSON.parse(run('bpftool', '-j', kind, 'list'));
  return [listed('link'), listed('prog')].map(all => all.map(each => (each as { id: number }).id));
}
