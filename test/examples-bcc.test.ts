import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { waitingChild } from './child.js';
import { type Running, startExample, stillThere } from './cli-process.js';
import { needs } from './live.js';
import { repository } from './repository.js';
import { traceLock } from './trace-lock.js';

const examples = [
  'hello',
  'hello-map',
  'hello-buffer',
  'hello-buffer-config',
  'hello-ring',
  'hello-tail',
  'opensnoop',
];

t.test('each is at most 40 lines', async t => {
  for (const name of examples) {
    const lines = readFileSync(join(repository, `examples/${name}.ts`), 'utf8')
      .trimEnd()
      .split('\n');
    t.ok(lines.length <= 40, `${name}: ${lines.length} lines`);
  }
});

interface Expected {
  /** What the process that the example watches does; it starts as a shell. */
  readonly does: string;
  /** What is to be seen of it. */
  readonly prints: (pid: number) => RegExp;
  readonly readsTrace?: boolean;
}

const uid = process.getuid?.() ?? 0;
// By path: a shell that looks for a program along PATH calls execve() for every folder.
const execs = 'exec /bin/sh -c "exec /bin/true"';

const cases: Record<string, Expected> = {
  hello: {
    does: execs,
    prints: pid => new RegExp(`-${pid} .*Hello World!(.|\n)*-${pid} .*Hello World!`),
    readsTrace: true,
  },
  'hello-map': { does: execs, prints: () => new RegExp(`^ID ${uid}: 2$`, 'm') },
  'hello-buffer': {
    does: execs,
    prints: pid => new RegExp(`^${pid} ${uid} sh Hello World\n${pid} ${uid} sh Hello World\n$`),
  },
  'hello-ring': {
    does: execs,
    prints: pid => new RegExp(`^${pid} ${uid} sh Hello World\n${pid} ${uid} sh Hello World\n$`),
  },
  'hello-buffer-config': {
    // The second message was set by the example when it had seen the first.
    does: 'sleep 0.5 & exec /bin/sh -c "sleep 3; exec /bin/true"',
    prints: pid => new RegExp(`^${pid} ${uid} sh Hey root!\n(.*\n)*${pid} ${uid} sh Again!\n$`),
  },
  'hello-tail': {
    does: execs,
    prints: pid => new RegExp(`-${pid} .*Executing a program(.|\n)*-${pid} .*Another syscall: \\d+`),
    readsTrace: true,
  },
  opensnoop: {
    // More than once: a tracepoint's programs do not run while another process is stopped in a map operation on the same CPU (bpf_prog_active).
    does: 'for i in 1 2 3; do < /etc/hostname; < /nosuch/file; sleep 0.1; done; true',
    prints: pid => new RegExp(`^${pid} +sh +\\d+ +0 /etc/hostname\n${pid} +sh +-1 +2 /nosuch/file$`, 'm'),
  },
};

for (const name of examples)
  t.test(`${name} shows what a process does, and ends at Ctrl-C`, async t => {
    if (!needs(t, { bpf: true, tools: ['bpftool'] })) return;
    await shows(t, name, cases[name] as Expected);
  });

async function shows(t: Test, name: string, { does, prints, readsTrace }: Expected): Promise<void> {
  if (readsTrace) await traceLock(t);
  const child = waitingChild(does);
  t.teardown(() => child.close());
  const example: Running = startExample(name, String(child.pid));
  await example.until(({ stderr }) => /^attached$/m.test(stderr));
  const ids = example.bpfIds();
  t.not(ids.prog.length, 0);
  await child.release();
  await example.until(({ stdout }) => prints(child.pid).test(stdout));
  t.equal(await example.stop(), 0, example.stderr);
  t.match(example.stdout, prints(child.pid));
  t.same(await stillThere(ids), []);
}
