import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { rawbpf } from './cli-process.js';
import { needs, run } from './live.js';
import { liveSet } from './live-set.js';

t.setTimeout(240_000);

type Record = Readonly<{ id: number; [field: string]: unknown }>;

/** What rawbpf tells and the bpftool at hand may not, because it is older: version 7.1 of Debian 12 does not know of most of these; `pids` takes one built with clang. */
const newer = {
  prog: new Set(['orphaned', 'recursion_misses', 'pids']),
  link: new Set([
    ...['pids', 'bpf_cookie', 'cookie', 'tracepoint', 'file', 'func', 'addr', 'offset', 'retprobe', 'missed'],
    ...['ref_ctr_offset', 'event_type', 'event_config', 'prog_type', 'path', 'func_cnt', 'funcs', 'pid'],
  ]),
};

/** The commands in one process. */
function batch(t: Test, commands: readonly string[], ...options: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'rawbpf-batch-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'commands');
  writeFileSync(file, `${commands.join('\n')}\n`);
  const { status, stdout, stderr } = rawbpf('batch', 'file', file, ...options);
  t.equal(status, 0, stderr);
  return stdout;
}

/** Each command in a process of its own. */
function bpftool(commands: readonly string[], ...options: string[]): string[] {
  return commands.map(command => {
    try {
      return run('bpftool', ...options, ...command.split(' '));
    } catch (error) {
      // link show of 7.7 has a status of 255 for one link that it shows.
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      if (command.startsWith('link show') && stdout && !stderr) return stdout;
      throw error;
    }
  });
}

function listed(kind: 'prog' | 'link'): { ours: Record[]; theirs: Record[] } {
  const { status, stdout, stderr } = rawbpf(kind, 'list', '--json', '--bpffs');
  t.equal(status, 0, stderr);
  return { ours: JSON.parse(stdout), theirs: JSON.parse(run('bpftool', '-j', '-f', kind, 'list')) };
}

function compareRecords(
  t: Test,
  kind: 'prog' | 'link',
  id: number,
  all: { ours: Record[]; theirs: Record[] },
): void {
  const ours = all.ours.find(record => record.id === id) ?? { id };
  const theirs = all.theirs.find(record => record.id === id) ?? { id };
  // A type that it has no name for it has no fields of, either.
  if (typeof theirs['type'] === 'number' && typeof ours['type'] === 'string') {
    t.equal(ours['prog_id'], theirs['prog_id'], `${kind} ${id}: prog_id`);
    return;
  }
  for (const [field, value] of Object.entries(theirs)) {
    const what = `${kind} ${id}: ${field}`;
    // Both compute it from two clocks that are read one after the other.
    if (field === 'loaded_at') t.ok(Math.abs(Number(ours[field]) - Number(value)) <= 1, what);
    // They grow between the two while any process has statistics enabled.
    else if (field === 'run_time_ns' || field === 'run_cnt')
      t.ok(Number(value) >= Number(ours[field] ?? 0), what);
    // Each in the order of its search.
    else if (field === 'pinned')
      t.same([...(ours[field] as string[])].sort(), [...(value as string[])].sort(), what);
    else t.same(ours[field], value, what);
  }
  const more = Object.keys(ours).filter(field => !(field in theirs) && !newer[kind].has(field));
  t.same(more, [], `${kind} ${id}: no fields of our own`);
}

t.test('lists and dumps of a live set are those of bpftool', async t => {
  if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
  const { programs, links, refused } = liveSet(t);
  for (const reason of refused) t.comment(reason);
  t.ok(programs.length >= 10, `${programs.length} programs`);
  t.ok(links.length >= 3, `${links.length} links`);
  const ids = {
    prog: programs.map(program => program.info().id),
    link: links.map(link => link.info().id),
  };

  for (const kind of ['prog', 'link'] as const) {
    const all = listed(kind);
    for (const id of ids[kind]) compareRecords(t, kind, id, all);
    const shows = ids[kind].map(id => `${kind} show id ${id}`);
    const ours = outputsOf(batch(t, shows, '--json')) as Record[];
    const theirs = bpftool(shows, '-j').map(text => JSON.parse(text));
    for (const id of ids[kind]) compareRecords(t, kind, id, { ours, theirs });
  }

  // bpftool reads all of /proc/kallsyms for each dump, and 7.1 takes one detail at a time.
  const everything = new Set(programs.filter(p => p.file.includes('test-listing')).map(p => p.info().id));
  const dumps = (id: number, word: string, ...more: string[]): string[] =>
    [word, ...(everything.has(id) ? more : [])].map(word => `prog dump xlated id ${id} ${word}`.trim());

  const json = ids.prog.flatMap(id => dumps(id, 'opcodes', 'linum', ''));
  const theirs = bpftool(json, '-j').map(text =>
    // For a backslash 7.1 has the escape of a line's end.
    JSON.parse(text, (name, value) => (name === 'src' ? value.replaceAll('\n', '\\') : value)),
  );
  for (const [i, output] of outputsOf(batch(t, json, '--json')).entries())
    t.same(output, theirs[i], `${json[i]}`);

  const text = ids.prog.flatMap(id => [`prog show id ${id}`, ...dumps(id, 'linum', 'opcodes', '')]);
  t.same(linesOf(batch(t, text)), linesOf(bpftool(text).join('')));
});

function outputsOf(batch: string): unknown[] {
  return JSON.parse(batch).map(({ output }: { output: unknown }) => output);
}

/** But for what bpftool 7.1 does not know, the second in which each reads the clock, and statistics, which any process may enable meanwhile. */
function linesOf(text: string): string[] {
  return text
    .replaceAll(/loaded_at \S+/g, 'loaded_at …')
    .replaceAll(/ {2}run_time_ns \d+ run_cnt \d+/g, '')
    .replaceAll(/\n\tpids .*/g, '')
    .split('\n')
    .map(line => line.trimEnd());
}
