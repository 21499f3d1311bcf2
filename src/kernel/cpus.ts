import { readFileSync } from 'node:fs';

const folder = '/sys/devices/system/cpu';

/** Numbers of the CPUs in a list such as `0-3,8`. */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter(Boolean)
    .flatMap(range => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** CPUs that may ever be: what sizes per-CPU values and perf event arrays. */
export function possibleCpus(): number {
  return Math.max(...parseCpuList(readFileSync(`${folder}/possible`, 'utf8'))) + 1;
}

/** CPUs that run now. */
export function onlineCpus(): number[] {
  return parseCpuList(readFileSync(`${folder}/online`, 'utf8'));
}
