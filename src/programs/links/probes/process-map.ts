import { readFileSync, statSync } from 'node:fs';
import { UserBinaryError } from './user-binary-error.js';

/**
 * Where a place of a file is in the memory of a process that has it mapped, by /proc/PID/maps. Throws UserBinaryError when the process is not there, or does not have it
 * mapped.
 */
export function mappedAddress(pid: number, path: string, offset: number): bigint {
  const { ino } = statSync(path, { bigint: true });
  for (const line of readMaps(pid, path).split('\n')) {
    const [, start, end, from, inode, name] =
      /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ (\d+)\s*(.*)$/.exec(line) ?? [];
    if (start === undefined || end === undefined || from === undefined) continue;
    // The device is not compared: some file systems give another one there.
    if (name !== path && inode !== String(ino)) continue;
    const [first, last, fileOffset] = [BigInt(`0x${start}`), BigInt(`0x${end}`), BigInt(`0x${from}`)];
    const inside = BigInt(offset) - fileOffset;
    if (inside >= 0n && inside < last - first) return first + inside;
  }
  throw new UserBinaryError(path, `process ${pid} does not have it mapped at 0x${offset.toString(16)}`);
}

function readMaps(pid: number, path: string): string {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch (cause) {
    throw new UserBinaryError(path, `the memory map of process ${pid} cannot be read`, { cause });
  }
}
