import { readdirSync, readFileSync } from 'node:fs';

/** The name of a network device in this process's network namespace, wherever the number is from. */
export function interfaceName(ifindex: number): string | undefined {
  try {
    return readdirSync('/sys/class/net').find(
      name => Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')) === ifindex,
    );
  } catch {
    return undefined;
  }
}
