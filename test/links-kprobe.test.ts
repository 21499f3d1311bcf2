import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type AttachTarget, Kernel } from '../src/index.js';
import {
  fromAddresses,
  fromKallsyms,
  kernelFunctions,
  type MatchingFunctions,
  tracefsPath,
} from '../src/kernel/index.js';
import { Errno, liveSys } from '../src/syscall/index.js';
import { openFds } from './open-fds.js';
import { hasCookies, leavesNothing, probeObject, runsUntilClosed, touchFolder } from './probe-object.js';
import { sectionRow } from './section-row.js';

const kernel = Kernel.running(liveSys());
/** What tests of the legacy way left. */
const ownEntries = (): string[] => tracefsFile('kprobe_events').match(/\S*rawbpf\S*/g) ?? [];
const cookie = hasCookies() ? { cookie: 5n } : {};

for (const [section, name, event] of [
  ['kprobe', 'on_kprobe', 'kprobe'],
  ['kretprobe', 'on_kretprobe', 'kretprobe'],
  ['ksyscall', 'on_ksyscall', 'kprobe'],
  ['kretsyscall', 'on_kretsyscall', 'kretprobe'],
] as const)
  await sectionRow(t, [section], t => {
    const fds = openFds();
    using probe = probeObject(name);
    const link = probe.program.attach(cookie);
    const symbol = section.includes('syscall') ? /^__\w+_sys_rmdir$/ : 'vfs_rmdir';
    t.match(link, { kind: section.replace('ret', ''), target: symbol, isBpfLink: hasCookies() });
    touchFolder(t);
    t.same(probe.cookies(), [hasCookies() ? 5 : 0]);
    if (kernel.versionCode >= 0x060600) t.match(link.info(), { typeName: 'perf_event', event, symbol });
    runsUntilClosed(t, probe, link);
    probe[Symbol.dispose]();
    t.same(openFds(), fds, 'no fd is left');
  });

await sectionRow(t, ['kprobe.multi'], t => {
  using probe = probeObject('on_kprobe_multi');
  const link = probe.program.attach();
  t.match(link, { kind: 'kprobe_multi', target: 'vfs_?kdir', isBpfLink: true });
  t.equal(functionsOf(t, link), 1);
  link.close();
  const symbols = ['vfs_mkdir', 'vfs_rmdir'];
  const both = probe.program.attachTo({ kind: 'kprobe_multi', symbols, cookies: [3n, 4n] });
  touchFolder(t);
  t.same(probe.cookies(), [3, 4]);
  runsUntilClosed(t, probe, both);
});

await sectionRow(t, ['kretprobe.multi'], t => {
  using probe = probeObject('on_kretprobe_multi');
  const link = probe.program.attach();
  t.match(link.info(), { typeName: 'kprobe_multi', retprobe: true });
  touchFolder(t);
  t.same(probe.cookies(), [0]);
  runsUntilClosed(t, probe, link);
});

await sectionRow(t, ['kprobe.session'], t => {
  using probe = probeObject('on_kprobe_session');
  const link = probe.program.attachTo({ kind: 'kprobe_multi', symbols: ['vfs_rmdir'], cookies: [9n] });
  touchFolder(t);
  t.same(probe.cookies(), [9]);
  t.equal(probe.runs() % 2, 0, 'it runs at both ends of a call');
  runsUntilClosed(t, probe, link);
  runsUntilClosed(t, probe, probe.program.attach());
});

/** Explaining the others reads the kernel's symbols, which takes seconds in a guest. */
const cheap = [Errno.EPERM, Errno.ENOMEM];
/** The rest is about kernels that have kprobes, and those with FPROBE. */
const hasKprobes = existsSync('/sys/bus/event_source/devices/kprobe');
const hasFprobe = /^y$/.test(kernel.kconfig?.get('CONFIG_FPROBE') ?? '');

t.test('thousands of functions are one call', { skip: !hasFprobe && 'no CONFIG_FPROBE' }, t => {
  using probe = probeObject('on_many');
  const started = performance.now();
  const link = probe.program.attachTo({ kind: 'kprobe_multi', pattern: 'tcp_*' });
  const listed = lines('available_filter_functions').filter(name => name.startsWith('tcp_'));
  t.comment(`${listed.length} functions in ${Math.round(performance.now() - started)} ms`);
  t.ok(listed.length > 100);
  t.equal(functionsOf(t, link), listed.length);
  link.close();
  t.end();
});

t.test(
  'functions are found without their addresses in tracefs, too',
  { skip: !hasFprobe && 'no CONFIG_FPROBE' },
  t => {
    const found = (all: MatchingFunctions) => ('addresses' in all ? [...all.addresses].sort() : []);
    const pattern = 'vfs_?m*';
    const addresses = found(fromAddresses(pattern, tracefsFile('available_filter_functions_addrs')));
    t.ok(addresses.length > 1);
    // A function's symbol may be ahead of the place that is patched, by the instruction that indirect calls land on.
    const starts = found(fromKallsyms(pattern, tracefsFile('available_filter_functions')));
    t.equal(starts.length, addresses.length);
    t.ok(starts.every((start, i) => addresses[i]! - start >= 0n && addresses[i]! - start < 16n));
    t.end();
  },
);

