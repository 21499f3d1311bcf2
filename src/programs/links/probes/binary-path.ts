import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserBinaryError } from './user-binary-error.js';

/** Debian's name for what this Node was built for, as in the folders of its libraries. */
const multiarch: Readonly<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  ia32: 'i386-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  arm: 'arm-linux-gnueabihf',
  riscv64: 'riscv64-linux-gnu',
  loong64: 'loongarch64-linux-gnu',
  ppc64: 'powerpc64le-linux-gnu',
  s390x: 's390x-linux-gnu',
};

/**
 * The file that a program or library is in. A name with a `/` is a path. Others are looked up: one with `.so` in the folders of libraries
 * (LD_LIBRARY_PATH, the loader's cache, the system's), one without as a program (PATH), and then as a library without its version: `libc` is
 * `libc.so.6`. libbpf does so but for the cache and the last (resolve_full_path in src/libbpf.c). Throws UserBinaryError when there is none.
 */
export function binaryPath(name: string): string {
  if (!name) throw new UserBinaryError('(no name)', 'an empty name');
  if (name.includes('/')) return resolve(name);
  const isLibrary = /\.so(\.|$)/.test(name);
  const found = isLibrary ? libraryFile(name) : (programFile(name) ?? newestLibrary(name));
  if (found) return found;
  throw new UserBinaryError(
    name,
    isLibrary
      ? `no such library in ${libraryFolders().join(', ')}, nor in the loader's cache: give its path`
      : 'no such program in PATH, and no library of this name: give its path',
  );
}

function libraryFile(name: string): string | undefined {
  return [...inFolders(libraryFolders(), name), ...cached().filter(path => path.endsWith(`/${name}`))].find(
    isForThisMachine,
  );
}

function programFile(name: string): string | undefined {
  return inFolders([...list(process.env['PATH']), '/usr/bin', '/usr/sbin'], name).find(path => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat?.isFile() && (stat.mode & 0o111) !== 0;
  });
}

/** `libc.so` where it is a library (and not a script for the linker), else the highest of `libc.so.6` and the like in the first folder that has one. */
function newestLibrary(name: string): string | undefined {
  const prefix = `${name}.so`;
  const unversioned = libraryFile(prefix);
  if (unversioned) return unversioned;
  const isVersion = (file: string): boolean =>
    file.startsWith(`${prefix}.`) && /^[\d.]+$/.test(file.slice(prefix.length));
  const newestFirst = (files: string[]): string[] =>
    files.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const folder of libraryFolders()) {
    const found = newestFirst(entries(folder).filter(isVersion))
      .map(file => join(folder, file))
      .find(isForThisMachine);
    if (found) return found;
  }
  return newestFirst(cached().filter(path => isVersion(path.slice(path.lastIndexOf('/') + 1)))).find(
    isForThisMachine,
  );
}

function libraryFolders(): string[] {
  const arch = multiarch[process.arch];
  const own = arch ? [`/lib/${arch}`, `/usr/lib/${arch}`] : [];
  const system = [...own, '/lib64', '/usr/lib64', '/lib', '/usr/lib', '/usr/local/lib'];
  return [...list(process.env['LD_LIBRARY_PATH']), ...system];
}

/** The libraries that ldconfig(8) found. Their paths stand NUL-terminated at the end of its cache. */
function cached(): string[] {
  try {
    return readFileSync('/etc/ld.so.cache', 'latin1')
      .split('\0')
      .filter(text => text.startsWith('/'));
  } catch {
    return [];
  }
}

function inFolders(folders: readonly string[], name: string): string[] {
  return folders.map(folder => resolve(folder, name));
}

function list(paths = ''): string[] {
  return paths.split(':').filter(Boolean);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** True for an ELF file of the class, byte order and machine of this Node's own. */
function isForThisMachine(path: string): boolean {
  const [own, other] = [identity(process.execPath), identity(path)];
  return own !== undefined && own === other;
}

function identity(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const bytes = Buffer.alloc(20);
    if (readSync(fd, bytes) < 20 || bytes.readUInt32BE() !== 0x7f454c46) return undefined;
    return bytes.toString('hex', 4, 6) + bytes.toString('hex', 18, 20);
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}
