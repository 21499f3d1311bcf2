import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** Many kernel functions by one link. Linux 5.18, built with CONFIG_FPROBE. One of `pattern`, `symbols` and `addresses` says which. */
export interface KprobeMultiTarget {
  readonly kind: 'kprobe_multi';
  /** With `*` and `?`, e.g. `tcp_*`. */
  readonly pattern?: string;
  readonly symbols?: readonly string[];
  readonly addresses?: readonly bigint[];
  /** One for each symbol or address: what `bpf_get_attach_cookie()` answers there. */
  readonly cookies?: readonly bigint[];
  /** Run when the functions return. */
  readonly retprobe?: boolean;
  /** Run at both ends of a call (Linux 6.10). Default: as the program was loaded. */
  readonly session?: boolean;
}

export function attachKprobeMulti(program: Attachable, target: KprobeMultiTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
