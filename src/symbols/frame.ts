/** A place in code, with the symbol that it is in. */
export interface Frame {
  readonly kind: 'kernel' | 'user';
  /** In memory; of a place that is known by its build id alone, bytes from the start of the file. */
  readonly address: bigint;
  /** Undefined where no symbol is known. Names of C++ are mangled. */
  readonly name: string | undefined;
  /** Bytes from the start of the symbol; of the file, where there is no symbol; 0 where neither is known. */
  readonly offset: bigint;
  /** `kernel`, a module, or `bpf` in the kernel; in a process the path of the file, as the process has it, or `[vdso]`. Undefined where nothing is mapped. */
  readonly module: string | undefined;
}

/** What the text of a symbol has beyond its name. */
export interface SymbolTextOptions {
  /** How far into the symbol: `vfs_read+0x1f`. Default false. */
  readonly offset?: boolean;
  /** What it belongs to: `vfs_read [kernel]`, `malloc [libc.so.6]`. Default false. */
  readonly module?: boolean;
}

/** A frame as BCC writes it: `[unknown]` where there is no name. */
export function frameText(frame: Frame, { offset = false, module = false }: SymbolTextOptions = {}): string {
  const name = frame.name ?? '[unknown]';
  const plus = offset && frame.name !== undefined ? `+0x${frame.offset.toString(16)}` : '';
  const file = frame.module?.slice(frame.module.lastIndexOf('/') + 1);
  return `${name}${plus}${module && file ? ` [${file}]` : ''}`;
}
