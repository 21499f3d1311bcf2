import t, { type Test } from 'tap';
import { builtinGroups, builtins } from '../src/cli/commands/feature/names.js';
import { nodeAs, rawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { repository } from './repository.js';

// Processes start slowly on a busy machine.
t.setTimeout(120_000);

type Flags = Readonly<Record<string, boolean | null>>;

interface Report {
  readonly system_config?: Readonly<Record<string, unknown>>;
  readonly syscall_config: { readonly have_bpf_syscall: boolean };
  readonly program_types: Flags;
  readonly map_types: Flags;
  readonly helpers: Readonly<Record<string, readonly string[] | null>>;
  readonly misc: Flags;
  readonly missing: readonly { readonly kind: string; readonly name: string; readonly since?: string }[];
}

function ours(t: Test, ...args: string[]): Report {
  const { status, stdout, stderr } = rawbpf('feature', 'probe', ...args, '--json');
  t.same([status, stderr], [0, '']);
  return JSON.parse(stdout);
}

const theirs = (...args: string[]): Report => JSON.parse(run('bpftool', '-j', 'feature', 'probe', ...args));

/** Those of `all` that `some` has, too. */
const common = <T>(all: Readonly<Record<string, T>>, some: object): Record<string, T> =>
  Object.fromEntries(Object.entries(all).filter(([name]) => name in some));

/** The driver of the kernel that CONFIG_BPFILTER built is gone since Linux 6.8, and newer bpftool does not ask for it. */
const bpfilter = ['CONFIG_BPFILTER', 'CONFIG_BPFILTER_UMH'];

t.test('it finds what bpftool finds, and says which Linux brought what is missing', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const [found, bpftool] = [ours(t, 'kernel'), theirs('kernel')];
  const { system_config = {}, syscall_config, program_types, map_types, helpers, misc, missing } = found;
  const asked = Object.fromEntries(
    Object.entries(bpftool.system_config ?? {}).filter(([name]) => !bpfilter.includes(name)),
  );
  t.same(system_config, asked, 'the settings');
  t.same(syscall_config, bpftool.syscall_config);
  // Ours are of newer kernels, so that there are more.
  for (const [found, known] of [
    [program_types, bpftool.program_types],
    [map_types, bpftool.map_types],
    [misc, bpftool.misc],
  ] as const) {
    t.ok(Object.keys(known).every(name => name in found));
    t.same(common(found, known), known);
  }
  // bpftool 7.1 does not understand how kernels since 6.9 refuse a helper, and takes it for available.
  for (const [name, known] of Object.entries(bpftool.helpers)) {
    const names = helpers[name] ?? [];
    const newer = names.filter(helper => !known?.includes(helper));
    t.ok(
      newer.every(helper => helper.startsWith('bpf_cgrp_storage_')) || known?.length === 0,
      `${name}: none but those that bpftool 7.1 does not know: ${newer}`,
    );
    t.equal(names.length === 0, known?.length === 0, name);
  }
  t.ok(helpers['xdp_available_helpers']?.includes('bpf_xdp_adjust_head'));
  t.notOk(helpers['socket_filter_available_helpers']?.includes('bpf_xdp_adjust_head'));
  t.ok(helpers['syscall_available_helpers']?.includes('bpf_sys_bpf'));
  t.notOk(helpers['xdp_available_helpers']?.includes('bpf_sys_bpf'));

  for (const [kind, flags, suffix] of [
    ['prog_type', program_types, '_prog_type'],
    ['map_type', map_types, '_map_type'],
    ['misc', misc, ''],
  ] as const)
    t.same(
      missing.filter(each => each.kind === kind).map(({ name }) => `have_${name}${suffix}`),
      Object.keys(flags).filter(name => flags[name] === false),
    );
  for (const { kind, name, since } of missing) t.match(since, /^\d+\.\d+$/, `${kind} ${name}`);
});

t.test('the text and the macros are those of bpftool', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const lines = (text: string): string[] =>
    text.split('\n').filter(line => line !== '' && !bpfilter.some(option => line.startsWith(option)));
  const withoutHelpers = (text: string): string[] =>
    lines(text).filter(line => !/^\t-|__HELPER_|HELPER\(|^ \*|^\/\*$/.test(line));
  for (const args of [[], ['macros', 'prefix', 'X_']]) {
    const text = rawbpf('feature', 'probe', 'kernel', ...args).stdout;
    const found = withoutHelpers(text).map(line => line.replace(/ \(Linux .*/, ''));
    if (args.length > 0) t.match(text, '\n#define X_BPF__PROG_TYPE_xdp__HELPER_bpf_redirect 1\n');
    for (const line of text.split('\n').filter(line => line.includes(' is NOT available')))
      t.match(line, /NOT available \(Linux \d+\.\d+ brought it/);
    for (const line of withoutHelpers(run('bpftool', 'feature', 'probe', 'kernel', ...args)))
      t.ok(found.includes(line), line);
  }
});

t.test('a device', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const { missing, ...report } = ours(t, 'dev', 'lo');
  const { helpers, ...known } = theirs('dev', 'lo');
  t.same({ ...report, helpers, misc: common(report.misc, known.misc) }, { ...known, helpers });
  t.same(report.helpers, { sched_cls_available_helpers: [], xdp_available_helpers: [] });
});

t.test('an ordinary user is told what could not be found out', async t => {
  if (!needs(t, { bpf: true })) return;
  const asNobody = (...args: string[]) =>
    nodeAs({ uid: 65534, gid: 65534 }, `${repository}/dist/src/cli/main.js`, 'feature', 'probe', ...args);
  const { status, stdout, stderr } = asNobody('--json');
  t.equal(status, 0);
  t.match(stderr, /^rawbpf: part of it could not be probed: that takes CAP_BPF[^\n]*\n$/);
  const report: Report = JSON.parse(stdout);
  t.ok(report.syscall_config.have_bpf_syscall);
  t.equal(report.program_types['have_xdp_prog_type'], null);
  t.equal(report.map_types['have_lpm_trie_map_type'], null);
  t.equal(report.helpers['xdp_available_helpers'], null);
  t.ok(report.system_config?.['unprivileged_bpf_disabled'] !== undefined);
  t.match(asNobody().stdout, /\neBPF program_type xdp could not be probed\n/);
});

t.test('the names that are known', async t => {
  if (!needs(t, { tools: ['bpftool'] })) return;
  for (const group of builtinGroups) {
    const known: string[] = JSON.parse(run('bpftool', '-j', 'feature', 'list_builtins', group));
    const names = builtins(group);
    t.same(names.slice(0, known.length), known, `${group} begin as bpftool's`);
    t.ok(names.length > known.length, 'and there are newer ones');
  }
  const names = builtins('link_types');
  const list = (...args: string[]) => rawbpf('feature', 'list_builtins', 'link_types', ...args).stdout;
  t.equal(list(), `${names.join('\n')}\n`);
  t.same(JSON.parse(list('--json')), names);
});

t.test('what is asked for wrongly', async t => {
  for (const [args, status, message] of [
    [['probe', 'kernel', 'dev', 'lo'], 1, /dev: not expected here/],
    [['probe', 'dev', 'rawbpf9'], 1, /has no interface of this name/],
    [['probe', 'unprivileged'], 1, /run it as a user without capabilities/],
    [['list_builtins', 'flavours'], 2, /Allowed choices are prog_types/],
  ] as const) {
    const finished = rawbpf('feature', ...args);
    t.same([finished.status, finished.stdout], [status, '']);
    t.match(finished.stderr, message);
  }
});
