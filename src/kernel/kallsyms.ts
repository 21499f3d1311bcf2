import { closeSync, openSync, readSync } from 'node:fs';

const chunkSize = 1 << 18;

/**
 * Addresses of kernel symbols out of `/proc/kallsyms`, one pass for all the names; `ambiguous` for a name with several. Undefined when the
 * file cannot be read. Without CAP_SYSLOG the kernel shows every address as 0 (kptr_restrict), and so does this.
 *
 * A data symbol that the compiler renamed for LTO (`name.llvm.123`) is found by its name proper (libbpf: kallsyms_cb).
 */
export function readSymbolAddresses(
  names: ReadonlySet<string>,
): ReadonlyMap<string, bigint | 'ambiguous'> | undefined {
  const found = new Map<string, bigint | 'ambiguous'>();
  const lines = kallsymsLines();
  if (!lines) return undefined;
  for (const line of lines) {
    const [hex = '', type, symbol = ''] = line.split(/\s/, 3);
    const suffix = type === 'd' ? symbol.indexOf('.llvm.') : -1;
    const name = suffix < 0 ? symbol : symbol.slice(0, suffix);
    if (!names.has(name)) continue;
    const address = BigInt(`0x${hex}`);
    const before = found.get(name);
    found.set(name, before === undefined || before === address ? address : 'ambiguous');
  }
  return found;
}

/** A function of the kernel, or of a module. */
export interface KernelFunction {
  readonly name: string;
  /** 0 where kernel addresses are hidden from this process (kernel.kptr_restrict). */
  readonly address: bigint;
  readonly module: string | undefined;
}

/** The functions in `/proc/kallsyms` whose names are wanted, by default all, 100,000 or so; none where it cannot be read. */
export function* kernelFunctions(wanted: (name: string) => boolean = () => true): Generator<KernelFunction> {
  for (const line of kallsymsLines() ?? []) {
    // `ffffffff81000000 T vfs_rmdir`, of a module with a tab and ` [ext4]` after it.
    const type = line.indexOf(' ') + 1;
    if (!functionTypes.includes(line[type]!)) continue;
    const tab = line.indexOf('\t', type);
    const name = line.slice(type + 2, tab < 0 ? undefined : tab);
    if (!wanted(name)) continue;
    const module = tab < 0 ? undefined : line.slice(line.indexOf('[', tab) + 1, -1);
    yield { name, address: BigInt(`0x${line.slice(0, type - 1)}`), module };
  }
}

/** Code, of one file or of all, weak symbols. */
const functionTypes = 'tTwW';

/** The file's 200,000 lines, a chunk at a time: whole it is 10 MB. */
function kallsymsLines(): Generator<string> | undefined {
  let fd: number;
  try {
    fd = openSync('/proc/kallsyms', 'r');
  } catch {
    return undefined;
  }
  return (function* () {
    try {
      const chunk = new Uint8Array(chunkSize);
      const decoder = new TextDecoder();
      let rest = '';
      for (;;) {
        const got = readSync(fd, chunk);
        if (got === 0) break;
        const lines = (rest + decoder.decode(chunk.subarray(0, got), { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
      if (rest !== '') yield rest;
    } finally {
      closeSync(fd);
    }
  })();
}
