import { NotYetError } from '../../errors/index.js';
import type { Attachable } from './attachable.js';
import type { LinkParts } from './link.js';

/** Many places of one binary by one link. Linux 6.6. One of `pattern`, `symbols` and `offsets` says which. */
export interface UprobeMultiTarget {
  readonly kind: 'uprobe_multi';
  /** As for a uprobe. */
  readonly binary: string;
  /** Functions, with `*` and `?`: `str*`. */
  readonly pattern?: string;
  readonly symbols?: readonly string[];
  /** Bytes from the start of the file. */
  readonly offsets?: readonly number[];
  /** One for each place, in the file. */
  readonly refCtrOffsets?: readonly number[];
  /** One for each place. */
  readonly cookies?: readonly bigint[];
  readonly retprobe?: boolean;
  /** Run at both ends of a call (Linux 6.13). Default: as the program was loaded. */
  readonly session?: boolean;
  readonly pid?: number;
}

export function attachUprobeMulti(program: Attachable, target: UprobeMultiTarget): LinkParts {
  throw new NotYetError([`attaching to ${target.kind}`], program.file);
}
