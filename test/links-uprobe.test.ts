import t, { type Test } from 'tap';
import { BpfObject, type Link, type Program } from '../src/index.js';
import { needs } from './live.js';
import { fixture } from './repository.js';
import { sectionRow } from './section-row.js';
import { compileUser, startTarget, type UserTarget } from './user-target.js';

const source = `
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
unsigned short counter __attribute__((section(".probes"), used)) = 0;
__attribute__((noinline)) int work_twice(int x, const char *text) { __asm__ volatile("" :: "r"(text)); return 2 * x; }
__attribute__((noinline)) int work_more(int x) { __asm__ volatile("" ::: "memory"); return x + 100; }
int main(void) {
  char line[64];
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (fgets(line, sizeof(line), stdin)) {
    int x = atoi(line);
    int sum = work_twice(x, "hello, uprobe");
    sum += work_more(x);
    if (x < 0) sum = getppid();
    printf("%d %d\\n", sum, counter);
  }
  return 0;
}
`;

interface Seen {
  readonly entries: bigint;
  readonly returns: bigint;
  readonly arguments: bigint;
  readonly results: bigint;
  readonly cookies: bigint;
}

interface Setting {
  readonly target: UserTarget;
  readonly program: Program;
  readonly seen: () => Seen;
  readonly text: () => string;
}

/** Registers are those of x86-64. */
const isX86 = process.arch === 'x64';

/** Loads one program and starts a target for it. */
async function setting(t: Test, name: string, path = compileUser(t, source)): Promise<Setting> {
  const target = await startTarget(t, path);
  const obj = BpfObject.open(fixture('test-links-uprobe'));
  t.teardown(() => obj.close());
  obj.globals['pid_filter'] = target.pid;
  obj.load({ programs: [name] });
  const { globals } = obj;
  const number = (field: keyof Seen) => globals[field] as bigint;
  return {
    target,
    program: obj.program(name),
    seen: () => ({
      entries: number('entries'),
      returns: number('returns'),
      arguments: isX86 ? number('arguments') : 0n,
      results: isX86 ? number('results') : 0n,
      cookies: number('cookies'),
    }),
    text: () => String(globals['text']),
  };
}

const nothing: Seen = { entries: 0n, returns: 0n, arguments: 0n, results: 0n, cookies: 0n };

function sums(seen: Partial<Seen>): Seen {
  const { arguments: args = 0n, results = 0n } = seen;
  return { ...nothing, ...seen, arguments: isX86 ? args : 0n, results: isX86 ? results : 0n };
}

/** Attaches, has the target run once with 7, looks, detaches, and has it run again unseen. */
async function once(t: Test, { target, seen }: Setting, attach: () => Link, expected: Partial<Seen>) {
  await target.ask('3');
  t.same(seen(), nothing, 'nothing is seen before it is attached');
  const link = attach();
  await target.ask('7');
  t.same(seen(), sums(expected));
  link.close();
  await target.ask('9');
  t.same(seen(), sums(expected), 'nothing more is seen after it is detached');
}

const canRun = (t: Test) => needs(t, { bpf: true, tools: ['cc'] });

async function row(section: string, body: (t: Test) => Promise<void>): Promise<void> {
  await sectionRow(t, [section], async t => {
    if (canRun(t)) await body(t);
  });
}

await row('uprobe', async t => {
  const s = await setting(t, 'on_entry');
  const attach = () => s.program.attachTo({ kind: 'uprobe', binary: s.target.path, symbol: 'work_twice' });
  await once(t, s, attach, { entries: 1n, arguments: 7n });
});

await row('uprobe.s', async t => {
  const s = await setting(t, 'on_entry_sleepable');
  const attach = () => s.program.attachTo({ kind: 'uprobe', binary: s.target.path, symbol: 'work_twice' });
  await once(t, s, attach, { entries: 1n, arguments: 7n });
  if (isX86) t.equal(s.text(), 'hello, uprobe');
});

for (const [section, name] of [
  ['uretprobe', 'on_return'],
  ['uretprobe.s', 'on_return_sleepable'],
] as const)
  await row(section, async t => {
    const s = await setting(t, name);
    const target = { kind: 'uprobe', binary: s.target.path, symbol: 'work_twice', retprobe: true } as const;
    await once(t, s, () => s.program.attachTo(target), { returns: 1n, results: 14n });
  });

for (const [section, name] of [
  ['uprobe.multi', 'on_entries'],
  ['uprobe.multi.s', 'on_entries_sleepable'],
] as const)
  await row(section, async t => {
    const s = await setting(t, name);
    const target = { kind: 'uprobe_multi', binary: s.target.path, pattern: 'work_*' } as const;
    await once(t, s, () => s.program.attachTo(target), { entries: 2n, arguments: 14n });
  });

for (const [section, name] of [
  ['uretprobe.multi', 'on_returns'],
  ['uretprobe.multi.s', 'on_returns_sleepable'],
] as const)
  await row(section, async t => {
    const s = await setting(t, name);
    const target = {
      kind: 'uprobe_multi',
      binary: s.target.path,
      symbols: ['work_twice', 'work_more'],
      retprobe: true,
    } as const;
    await once(t, s, () => s.program.attachTo(target), { returns: 2n, results: 121n });
  });

for (const [section, name] of [
  ['uprobe.session', 'on_both'],
  ['uprobe.session.s', 'on_both_sleepable'],
] as const)
  await row(section, async t => {
    const s = await setting(t, name);
    const target = { kind: 'uprobe_multi', binary: s.target.path, pattern: 'work_*', session: true } as const;
    await once(t, s, () => s.program.attachTo(target), {
      entries: 2n,
      returns: 2n,
      arguments: 14n,
      results: 121n,
    });
  });
