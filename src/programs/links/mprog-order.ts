import { BPF_F_AFTER, BPF_F_BEFORE, BPF_F_ID, BPF_F_LINK } from './attach-flags.js';
import { Link } from './link.js';

/** A program or link attached to the same place: rawbpf's own, anything with the `fd` of a program, or an id. */
export type Neighbor =
  | Link
  | { readonly fd: number }
  | { readonly linkId: number }
  | { readonly programId: number };

/** Where a program comes among those of the same place. Default: last. Linux 6.6 for tcx, 6.7 for netkit, 6.17 for cgroups. */
export interface MprogOrder {
  /** Runs before this one; `'all'`: first. */
  readonly before?: Neighbor | 'all';
  /** Runs after this one; `'all'`: last. */
  readonly after?: Neighbor | 'all';
  /** Attaches only if nothing has been attached there or detached since the programs were listed: the `revision` that the list came with. */
  readonly expectedRevision?: bigint;
}

/** An order as BPF_LINK_CREATE and BPF_PROG_ATTACH take it. */
export interface OrderFields {
  /** Of `BPF_F_*`. */
  readonly flags: number;
  /** A fd, or an id where the flags have BPF_F_ID. */
  readonly relative_fd: number;
  /** 0 for any. */
  readonly expected_revision: bigint;
}

/** Encodes an order; undefined where none was asked for. Throws TypeError for one that no kernel takes. */
export function orderFields({ before, after, expectedRevision = 0n }: MprogOrder): OrderFields | undefined {
  if (before !== undefined && after !== undefined)
    throw new TypeError('before and after: a place is given by one of them');
  const neighbor = before ?? after;
  if (neighbor === undefined)
    return expectedRevision ? { flags: 0, relative_fd: 0, expected_revision: expectedRevision } : undefined;
  const place = before === undefined ? BPF_F_AFTER : BPF_F_BEFORE;
  const { flags, relative_fd } = encodeNeighbor(neighbor, before === undefined ? 'after' : 'before');
  return { flags: place | flags, relative_fd, expected_revision: expectedRevision };
}

function encodeNeighbor(
  neighbor: Neighbor | 'all',
  field: string,
): Pick<OrderFields, 'flags' | 'relative_fd'> {
  if (neighbor === 'all') return { flags: 0, relative_fd: 0 };
  if (neighbor instanceof Link) {
    if (neighbor.isBpfLink) return { flags: BPF_F_LINK, relative_fd: neighbor.fd };
    throw new TypeError(`${field}: that attachment is no BPF link: name its program`);
  }
  if ('linkId' in neighbor) return { flags: BPF_F_ID | BPF_F_LINK, relative_fd: neighbor.linkId };
  if ('programId' in neighbor) return { flags: BPF_F_ID, relative_fd: neighbor.programId };
  if (Number.isInteger(neighbor.fd) && neighbor.fd >= 0) return { flags: 0, relative_fd: neighbor.fd };
  throw new TypeError(`${field}: must be a link, a program, { linkId }, { programId } or 'all'`);
}
