import { realpathSync, writeFileSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { Refusal } from './refusal.js';

/** Writes a file that the user named. Throws Refusal, in one line, when it can't be written or is one of `inputs`. */
export function writeOutput(file: string, bytes: Uint8Array, inputs: readonly string[]): void {
  const path = realPath(file);
  if (path !== undefined && inputs.some(input => realPath(input) === path))
    throw new Refusal(`${file}: it is one of the inputs; name another output`);
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    const { errno, message } = error as NodeJS.ErrnoException;
    const [, reason = message] = getSystemErrorMap().get(errno ?? 0) ?? [];
    throw new Refusal(`${file}: ${reason}`, { cause: error });
  }
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}
