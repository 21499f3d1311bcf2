/** How calls are printed. The defaults print what strace 6.1 prints without options. */
export interface FormatOptions {
  /** As `strace -v`: instructions, all of `perf_event_attr`, and bytes beyond the known fields. */
  readonly verbose?: boolean;
  /** As `strace -s`: the most bytes of a string, and elements of an array, that are printed; 32. */
  readonly stringLimit?: number;
  /**
   * Better than strace: constants and fields newer than strace 6.1, keys, values and records instead of their addresses, what the kernel
   * wrote back, and the verifier log.
   */
  readonly teach?: boolean;
  /** As `strace -a`: the column of the result; 40. */
  readonly column?: number;
  /** The name of a network interface; without it interfaces are printed as numbers. */
  readonly interfaceName?: (index: number) => string | undefined;
}

export type FullOptions = Required<Omit<FormatOptions, 'interfaceName'>> &
  Pick<FormatOptions, 'interfaceName'>;

export function withDefaults(options: FormatOptions): FullOptions {
  return { verbose: false, stringLimit: 32, teach: false, column: 40, ...options };
}
