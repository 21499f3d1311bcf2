import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BtfTypes } from '../btf/index.js';
import { CompileError } from './compile-error.js';
import { type Clang, findClang } from './find-clang.js';
import { ownHeaders } from './headers/index.js';
import { hintFor } from './hint.js';
import { scanSources } from './scan-sources.js';
import { type Store, withStore } from './store.js';
import { targetFlags } from './target-flags.js';
import { kernelBtf, vmlinuxHeader } from './vmlinux-header.js';

export interface CompileOptions {
  /** The compiler. Default: `clang`, or the newest `clang-N` on the PATH. */
  readonly clang?: string;
  /** Types that `#include "vmlinux.h"` declares, where the source's folders have no such file. Default: the running kernel's. */
  readonly btf?: BtfTypes;
  /** Folders to look for headers in, after the source's own. */
  readonly include?: readonly string[];
  /** More of clang's flags, after `-g -O2 -target bpf -mcpu=v3`, so that they win: `['-mcpu=v2', '-DDEBUG']`. */
  readonly flags?: readonly string[];
  /** Whose `bpf/*.h`: `installed` are those of libbpf-dev, rawbpf's own where there are none (default); `own` are always rawbpf's. */
  readonly headers?: 'installed' | 'own';
  /** Folder for what was compiled before; false for none. Default: `$XDG_CACHE_HOME/rawbpf/compile`, or in `~/.cache`. */
  readonly cache?: string | false;
}

/** What came of a source. */
export interface CompiledObject {
  /** The `.bpf.o`: an ELF file with BTF, for the byte order of this machine. */
  readonly bytes: Uint8Array;
  /** What the compiler wrote: its warnings with their source lines, or nothing. */
  readonly warnings: string;
  /** First line of `clang --version`. */
  readonly compiler: string;
  /** Whether it was compiled before, of the same source, headers, flags and compiler. */
  readonly cached: boolean;
}

/**
 * Compiles a file of C for BPF with the clang on the machine. Headers are looked for in the source's folder, in those given, then `vmlinux.h` is made from BTF, and
 * `bpf/*.h` are libbpf-dev's or rawbpf's own. What was compiled of the same content is taken from a cache. Throws CompileError.
 */
export function compileObject(path: string, options: CompileOptions = {}): CompiledObject {
  requireReadable(path);
  const clang = findClang(path, options.clang);
  // clang would take it for an option.
  const source = path.startsWith('-') ? `./${path}` : path;
  return withStore(options.cache, store => compileIn(store, clang, source, options));
}

function requireReadable(path: string): void {
  try {
    readFileSync(path);
  } catch (cause) {
    throw new CompileError(path, `cannot be read: ${(cause as Error).message}`, '', { cause });
  }
}

function compileIn(store: Store, clang: Clang, path: string, options: CompileOptions): CompiledObject {
  let flags = flagsFor(store, path, options);
  let sources = scanSources(clang, flags, path);
  if (lacksVmlinux(sources, path, options)) {
    const btf = options.btf ?? kernelBtf(path);
    flags = flagsFor(store, path, options, dirname(vmlinuxHeader(store, btf)));
    sources = scanSources(clang, flags, path);
  }
  const key = store.key([clang.version, process.cwd(), ...flags, path], sources);
  const found = store.object(key);
  if (found) return { ...found, compiler: clang.version, cached: true };
  const made = store.add(key, output => compileTo(clang, flags, path, output));
  return { ...made, compiler: clang.version, cached: false };
}

/** The scan writes the path of a header that it finds, in the folder where it runs by its name alone. */
function lacksVmlinux(sources: readonly string[], path: string, { include = [] }: CompileOptions): boolean {
  const folders = [dirname(path), ...include];
  return sources.includes('vmlinux.h') && !folders.some(folder => existsSync(join(folder, 'vmlinux.h')));
}

function flagsFor(store: Store, path: string, options: CompileOptions, vmlinux?: string): string[] {
  const { include = [], flags = [], headers = 'installed' } = options;
  const own = store.headers(ownHeaders());
  return [
    ...targetFlags(),
    ...[dirname(path), ...include].flatMap(folder => ['-I', folder]),
    ...(vmlinux ? ['-isystem', vmlinux] : []),
    // Looked at last, unless asked for, so that the installed ones win.
    headers === 'own' ? '-isystem' : '-idirafter',
    own,
    ...flags,
  ];
}

/** Returns what clang wrote besides the object. */
function compileTo(clang: Clang, flags: readonly string[], path: string, output: string): string {
  const args = [...flags, '-fno-color-diagnostics', '-fno-crash-diagnostics', '-c', path, '-o', output];
  const { status, signal, stderr, error } = spawnSync(clang.program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status === 0) return stderr;
  const how = error ? error.message : signal ? `was ended by ${signal}` : `failed with status ${status}`;
  const hint = hintFor(stderr);
  throw new CompileError(path, `${clang.program} ${how}`, stderr, {
    ...(hint ? { hint } : {}),
    ...(error ? { cause: error } : {}),
  });
}
