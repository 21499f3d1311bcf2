// Traces the writes of one process, and shows every bpf(), perf_event_open() and ioctl() call on the way. What `npm start` runs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { BpfError, BpfObject, TracePipe } from 'rawbpf';
import { formatBpf, formatSyscall, subscribeSyscalls } from 'rawbpf/syscall';

const shown = new Set(['bpf', 'perf_event_open', 'ioctl']);
using object = BpfObject.open(new URL('../../fixtures/minimal.bpf.o', import.meta.url));

if (process.platform !== 'linux') showPlan(`this is ${process.platform}, not Linux`);
else if (process.getuid?.() !== 0) showPlan('this is not root');
else await traceChild();

/** What would be called, where it cannot be. */
function showPlan(reason: string): void {
  console.log(`Nothing was loaded, because ${reason}. Loading would make these calls:\n`);
  for (const step of object.plan().steps) console.log(formatBpf(step));
}

async function traceChild(): Promise<void> {
  const writes = 3;
  // The child writes only when it is told to, so that everything is attached by then.
  const script = `read go; for i in $(seq ${writes}); do echo "  the child writes line $i"; done`;
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    console.log(`Loading a program that traces write() in process ${child.pid}:\n`);
    subscribeSyscalls(event => {
      if (shown.has(event.name)) console.log(formatSyscall(event));
    });
    object.globals.pid_filter = child.pid ?? 0;
    object.load();
    const trace = TracePipe.open({ signal: AbortSignal.timeout(10_000) });
    object.attach();

    console.log('\nAttached. The child writes, and the program prints:\n');
    child.stdin.write('go\n');
    let lines = 0;
    for await (const { pid, raw } of trace) {
      if (pid !== child.pid) continue;
      console.log(raw);
      if (++lines === writes) break;
    }
    if (lines < writes)
      throw new Error(`only ${lines} of ${writes} lines came; does another process read trace_pipe?`);
    console.log('\nDetached and unloaded.');
  } catch (error) {
    if (!(error instanceof BpfError && error.errnoName === 'EPERM')) throw error;
    showPlan(`the kernel does not let this process: ${error.message}`);
  } finally {
    child.stdin.end();
    await ended;
  }
}
