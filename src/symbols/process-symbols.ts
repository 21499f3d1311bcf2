import { readFileSync } from 'node:fs';
import type { Binary } from './binary.js';
import type { BinaryFiles } from './binary-files.js';
import type { Frame } from './frame.js';
import { PerfMap } from './perf-map.js';
import { type Mapping, mappingAt, readProcessMaps } from './process-maps.js';

/**
 * The symbols of one process: of the files that it has mapped, of its JIT compiler's perf map, and of the vdso. What it has mapped is read again when it has
 * executed another program, and when an address is not in what was read. After its end, what was known of it before is still found.
 */
export class ProcessSymbols {
  readonly pid: number;
  readonly #files: BinaryFiles;
  #life: string | undefined;
  #maps: readonly Mapping[] = [];
  #binaries = new Map<Mapping, Binary | undefined>();
  #perfMap: PerfMap | undefined;

  constructor(pid: number, files: BinaryFiles) {
    this.pid = pid;
    this.#files = files;
  }

  /** The symbols at addresses, in their order. `isReturn` tells those that a call returns to: the call before is meant. */
  find(addresses: readonly bigint[], isReturn: (index: number) => boolean = () => false): Frame[] {
    const life = lifeOf(this.pid);
    if (life !== undefined && life !== this.#life) {
      this.#life = life;
      this.#perfMap = undefined;
      this.#readMaps();
    } else if (addresses.some(address => !mappingAt(this.#maps, address))) this.#readMaps();
    return addresses.map((address, i) => this.#find(address, isReturn(i) ? 1n : 0n));
  }

  /** The binary with a build id among what the process has mapped to run. */
  withBuildId(buildId: string): { readonly binary: Binary; readonly path: string } | undefined {
    this.find([]);
    for (const mapping of this.#maps) {
      if (!mapping.executable) continue;
      const binary = this.#binary(mapping);
      if (binary?.buildId === buildId) return { binary, path: mapping.path };
    }
    return undefined;
  }

  #find(address: bigint, back: bigint): Frame {
    const mapping = mappingAt(this.#maps, address - back);
    const module = mapping?.path || undefined;
    const binary = mapping && this.#binary(mapping);
    if (mapping && binary) {
      const inFile = Number(address - back - mapping.start) + mapping.offset;
      const found = binary.find(inFile);
      const offset = BigInt(found?.offset ?? inFile) + back;
      return { kind: 'user', address, name: found?.name, offset, module };
    }
    this.#perfMap ??= perfMapOf(this.pid);
    const found = this.#perfMap.find(address - back);
    return { kind: 'user', address, name: found?.name, offset: found ? address - found.start : 0n, module };
  }

  #binary(mapping: Mapping): Binary | undefined {
    if (!this.#binaries.has(mapping)) this.#binaries.set(mapping, this.#files.mapped(this.pid, mapping));
    return this.#binaries.get(mapping);
  }

  #readMaps(): void {
    const maps = readProcessMaps(this.pid);
    // That of a process on its way out is empty.
    if (!maps?.length) return;
    this.#maps = maps;
    this.#binaries = new Map();
  }
}

/** What changes when a process executes another program, or when its number is given to another one; undefined when it has ended. */
function lifeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // After the name, which may hold anything: `(a b) c) S ...`. starttime, startcode and startstack of proc(5).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : [fields[19], fields[23], fields[25]].join(' ');
  } catch {
    return undefined;
  }
}

/** The compiler names the file by the pid that it knows of itself, in the folders it sees. */
function perfMapOf(pid: number): PerfMap {
  let own = String(pid);
  try {
    own = /^NSpid:.*?(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? own;
  } catch {
    // It has ended: what it wrote may still be there.
  }
  return new PerfMap(`/proc/${pid}/root/tmp/perf-${own}.map`, `/tmp/perf-${pid}.map`);
}
