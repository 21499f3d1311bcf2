import { spawn } from 'node:child_process';
import { release } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type WaitingChild, waitingChild } from '../child.js';
import { Running, startExample } from '../cli-process.js';
import { repository } from '../repository.js';
import { recordSeed } from '../seed-row.js';

/** What BCC's Python has seen of one process. */
interface Seen {
  readonly traced: readonly (readonly [comm: string, message: string])[];
  readonly counted: Readonly<Record<string, number>>;
  readonly told: readonly (readonly [pid: number, uid: number, comm: string, message: string])[];
}

const execs = () => waitingChild('exec /bin/true');
/** Milliseconds: a guest without an accelerator takes its time to start node, and more to compile with BCC. */
const patience = 200_000;

/** The hello worlds in Python: all in one program, because compiling one takes BCC a long time here. */
async function seenByBcc(): Promise<Seen> {
  const python = spawn('/usr/bin/python3', [join(repository, 'test/peers/bcc-hello.py')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const bcc = new Running(python);
  try {
    await bcc.until(({ stdout }) => stdout.includes('ready'), patience);
    const child = execs();
    await child.release();
    python.stdin.write(`${child.pid}\n`);
    await bcc.until(({ stdout }) => stdout.includes('}\n'), patience);
  } finally {
    await bcc.stop('SIGKILL');
  }
  return JSON.parse(bcc.stdout.split('\n')[1] ?? '');
}

/** The line that an example prints of a process that calls execve(). */
async function lineOf(
  example: string,
  wanted: (line: string, child: WaitingChild) => boolean,
): Promise<string> {
  const child = execs();
  const running = startExample(example, String(child.pid));
  const line = () => running.stdout.split('\n').find(line => wanted(line, child));
  try {
    await running.until(({ stderr }) => stderr.includes('attached'), patience);
    await child.release();
    await running.until(() => line() !== undefined, patience);
  } finally {
    child.close();
    await running.stop();
  }
  return line() ?? '';
}

t.test(`Linux ${release()}: the hello worlds of BCC, beside BCC`, async t => {
  const { traced, counted, told } = await seenByBcc();
  const message = (part: string) => traced.map(([, message]) => message).find(m => m.includes(part)) ?? '';

  const hello = await lineOf('hello', line => line.includes('Hello'));
  t.ok(hello.endsWith(`: ${message('Hello')}`), hello);
  row(t, 'hello.py', message('Hello'), 'hello.ts', hello.replace(/.*: /, ''));

  const counts = await lineOf('hello-map', line => line.includes('ID 0'));
  t.ok((counted['0'] ?? 0) > 0);
  t.equal(counts, 'ID 0: 1');
  row(
    t,
    'hello-map.py',
    `ID 0: ${counted['0']}`.replace(/\d+$/, '…'),
    'hello-map.ts',
    counts.replace(/\d+$/, '…'),
  );

  // The first execve() of the process made it a shell.
  const [bccPid, ...bccTold] = told.at(-1) ?? [];
  t.type(bccPid, 'number');
  const buffer = await lineOf('hello-buffer-config', (line, { pid }) => line.startsWith(`${pid} `));
  t.same(buffer.split(' ').slice(1).join(' '), bccTold.join(' '));
  const noPid = (line: string) => line.replace(/^\d+/, '…');
  row(t, 'hello-buffer-config.py', `… ${bccTold.join(' ')}`, 'hello-buffer-config.ts', noPid(buffer));

  const tail = await lineOf('hello-tail', line => line.includes('Executing'));
  t.ok(tail.endsWith(`: ${message('Executing')}`), tail);
  row(t, 'hello-tail.py', message('Executing'), 'hello-tail.ts', tail.replace(/.*: /, ''));
});

function row(t: Test, python: string, theirs: string, typescript: string, ours: string): void {
  recordSeed(
    t,
    { command: `python3 ${python} (BCC)`, prints: theirs },
    { command: `node examples/${typescript.replace('.ts', '.js')}`, prints: ours },
  );
}
