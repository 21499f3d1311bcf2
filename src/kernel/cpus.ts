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

/** CPUs that may ever be, of which the kernel keeps a per-CPU value each, in this order. */
export function possibleCpus(): number[] {
  return parseCpuList(readFileSync(`${folder}/possible`, 'utf8'));
}

/** CPUs that run now. */
export function onlineCpus(): number[] {
  return parseCpuList(readFileSync(`${folder}/online`, 'utf8'));
}
