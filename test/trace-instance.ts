import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tracefsPath } from '../src/kernel/index.js';

/** The trace lines of one process, apart from what other readers of `trace_pipe` take away from each other. */
export interface TraceInstance {
  /** What `bpf_printk()` printed in the process, so far. */
  linesOf(pid: number): string[];
  close(): void;
}

/** Makes a tracing instance that records bpf_printk() (Linux 5.9) into a buffer of its own. */
export function traceInstance(): TraceInstance {
  const folder = join(tracefsPath(), 'instances', `rawbpf-test-${process.pid}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'events/bpf_trace/bpf_trace_printk/enable'), '1');
  return {
    linesOf(pid) {
      const lines = readFileSync(join(folder, 'trace'), 'utf8').split('\n');
      return lines.flatMap(line => {
        const [, at, text] = /^.*?-(\d+) +\[\d+\].*?: bpf_trace_printk: (.*)$/.exec(line) ?? [];
        return Number(at) === pid && text !== undefined ? [text] : [];
      });
    },
    close: () => rmdirSync(folder),
  };
}
