import type { Frame } from './frame.js';

/** A stack that was seen `count` times. */
export interface StackSample {
  /** The first frame: the name of the process. */
  readonly comm: string;
  /** Innermost first, as {@link userFrames} gives them. */
  readonly user?: readonly Frame[];
  readonly kernel?: readonly Frame[];
  readonly count: number | bigint;
}

export interface FoldOptions {
  /** Mark functions of the kernel with `_[k]`, as flame graphs colour them (`flamegraph.pl --color=java`). Default false. */
  readonly annotate?: boolean;
  /** A frame `-` between the process's and the kernel's. Default false. */
  readonly delimited?: boolean;
}

/** Stacks as flamegraph.pl reads them, a line for each: the outermost frame first, `node;main;read;vfs_read 12`. Equal ones are counted together; most frequent first. */
export function foldStacks(samples: Iterable<StackSample>, options: FoldOptions = {}): string[] {
  const counts = new Map<string, bigint>();
  for (const sample of samples) {
    const stack = foldedStack(sample, options);
    counts.set(stack, (counts.get(stack) ?? 0n) + BigInt(sample.count));
  }
  return [...counts]
    .sort(([a, m], [b, n]) => (m === n ? (a < b ? -1 : 1) : m > n ? -1 : 1))
    .map(([stack, count]) => `${stack} ${count}`);
}

function foldedStack(
  { comm, user = [], kernel = [] }: StackSample,
  { annotate = false, delimited = false }: FoldOptions,
): string {
  const names = [
    comm,
    ...user.map(nameOf).reverse(),
    ...(delimited && user.length && kernel.length ? ['-'] : []),
    ...kernel.map(frame => `${nameOf(frame)}${annotate ? '_[k]' : ''}`).reverse(),
  ];
  // What separates frames, and stacks.
  return names.map(name => name.replaceAll(';', ':').replace(/[\r\n]/g, ' ')).join(';');
}

/** Without a name, the file: `[libc.so.6]`. */
function nameOf({ name, module }: Frame): string {
  if (name !== undefined) return name;
  const file = module?.slice(module.lastIndexOf('/') + 1);
  return file ? `[${file.replace(/^\[|\]$/g, '')}]` : '[unknown]';
}
