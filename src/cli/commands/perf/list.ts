import { listTaskFds, type TaskFd } from '../../../programs/index.js';
import { exactJson } from '../../exact-json.js';
import { print, printLines } from '../../output.js';

export interface ListOptions {
  readonly json?: boolean;
}

/** `rawbpf perf list`: the programs that run at perf events and raw tracepoints, by the processes and fds that hold them. */
export async function listPerf({ json }: ListOptions): Promise<void> {
  const fds = [...listTaskFds()];
  if (json) await print(exactJson(fds.map(record)));
  else await printLines(fds.map(text));
}

/** What `bpftool -j perf list` has of one. */
function record(found: TaskFd): Readonly<Record<string, unknown>> {
  const { pid, fd, programId, fdType } = found;
  return { pid, fd, prog_id: programId, fd_type: fdType, ...place(found) };
}

function text(found: TaskFd): string {
  const { pid, fd, programId, fdType } = found;
  const details = Object.entries(place(found)).map(([name, value]) =>
    name === 'tracepoint' ? `${value}` : `${name} ${value}`,
  );
  return `pid ${pid}  fd ${fd}: prog_id ${programId}  ${[fdType, ...details].join('  ')}`;
}

function place(found: TaskFd): Readonly<Record<string, string | bigint>> {
  switch (found.fdType) {
    case 'raw_tracepoint':
    case 'tracepoint':
      return { tracepoint: found.tracepoint };
    case 'kprobe':
    case 'kretprobe':
      return found.symbol ? { func: found.symbol, offset: found.offset } : { addr: found.address };
    case 'uprobe':
    case 'uretprobe':
      return { filename: found.path, offset: found.offset };
  }
}
