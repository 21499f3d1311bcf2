import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** A function, or any instruction, of a program or library in user space. */
export interface UprobeTarget {
  readonly kind: 'uprobe';
  /** A path, or the name of a library or program that is looked up as the loader or the shell does: `libc`, `libc.so.6`, `node`. */
  readonly binary: string;
  /** The function, with its version where it has several: `malloc`, `memcpy@GLIBC_2.14`. */
  readonly symbol?: string;
  /** Bytes into the function; without a symbol, from the start of the file. Default 0. */
  readonly offset?: number;
  /** Run when the function returns. */
  readonly retprobe?: boolean;
  /** Only in this process; default in all. */
  readonly pid?: number;
  /** What `bpf_get_attach_cookie()` answers in the program. Default 0. Linux 5.15. */
  readonly cookie?: bigint;
  /** Where in the file a counter (a USDT semaphore) lies that is raised for as long as this is attached. Linux 4.20. */
  readonly refCtrOffset?: number;
}

export function attachUprobe(program: Attachable, target: UprobeTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
