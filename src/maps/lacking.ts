import type { Kernel } from '../kernel/index.js';

const lacking = new WeakMap<Kernel, Set<string>>();

/** Whether a kernel was found not to have something for maps of a type: it is not asked again. */
export function isLacking(kernel: Kernel, type: number, what: number | string): boolean {
  return lacking.get(kernel)?.has(`${type} ${what}`) ?? false;
}

export function setLacking(kernel: Kernel, type: number, what: number | string): void {
  const known = lacking.get(kernel) ?? new Set();
  lacking.set(kernel, known.add(`${type} ${what}`));
}
