import { closeSync, constants, openSync, readFileSync, statfsSync } from 'node:fs';
import type { Cause } from '../../../kernel/index.js';
import { BpfError, Errno } from '../../../syscall/index.js';

/** A cgroup's folder while it is open, for as long as the kernel has to be told of it. */
export interface CgroupFolder {
  readonly fd: number;
  /** Its path, as far as it is known. */
  readonly path: string;
  /** Closes the fd, unless it is the caller's. */
  close(): void;
}

/** Magic numbers of file systems (include/uapi/linux/magic.h). */
const CGROUP_SUPER_MAGIC = 0x27e0eb;
const CGROUP2_SUPER_MAGIC = 0x63677270;

/** Opens the folder of a cgroup by its path, or takes a fd as it is. Throws BpfError when it cannot be opened, TypeError for what is neither. */
export function openCgroup(cgroup: string | number, what: string): CgroupFolder {
  if (typeof cgroup === 'number') {
    if (!Number.isInteger(cgroup) || cgroup < 0)
      throw new TypeError(`${what}: cgroup: must be the path of a cgroup's folder, or a fd of it`);
    return { fd: cgroup, path: `/proc/self/fd/${cgroup}`, close() {} };
  }
  const fd = open(cgroup, what);
  let isOpen = true;
  return {
    fd,
    path: cgroup,
    close() {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}

function open(path: string, what: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    const { errno = 0 } = cause as NodeJS.ErrnoException;
    if (errno === 0) throw new TypeError(`${what}: cgroup: ${(cause as Error).message}`, { cause });
    const hint =
      -errno === Errno.ENOENT || -errno === Errno.ENOTDIR ? `there is no cgroup ${path}. ${whereV2()}` : '';
    throw new BpfError(
      { syscall: 'open', errno: -errno, what: `${what}: ${path}`, ...(hint ? { hint } : {}) },
      { cause },
    );
  }
}

/** Why the kernel does not take a folder for a cgroup (EBADF: cgroup_get_from_fd in kernel/cgroup/cgroup.c); undefined when it is one. */
export function notCgroup({ path }: CgroupFolder): Cause | undefined {
  const magic = fileSystem(path);
  if (magic === CGROUP2_SUPER_MAGIC) return undefined;
  return {
    reason:
      magic === CGROUP_SUPER_MAGIC
        ? `${path} is of cgroup version 1, to which no program attaches`
        : magic === undefined
          ? `${path} is no open file`
          : `${path} is no cgroup`,
    advice: whereV2(),
  };
}

function fileSystem(path: string): number | undefined {
  try {
    return statfsSync(path).type;
  } catch {
    return undefined;
  }
}

/** Where cgroups of version 2 are mounted; undefined where they are not. Throws nothing. */
export function cgroup2Mount(): string | undefined {
  try {
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    return mounts.map(line => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1];
  } catch {
    return undefined;
  }
}

function whereV2(): string {
  const mount = cgroup2Mount();
  return mount === undefined
    ? 'Cgroup version 2 is not mounted here: mount -t cgroup2 none FOLDER.'
    : `Cgroups of version 2 are folders in ${mount}.`;
}
