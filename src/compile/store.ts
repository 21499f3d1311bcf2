import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { inCacheFolder } from './cache-folder.js';

/** What of the objects is kept at most; those not used for longest go first. */
const maxObjects = 256;
const maxObjectBytes = 64 * 2 ** 20;
/** Sets of headers kept: a vmlinux.h has some megabytes. */
const maxHeaders = 8;
/** What another process may be using right now: nothing compiles for that long. */
const inUseMs = 3_600_000;

export interface StoredObject {
  readonly bytes: Uint8Array;
  readonly warnings: string;
}

/** Calls `use` with the store in a folder, see {@link inCacheFolder}. */
export function withStore<T>(asked: string | false | undefined, use: (store: Store) => T): T {
  return inCacheFolder(asked, folder => use(new Store(folder)));
}

/**
 * Compiled objects and made headers, in files named by the hash of what they were made of. Files appear whole, by rename, so any number of processes may read and
 * add at once.
 */
export class Store {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The name of an object made by `command` of these files, by their content. */
  key(command: readonly string[], files: readonly string[]): string {
    const hash = createHash('sha256').update(JSON.stringify([command, files]));
    for (const file of files) hash.update('\0').update(contentHash(file));
    return hash.digest('hex');
  }

  object(key: string): StoredObject | undefined {
    const file = read(this.#object(key));
    if (!file) return undefined;
    touch(this.#object(key));
    return unpack(file);
  }

  /** Adds what `make` writes to the path it is given; it returns the warnings. */
  add(key: string, make: (output: string) => string): StoredObject {
    const output = this.#temporary();
    try {
      const warnings = make(output);
      const made = { bytes: readFileSync(output), warnings };
      this.#write(this.#object(key), pack(made));
      this.#forget();
      return made;
    } finally {
      rmSync(output, { force: true });
    }
  }

  /** A folder with these files, by their path in it. */
  headers(files: Readonly<Record<string, string>>): string {
    const hash = createHash('sha256').update(JSON.stringify(files)).digest('hex');
    for (const [name, text] of Object.entries(files)) this.#header(hash, name, () => text);
    return join(this.#folder, 'include', hash);
  }

  /** Path of a header that `make` makes of `source`. */
  header(name: string, source: readonly (string | Uint8Array)[], make: () => string): string {
    const hash = createHash('sha256');
    for (const part of source) hash.update(part);
    return this.#header(hash.digest('hex'), name, make);
  }

  #header(hash: string, name: string, make: () => string): string {
    const folder = join(this.#folder, 'include', hash);
    const path = join(folder, name);
    if (existsSync(path)) touch(folder);
    else {
      this.#write(path, make());
      this.#forgetHeaders();
    }
    return path;
  }

  #object(key: string): string {
    return join(this.#folder, 'objects', key);
  }

  #temporary(): string {
    const folder = join(this.#folder, 'new');
    mkdirSync(folder, { recursive: true });
    return join(folder, randomUUID());
  }

  #write(path: string, content: string | Uint8Array): void {
    const temporary = this.#temporary();
    writeFileSync(temporary, content);
    mkdirSync(dirname(path), { recursive: true });
    renameSync(temporary, path);
  }

  #forget(): void {
    let bytes = 0;
    for (const [i, entry] of entries(join(this.#folder, 'objects')).entries()) {
      bytes += entry.size;
      if (i >= maxObjects || bytes > maxObjectBytes) rmSync(entry.path, { force: true });
    }
    removeOld(entries(join(this.#folder, 'new')));
  }

  #forgetHeaders(): void {
    removeOld(entries(join(this.#folder, 'include')).slice(maxHeaders));
  }
}

interface Entry {
  readonly path: string;
  readonly size: number;
  readonly used: number;
}

/** What is in a folder, what was used last first. */
function entries(folder: string): Entry[] {
  const found: Entry[] = [];
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat) found.push({ path, size: stat.size, used: stat.mtimeMs });
  }
  return found.sort((a, b) => b.used - a.used);
}

function removeOld(list: readonly Entry[]): void {
  for (const { path, used } of list)
    if (Date.now() - used > inUseMs) rmSync(path, { recursive: true, force: true });
}

/** The warnings in a line of JSON, then the object. */
function pack({ bytes, warnings }: StoredObject): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify(warnings)}\n`), bytes]);
}

function unpack(file: Buffer): StoredObject {
  const end = file.indexOf('\n');
  return {
    bytes: new Uint8Array(file.subarray(end + 1)),
    warnings: JSON.parse(file.toString('utf8', 0, end)),
  };
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Another process has just removed it, or it is on a read-only file system.
  }
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** A missing file is one, too: what comes of it changes when it appears. */
function contentHash(file: string): Buffer {
  return createHash('sha256')
    .update(read(file) ?? '')
    .digest();
}
