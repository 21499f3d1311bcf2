import { readFileSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { Refusal } from './refusal.js';

/** The bytes of a file that the user named. Throws Refusal, in one line, when it can't be read. */
export function readInput(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const { errno, message } = error as NodeJS.ErrnoException;
    const [, reason = message] = getSystemErrorMap().get(errno ?? 0) ?? [];
    throw new Refusal(`${file}: ${reason}`, { cause: error });
  }
}
