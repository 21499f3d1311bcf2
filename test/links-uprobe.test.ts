import t, { type Test } from 'tap';
import type { Link } from '../src/index.js';
import { needs } from './live.js';
import { sectionRow } from './section-row.js';
import { isX86, nothing, type Seen, type Setting, setting, sums } from './uprobe-setting.js';

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
