import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** A static probe that a program or library was built with (`DTRACE_PROBE`, systemtap's `sys/sdt.h`). */
export interface UsdtTarget {
  readonly kind: 'usdt';
  /** As for a uprobe. */
  readonly binary: string;
  readonly provider: string;
  readonly name: string;
  readonly pid?: number;
  /** What `bpf_usdt_cookie()` answers in the program. Default 0. */
  readonly cookie?: bigint;
}

export function attachUsdt(program: Attachable, target: UsdtTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
