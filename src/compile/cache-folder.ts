import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * Calls `use` with a folder for what compiling makes: the one that is given, the user's, or, where there is none or it is not the user's own to write, one that is removed
 * again afterwards.
 */
export function inCacheFolder<T>(asked: string | false | undefined, use: (folder: string) => T): T {
  const folder = asked === undefined ? usersFolder() : asked || undefined;
  if (folder !== undefined && make(folder, asked === undefined)) return use(folder);
  const temporary = mkdtempSync(join(tmpdir(), 'rawbpf-compile-'));
  try {
    return use(temporary);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/**
 * Undefined where another user could write there: what root loads into the kernel must not come from somebody else's folder, as it would where sudo
 * keeps HOME.
 */
function usersFolder(): string | undefined {
  const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'rawbpf', 'compile');
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  return isOwn(existing) ? folder : undefined;
}

function isOwn(folder: string): boolean {
  const { uid, mode } = statSync(folder);
  return process.geteuid === undefined || (uid === process.geteuid() && (mode & 0o022) === 0);
}

/** False where it cannot be made and nobody asked for it: a file system that is read-only, a quota. */
function make(folder: string, mayFail: boolean): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
    return true;
  } catch (error) {
    if (mayFail) return false;
    throw error;
  }
}
