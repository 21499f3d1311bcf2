import { readAtOf } from '../elf/index.js';
import { type Binary, fileIdentity, readBinary, withFile } from './binary.js';
import { fileReader, readMemory } from './file-reader.js';
import type { Mapping } from './process-maps.js';
import { Recent } from './recent.js';

/** What processes run: a library that several have mapped is read once. */
export class BinaryFiles {
  /** By the file itself, not by its path, which may be another file in another mount namespace. */
  readonly #binaries = new Recent<string, Binary | undefined>(64);

  /** What is mapped there; undefined where it cannot be read, or is no program or library. */
  mapped(pid: number, mapping: Mapping): Binary | undefined {
    if (mapping.path === '[vdso]') return this.#vdso(pid, mapping);
    if (!mapping.path.startsWith('/')) return undefined;
    const root = `/proc/${pid}/root`;
    const range = `${mapping.start.toString(16)}-${mapping.end.toString(16)}`;
    const paths = [
      ...(mapping.deleted ? [] : [root + mapping.path]),
      // Also files that have no name any more. Needs CAP_SYS_ADMIN, or CAP_CHECKPOINT_RESTORE.
      `/proc/${pid}/map_files/${range}`,
    ];
    for (const path of paths) {
      const found = this.#read(path, mapping.path, [root, '']);
      if (found) return found.binary;
    }
    return undefined;
  }

  /** A file by its path. */
  file(path: string): Binary | undefined {
    return this.#read(path, path, [''])?.binary;
  }

  #read(path: string, name: string, roots: string[]): { readonly binary: Binary | undefined } | undefined {
    return withFile(path, fd => {
      const identity = fileIdentity(fd);
      if (identity === undefined) return undefined;
      return { binary: this.#binaries.get(identity, () => readBinary(fileReader(fd), name, roots)) };
    });
  }

  /** The library that the kernel maps into each process is in memory only. */
  #vdso(pid: number, { start, end }: Mapping): Binary | undefined {
    const size = Number(end - start);
    return withFile(`/proc/${pid}/mem`, fd => {
      const bytes = readMemory(fd, start, size);
      return bytes && readBinary(readAtOf(bytes), '[vdso]', []);
    });
  }
}
