import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { runCli } from '../../src/cli/run-cli.js';
import { type Document, leastShown, type Outcomes, type Tool, tools } from '../libbpf-tools.js';
import { repository } from '../repository.js';
import { runningKernel } from '../section-row.js';
import { thirdPartyObjects } from '../third-party.js';

t.setTimeout(600_000);

/** The kernel that the tools were packed for, which the record is of. */
const kernel = '6.1';

/** A tool that runs. */
interface Started {
  readonly name: string;
  readonly tool: Tool;
  readonly output: string;
  readonly finished: Promise<number>;
}

const record: Outcomes = JSON.parse(readFileSync(join(repository, 'test/libbpf-tools.json'), 'utf8'));
const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

t.test(`Linux ${release()}: the tools of libbpf-tools under rawbpf run`, async t => {
  if (runningKernel() !== kernel) return void t.plan(0, `the record is of Linux ${kernel}`);
  const folder = mkdtempSync(join(tmpdir(), 'libbpf-tools-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  execFileSync('modprobe', ['null_blk', 'nr_devices=1']);
  const said = listen(t);
  const started = startAll(folder);
  t.same(
    started.map(({ name }) => name),
    Object.keys(tools).sort(),
  );
  let ended = 0;
  for (const { finished } of started) finished.then(() => ended++);
  const attached = () => said.filter(text => text.includes('rawbpf: attached ')).length;
  while (attached() + ended < started.length) await wait(50);
  work(folder);
  await wait(500);
  process.kill(process.pid, 'SIGINT');
  let shown = 0;
  for (const { name, tool, output, finished } of started) {
    const outcome = outcomeOf(tool, await finished, read(output));
    t.comment(`tool-row ${JSON.stringify({ [name]: outcome })}`);
    t.equal(outcome.outcome, record[name]?.outcome, name);
    if (outcome.outcome === 'shows') shown++;
  }
  t.ok(shown >= leastShown, `${shown} tools show something`);
});

/** All in this process, where a module is loaded and the kernel's types are read once. */
function startAll(folder: string): Started[] {
  return thirdPartyObjects('libbpf-tools').flatMap(path => {
    const name = basename(path, '.bpf.o');
    const tool = tools[name];
    if (!tool) return [];
    const output = join(folder, `${name}.json`);
    const finished = runCli(['run', path, '--json', '--output', output, ...(tool.args ?? [])]);
    return [{ name, tool, output, finished }];
  });
}

/** Collects what the tools say on stderr. */
function listen(t: Test): string[] {
  const said: string[] = [];
  const { error } = console;
  console.error = (text: unknown) => void said.push(String(text));
  for (const emitter of [process, process.stdout, process.stderr]) emitter.setMaxListeners(0);
  t.teardown(() => {
    console.error = error;
    for (const text of said) if (!text.includes('rawbpf: attached')) t.comment(text);
  });
  return said;
}

function outcomeOf({ shows, instead, blind, refused }: Tool, status: number, documents: readonly Document[]) {
  const sight = documents.find(shows);
  if (sight) return { outcome: 'shows', detail: [excerpt(sight), instead].filter(Boolean).join('; ') };
  if (status === 0) return { outcome: 'attaches', detail: blind ?? 'UNKNOWN' };
  return { outcome: 'refused', detail: refused ?? 'UNKNOWN' };
}

/** The part of a document that differs from run to run least: its map, or the names of an event's members. */
function excerpt({ map, ...document }: Document): string {
  return map === undefined ? `events: ${Object.keys(document).join(', ')}` : `map ${map}`;
}

/** What there is to see. */
function work(folder: string): void {
  const quiet = { stdio: 'ignore' as const, timeout: 60_000 };
  spawnSync('perl', [join(repository, 'test/libbpf-tools-workload.pl'), folder], quiet);
  spawnSync('dd', ['if=/dev/zero', 'of=/dev/nullb0', 'bs=64k', 'count=16', 'oflag=direct'], quiet);
  spawnSync('getent', ['ahosts', 'localhost'], quiet);
  const mounted = join(folder, 'mounted');
  mkdirSync(mounted);
  spawnSync('mount', ['-t', 'tmpfs', 'none', mounted], quiet);
  spawnSync('umount', [mounted], quiet);
  spawnSync('script', ['-qec', 'bash --norc -i', '/dev/null'], {
    input: 'echo typed\nexit\n',
    timeout: 60_000,
  });
  outgrow();
}

/** A process that grows beyond the memory of its cgroup. */
function outgrow(): void {
  const cgroup = '/sys/fs/cgroup/libbpf-tools';
  mkdirSync(cgroup);
  writeFileSync('/sys/fs/cgroup/cgroup.subtree_control', '+memory');
  writeFileSync(join(cgroup, 'memory.max'), '16M');
  const grow = `open(my $f, '>', '${cgroup}/cgroup.procs'); print $f $$; close $f; my $x = 'x' x 64e6;`;
  spawnSync('perl', ['-e', grow], { stdio: 'ignore', timeout: 60_000 });
  rmdirSync(cgroup);
}

function read(file: string): Document[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map(line => JSON.parse(line));
}