t.test(
  'each mode attaches, and what fails leaves nothing',
  { skip: !hasKprobes && 'no CONFIG_KPROBES' },
  t => {
    t.same(ownEntries(), []);
    for (const mode of hasCookies() ? (['link', 'perf', 'legacy'] as const) : (['perf', 'legacy'] as const))
      for (const retprobe of [false, true]) {
        using probe = probeObject('on_kprobe');
        const link = probe.program.attachTo({ kind: 'kprobe', symbol: 'vfs_rmdir', retprobe, mode });
        t.equal(link.isBpfLink, mode === 'link');
        t.equal(ownEntries().length, mode === 'legacy' ? 1 : 0);
        runsUntilClosed(t, probe, link);
        t.same(ownEntries(), []);
      }
    leavesNothing(t, 'on_kprobe', { kind: 'kprobe', symbol: 'vfs_rmdir' }, ownEntries, cheap);
    leavesNothing(t, 'on_kprobe', { kind: 'kprobe', symbol: 'vfs_rmdir', mode: 'legacy' }, ownEntries, cheap);
    t.end();
  },
);

t.test('functions by address, by module and offset', { skip: !hasKprobes && 'no CONFIG_KPROBES' }, t => {
  const both = [...kernelFunctions(name => name === 'vfs_rmdir' || name === 'ovl_rmdir')];
  const [rmdir, ofModule] = ['vfs_rmdir', 'ovl_rmdir'].map(name => both.find(f => f.name === name));
  for (const mode of ['perf', 'legacy'] as const) {
    using probe = probeObject('on_kprobe');
    const byAddress = probe.program.attachTo({ kind: 'kprobe', address: rmdir!.address, mode });
    t.equal(byAddress.target, `0x${rmdir!.address.toString(16)}`);
    runsUntilClosed(t, probe, byAddress);
    if (!ofModule?.module) continue;
    const symbol = `${ofModule.module}:${ofModule.name}`;
    const inModule = probe.program.attachTo({ kind: 'kprobe', symbol, mode });
    t.equal(inModule.target, symbol);
    runsUntilClosed(t, probe, inModule);
  }
  t.end();
});

t.test('why a function cannot be probed is told', { skip: !hasKprobes && 'no CONFIG_KPROBES' }, t => {
  using probe = probeObject('on_kprobe');
  const attach = (target: object) => () =>
    void probe.program.attachTo({ kind: 'kprobe', ...target } as AttachTarget).close();
  const said = (target: object): string => {
    try {
      attach(target)();
      return 'attached';
    } catch (error) {
      return (error as Error).message;
    }
  };
  // To say what is near takes reading the kernel's symbols, seconds in a guest: by tracefs where that is the way.
  for (const mode of hasCookies() ? (['perf'] as const) : (['perf', 'legacy'] as const))
    t.throws(attach({ symbol: 'vfs_rmdri', mode }), {
      name: 'BpfError',
      errnoName: 'ENOENT',
      message: /no function vfs_rmdri that can be probed; near it are vfs_rmdir/,
    });
  t.match(said({ symbol: 'vfs_rmdir', offset: 8, retprobe: true }), /offset has to be 0/);
  t.match(said({ symbol: 'kprobe_dispatcher' }), /kprobe_dispatcher cannot be probed|on the blacklist/);
  t.match(said({ symbol: 'no_such_module:any' }), /no module no_such_module is loaded/);
  // Older kernels probe the first.
  const twice = kernel.versionCode >= 0x060700 ? duplicate() : undefined;
  if (twice) t.match(said({ symbol: twice }), /there is more than one function .*: at 0xf+[0-9a-f]+, 0xf/);
  t.throws(() => probe.program.attachTo({ kind: 'ksyscall', name: 'rmdri' }), /near it are __\w+_sys_rmdir/);
  t.throws(() => probe.program.attachTo({ kind: 'kprobe' }), /give the symbol or the address/);
  t.throws(
    () => probe.program.attachTo({ kind: 'kprobe', symbol: 'vfs_rmdir', mode: 'legacy', cookie: 1n }),
    /mode 'legacy' has none/,
  );
  t.same(ownEntries(), []);
  t.end();
});

t.test(
  'of many functions, those that are not there are named',
  { skip: !hasFprobe && 'no CONFIG_FPROBE' },
  t => {
    using probe = probeObject('on_kprobe_multi');
    const attach = (target: object) => () =>
      probe.program.attachTo({ kind: 'kprobe_multi', ...target } as AttachTarget);
    t.throws(attach({ symbols: ['vfs_mkdir', 'vfs_rmdri'] }), /no function vfs_rmdri; near it are vfs_rmdir/);
    t.throws(attach({ pattern: 'no_such_*' }), /no function that can be probed and matches no_such_/);
    t.throws(attach({ pattern: 'vfs_*', cookies: [1n] }), /order of what matches/);
    t.throws(attach({ symbols: ['vfs_mkdir'], cookies: [1n, 2n] }), /2 cookies for 1 functions/);
    t.throws(attach({}), /give one of pattern, symbols and addresses/);
    t.throws(attach({ symbols: [] }), /no function is given/);
    t.throws(attach({ symbols: ['vfs_mkdir'], session: true }), /loaded for another way of attaching/);
    leavesNothing(
      t,
      'on_kprobe_multi',
      { kind: 'kprobe_multi', symbols: ['vfs_mkdir', 'vfs_rmdir'] },
      ownEntries,
      cheap,
    );
    t.end();
  },
);

/** A function of the kernel proper that is there more than once. */
function duplicate(): string | undefined {
  const seen = new Set<string>();
  for (const { name, module } of kernelFunctions(name => /^[a-z]\w+$/.test(name))) {
    if (!module && seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

function functionsOf(t: Test, link: { info(): unknown }): number | undefined {
  const info = link.info() as { typeName: string; functions?: readonly unknown[] };
  t.equal(info.typeName, 'kprobe_multi');
  return info.functions?.length;
}

function tracefsFile(name: string): string {
  return readFileSync(join(tracefsPath(liveSys()), name), 'latin1');
}

function lines(file: string): string[] {
  return tracefsFile(file)
    .split('\n')
    .map(line => line.split(/[ \t]/)[0]!);
}
