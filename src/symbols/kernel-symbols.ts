import { readFileSync } from 'node:fs';
import { RawbpfError } from '../errors/index.js';
import { parseAddress } from './address.js';
import type { Frame } from './frame.js';

/** `/proc/kallsyms` cannot be read, or hides the addresses. */
export class KernelSymbolsError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_KERNEL_SYMBOLS';
}

const [newline, space] = [10, 32];
/** Values, and places in the memory of each CPU: no addresses (`nm`: `a`). */
const absolute = new Set([0x61, 0x41]);
const core = 'kernel';

let shared: KernelSymbols | undefined;

/**
 * The symbols of `/proc/kallsyms`, 120,000 to 250,000, as they were when it was read. The file is kept as bytes with an index of 12 bytes for each symbol;
 * text is made of those that are asked for.
 */
export class KernelSymbols {
  readonly #file: Uint8Array;
  /** Ascending; those of one address in the order of the file. */
  readonly #addresses: BigUint64Array;
  /** Where the names are in the file. */
  readonly #names: Uint32Array;

  /** What this process read first, read when it is first asked for. Throws KernelSymbolsError. */
  static shared(): KernelSymbols {
    shared ??= KernelSymbols.read();
    return shared;
  }

  /** Reads the symbols now: modules and BPF programs come and go. Throws KernelSymbolsError where they cannot be read or are hidden (CAP_SYSLOG, kernel.kptr_restrict). */
  static read(path = '/proc/kallsyms'): KernelSymbols {
    let file: Uint8Array;
    try {
      file = readFileSync(path);
    } catch (cause) {
      const { code = '' } = cause as NodeJS.ErrnoException;
      throw new KernelSymbolsError(`${path} cannot be read (${code}): the kernel needs CONFIG_KALLSYMS`, {
        cause,
      });
    }
    const symbols = new KernelSymbols(file);
    if (symbols.size === 0)
      throw new KernelSymbolsError(
        `${path} shows no addresses to this process: run as root, or set the sysctl kernel.kptr_restrict to 0 or 1 and give it CAP_SYSLOG`,
      );
    return symbols;
  }

  /** Symbols out of lines as `/proc/kallsyms` has them: `ffffffff81000000 T _text`, of modules with a tab and `[ext4]` after it. Hidden addresses (0) are left out. */
  constructor(file: Uint8Array) {
    // The shortest line has an address of 8 digits or more, a type and a name.
    const addresses = new BigUint64Array(Math.ceil(file.length / 12));
    const names = new Uint32Array(addresses.length);
    let count = 0;
    let ascending = true;
    for (let line = 0; line < file.length; ) {
      let at = line;
      while (at < file.length && file[at] !== space && file[at] !== newline) at++;
      const address = file[at] === space && !absolute.has(file[at + 1]!) ? parseAddress(file, line, at) : 0n;
      if (address !== 0n) {
        if (count > 0 && address < addresses[count - 1]!) ascending = false;
        addresses[count] = address;
        names[count++] = at + 3;
      }
      while (at < file.length && file[at] !== newline) at++;
      line = at + 1;
    }
    this.#file = file;
    this.#addresses = addresses.subarray(0, count);
    this.#names = names.subarray(0, count);
    if (!ascending) this.#sort();
  }

  get size(): number {
    return this.#addresses.length;
  }

  /** The symbol with an address in it: the last that begins before it. Of several with one address it is the first of the file, as in the kernel's own messages. */
  find(address: bigint): Frame {
    let index = this.#after(address) - 1;
    if (index < 0) return { kind: 'kernel', address, name: undefined, offset: 0n, module: undefined };
    const start = this.#addresses[index]!;
    while (this.#addresses[index - 1] === start) index--;
    return { kind: 'kernel', address, ...this.#nameAt(index), offset: address - start };
  }

  /** The address of a symbol, undefined where there is none of this name. Of several it is the first. */
  address(name: string, module?: string): bigint | undefined {
    const wanted = new TextEncoder().encode(name);
    for (let i = 0; i < this.size; i++) {
      const at = this.#names[i]!;
      if (!wanted.every((byte, k) => this.#file[at + k] === byte)) continue;
      const found = this.#nameAt(i);
      if (found.name === name && (module === undefined || found.module === module)) return this.#addresses[i];
    }
    return undefined;
  }

  /** The index of the first symbol that begins after an address. */
  #after(address: bigint): number {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#addresses[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #nameAt(index: number): { name: string; module: string } {
    const at = this.#names[index]!;
    const line = latin1.decode(this.#file.subarray(at, endOf(this.#file, at, newline)));
    const [name = '', module] = line.split('\t');
    return { name, module: module ? module.slice(1, -1) : core };
  }

  #sort(): void {
    // An Array, because its sort is quick on what is almost in order: only symbols of modules are not.
    const order = Array.from(this.#addresses, (_, i) => i);
    const [addresses, names] = [this.#addresses.slice(), this.#names.slice()];
    order.sort((a, b) => (addresses[a]! < addresses[b]! ? -1 : addresses[a]! > addresses[b]! ? 1 : a - b));
    order.forEach((from, to) => {
      this.#addresses[to] = addresses[from]!;
      this.#names[to] = names[from]!;
    });
  }
}

const latin1 = new TextDecoder('latin1');

function endOf(file: Uint8Array, from: number, byte: number): number {
  const end = file.indexOf(byte, from);
  return end < 0 ? file.length : end;
}
