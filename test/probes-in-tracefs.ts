import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tracefsPath } from '../src/kernel/index.js';
import { liveSys } from '../src/syscall/index.js';

const files = (): string[] =>
  ['kprobe_events', 'uprobe_events'].map(file => join(tracefsPath(liveSys()), file)).filter(existsSync);

/** The probes of this process that are defined by name. */
export function leftInTracefs(): string[] {
  return files()
    .flatMap(path => readFileSync(path, 'latin1').split('\n'))
    .filter(line => line.includes(`/p${process.pid}_`));
}

/** Takes out those that closing a link could not. */
export function removeProbes(): void {
  for (const path of files())
    for (const line of readFileSync(path, 'latin1').split('\n')) {
      const [, event] = /^[pr][0-9]*:(rawbpf_\S+)/.exec(line) ?? [];
      if (event?.includes(`/p${process.pid}_`)) appendFileSync(path, `-:${event}\n`);
    }
}
