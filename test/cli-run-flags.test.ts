import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { waitingChild } from './child.js';
import { rawbpf, startRawbpf } from './cli-process.js';
import { needs } from './live.js';
import { fixture } from './repository.js';

// Many processes, one after the other.
t.setTimeout(180_000);

const opensnoop = fixture('opensnoop');

t.test('every setting of an object is a flag', async t => {
  const { status, stdout, stderr } = rawbpf('run', opensnoop, '--help');
  t.equal(status, 0, stderr);
  t.match(stdout, /^ +--count <n> /m, 'the options of run are there, too');
  const flags = stdout.slice(stdout.indexOf('Flags of '));
  t.match(flags, /--targ-pid <number> +\(pid_t, default 0\)/);
  t.match(flags, /--targ-uid <number> +\(uid_t, default 4294967295\)/);
  t.match(flags, /--targ-failed +\(_Bool, default false\)/);
});

t.test('flags that are wrong are wrong usage', async t => {
  const wrong: [string[], RegExp][] = [
    [[opensnoop, '--targ-pid', 'abc'], /targ_pid.*"abc" is not an integer/],
    [[opensnoop, '--targ-pid', '4294967296'], /targ_pid.*4294967296/],
    [[opensnoop, '--nope', '1'], /unknown option '--nope'/],
    [['--targ-pid', '1', opensnoop], /name the object first/],
    [[], /missing required argument 'file'/],
  ];
  for (const [args, message] of wrong) {
    const { status, stdout, stderr } = rawbpf('run', ...args);
    t.equal(status, 2, stderr);
    t.equal(stdout, '');
    t.match(stderr, message);
  }
});

t.test('flags set what programs read', async t => {
  if (!needs(t, { bpf: true })) return;
  const folder = t.testdir();
  const [there, missing] = [join(folder, 'there'), join(folder, 'missing')];
  for (const [flags, expected] of [
    [['--targ-failed'], [missing]],
    [['--no-targ-failed'], [there, missing]],
  ] as const) {
    const child = waitingChild(`: > ${there}; < ${missing}; true`);
    t.teardown(() => child.close());
    const count = ['--count', String(expected.length)];
    const run = startRawbpf('run', opensnoop, `--targ_tgid=${child.pid}`, ...flags, '--json', ...count);
    await run.until(({ stderr }) => stderr.includes('attached'));
    await child.release();
    t.equal(await run.finished, 0, run.stderr);
    const events = run.stdout.trimEnd().split('\n');
    t.same(
      events.map(line => JSON.parse(line).fname),
      expected,
    );
  }
});

t.test('to a file, with the time, as a struct that the command line declares', async t => {
  if (!needs(t, { bpf: true })) return;
  const folder = t.testdir();
  const [missing, output] = [join(folder, 'missing'), join(folder, 'events')];
  const child = waitingChild(`< ${missing}; true`);
  t.teardown(() => child.close());
  const members = 'u64 ts; pid_t pid; pid_t tid; uid_t uid; int ret; int flags; char comm[16];';
  const run = startRawbpf(
    ...['run', opensnoop, '--targ-tgid', String(child.pid), '--targ-failed'],
    ...['--event', `events=${members}`, '--json', '--timestamp', '--count', '1', '-o', output],
  );
  await run.until(({ stderr }) => stderr.includes('attached'));
  await child.release();
  t.equal(await run.finished, 0, run.stderr);
  t.equal(run.stdout, '');
  const { '@timestamp': time, ...event } = JSON.parse(readFileSync(output, 'utf8'));
  t.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  t.match(event, { pid: child.pid, ret: -2, comm: 'sh' });
  t.notOk('fname' in event);
});

t.test('what cannot be done is refused', async t => {
  const folder = t.testdir();
  const refused: [string[], RegExp][] = [
    [['--program', 'nope'], /no program of this name; there is tracepoint__/],
    [['--attach', 'tracepoint__syscalls__sys_exit_open=kprobe'], /a section with its target/],
    [['-o', join(folder, 'no/such')], /no such file or directory/],
    [['--event', 'nope=x'], /no map of events nope; there is events/],
    [['--event', 'events=nope'], /no struct nope; it has /],
    [['--event', 'events=foo x;'], /foo is no type that is known/],
  ];
  if (!needs(t, { bpf: true })) return;
  for (const [args, message] of refused) {
    const { status, stdout, stderr } = rawbpf('run', opensnoop, ...args, '--duration', '0.1');
    t.equal(status, 1, stderr);
    t.equal(stdout, '');
    t.match(stderr, message);
  }
});

t.test('only some programs, and elsewhere than their sections say', async t => {
  if (!needs(t, { bpf: true })) return;
  const name = 'tracepoint__syscalls__sys_enter_openat';
  const only = rawbpf('run', opensnoop, '--program', name, '--duration', '0.1');
  t.match(only.stderr, /attached tracepoint\/syscalls\/sys_enter_openat\n$/);
  const other = ['--attach', `${name}=tp/syscalls/sys_enter_openat2`];
  const elsewhere = rawbpf('run', opensnoop, '--program', name, ...other, '--duration', '0.1');
  t.match(elsewhere.stderr, /attached tracepoint syscalls\/sys_enter_openat2\n$/);
});

t.test('maps are printed again and again', async t => {
  if (!needs(t, { bpf: true })) return;
  const hello = fixture('hello-map');
  const { status, stdout, stderr } = rawbpf('run', hello, '--json', '--interval', '0.1', '--count', '3');
  t.equal(status, 0, stderr);
  t.same(
    stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).map),
    ['counter_table', 'counter_table', 'counter_table'],
  );
});

t.test('a pipe that breaks ends it without a word', async t => {
  if (!needs(t, { bpf: true })) return;
  const run = startRawbpf('run', fixture('hello-map'), '--json', '--interval', '0.05');
  await run.until(({ stdout }) => stdout.includes('\n'));
  run.child.stdout?.destroy();
  t.equal(await run.finished, 0, run.stderr);
  t.match(run.stderr, /^rawbpf: attached [^\n]*\n$/);
});

t.test('C source: its settings are flags, and its comments say what they are for', async t => {
  if (!needs(t, { tools: ['clang'] })) return;
  const source = `
#define SEC(name) __attribute__((section(name), used))
/// Process ID to trace
const volatile int pid_target = 0;
/// @cmdarg {"default": true, "short": "f", "long": "failed"}
/// @description only those that failed
const volatile _Bool targ_failed = 0;
/// @brief Counts.
char LICENSE[] SEC("license") = "GPL";
SEC("raw_tp/sched_switch")
int at_switch(void *ctx)
{
  return targ_failed ? pid_target : 0;
}
`;
  const folder = t.testdir({ 'count.bpf.c': source });
  const [file, packed] = [join(folder, 'count.bpf.c'), join(folder, 'package.json')];
  t.equal(rawbpf('package', file, '-o', packed).status, 0);
  for (const each of [file, packed]) {
    const { status, stdout, stderr } = rawbpf('run', each, '--help');
    t.equal(status, 0, stderr);
    t.match(stdout, /^Counts\.$/m);
    t.match(stdout, /--pid-target <number> +Process ID to trace \(int, default 0\)/);
    t.match(stdout, /-f, --failed +only those that failed \(_Bool, default true\)/);
  }
});
