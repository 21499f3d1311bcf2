// Lists the processes of the machine: their ids, owners, threads and names. An argument is the only one to list.
//
// What it teaches: a program of SEC("iter/task") runs once for each thread that there is, when somebody reads. Nothing is traced and nothing is
// attached: the kernel walks its own list, and the program picks what it wants of each `struct task_struct`, which CO-RE finds in any kernel.
// It writes records of its own struct, and as() decodes them by the object's BTF. /proc is not involved.
import { BpfObject } from 'rawbpf';

type Process = { pid: number; ppid: number; uid: number; threads: number; comm: string };

const pid = process.argv[2];

using b = BpfObject.open(new URL('../../fixtures/ps.bpf.o', import.meta.url)).load();
const tasks = b.program('each_task').read(pid ? { pid: Number(pid) } : {});

console.log('    PID    PPID    UID NLWP COMMAND');
for await (const { pid, ppid, uid, threads, comm } of tasks.as<Process>('process')) {
  const columns = [String(pid).padStart(7), String(ppid).padStart(7), String(uid).padStart(6)];
  console.log(`${columns.join(' ')} ${String(threads).padStart(4)} ${comm}`);
}
