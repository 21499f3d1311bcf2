import { BpfError, Errno, type Sys } from '../../../syscall/index.js';

/** The index of a network interface given by name or index. Throws BpfError when this process's network namespace has none of that name. */
export function interfaceIndex(sys: Sys, nameOrIndex: string | number, what: string): number {
  if (typeof nameOrIndex === 'number') {
    if (Number.isInteger(nameOrIndex) && nameOrIndex > 0) return nameOrIndex;
    throw new TypeError(`interface: ${nameOrIndex} is no index of a network interface: they begin at 1`);
  }
  if (!nameOrIndex || nameOrIndex.includes('\0'))
    throw new TypeError(`interface: ${JSON.stringify(nameOrIndex)} is no name of a network interface`);
  const index = sys.interfaceIndex(nameOrIndex);
  if (index > 0) return index;
  throw new BpfError({
    syscall: 'if_nametoindex',
    errno: -index,
    what,
    ...(index === -Errno.ENODEV ? { hint: noSuchInterface(nameOrIndex) } : {}),
  });
}

export function noSuchInterface(name: string | number): string {
  return `this network namespace has no interface ${name}: "ip link" lists those it has; one of a container is seen only from a process in its namespace`;
}
