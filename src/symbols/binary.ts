import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import {
  FunctionTable,
  openUserElf,
  type ReadAt,
  readBuildId,
  SHT_SYMTAB,
  type UserElf,
  type UserSegment,
} from '../elf/index.js';
import { FormatError } from '../errors/index.js';
import { fileReader } from './file-reader.js';

/** The functions of a program or library, found by where they are in its file. */
export class Binary {
  readonly buildId: string | undefined;
  readonly #segments: readonly UserSegment[];
  readonly #functions: FunctionTable;

  constructor(elf: UserElf, debugFile: (buildId: string) => FunctionTable | undefined) {
    this.buildId = readBuildId(elf);
    this.#segments = elf.segments;
    const isStripped = !elf.sections.some(({ type }) => type === SHT_SYMTAB);
    const debug = isStripped && this.buildId !== undefined ? debugFile(this.buildId) : undefined;
    this.#functions = debug ?? FunctionTable.of(elf);
  }

  /** The function at an offset in the file, and how far into it that is. */
  find(fileOffset: number): { readonly name: string; readonly offset: number } | undefined {
    const address = this.#addressOf(fileOffset);
    const found = address === undefined ? undefined : this.#functions.find(address);
    return found && { name: found.name, offset: address! - found.start };
  }

  #addressOf(fileOffset: number): number | undefined {
    const has = ({ offset, memsz }: UserSegment): boolean =>
      fileOffset >= offset && fileOffset < offset + memsz;
    const segment =
      this.#segments.find(s => s.executable && has(s)) ?? this.#segments.find(segment => has(segment));
    return segment && fileOffset - segment.offset + segment.vaddr;
  }
}

/** Which file it is, and as of when. */
export function fileIdentity(fd: number): string | undefined {
  const stat = fstatSync(fd, { bigint: true });
  return stat.isFile() ? `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs}` : undefined;
}

/** A binary in a file that is open, or in memory; undefined for what is none. `roots` are where debug files are looked for. */
export function readBinary(input: ReadAt, file: string, roots: readonly string[]): Binary | undefined {
  return unlessDamaged(() => new Binary(openUserElf(input, file), buildId => debugFunctions(buildId, roots)));
}

/** What is damaged, or mapped to be run and no ELF file, has no symbols. */
function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** The functions of a debug file (`/usr/lib/debug/.build-id/ab/cdef.debug`, as packages of debug symbols install it). */
function debugFunctions(buildId: string, roots: readonly string[]): FunctionTable | undefined {
  for (const root of roots) {
    const path = `${root}/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
    const found = withFile(path, fd =>
      unlessDamaged(() => {
        const elf = openUserElf(fileReader(fd), path);
        return readBuildId(elf) === buildId ? FunctionTable.of(elf) : undefined;
      }),
    );
    if (found) return found;
  }
  return undefined;
}

/** Undefined where there is no file that can be opened. */
export function withFile<T>(path: string, use: (fd: number) => T): T | undefined {
  let fd: number;
  try {
    // Opening a device may do something, and opening a pipe waits for who writes to it.
    if (!statSync(path).isFile()) return undefined;
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
