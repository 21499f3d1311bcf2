import {
  BpfCmd,
  bpfLinkInfo,
  type DecodedRecord,
  type Struct,
  type StructField,
} from '../../../abi/index.js';
import { BpfError, bpfInOut, Errno, type Sys } from '../../../syscall/index.js';
import { textOf, untouched, unwritten } from './unwritten.js';

/** A member of `struct bpf_link_info` as the kernel answered it. Fields that the kernel did not write are not there. */
export interface LinkMember {
  readonly [field: string]: number | bigint | string | Uint8Array | LinkMember | undefined;
}

/** Longer than any name that the kernel answers (PATH_MAX). */
const longestName = 4096;

/**
 * Asks for `struct bpf_link_info`. First without buffers, which tells the type, the sizes that buffers must have, and how much of the struct this
 * kernel has; a question with more than that which is not zero would be refused (bpf_link_get_info_by_fd in kernel/bpf/syscall.c).
 */
export class LinkInfoQuery {
  readonly #sys: Sys;
  readonly #fd: number;
  readonly #what: string;
  readonly #first: Uint8Array;

  /** Throws BpfError. */
  constructor(sys: Sys, fd: number, what: string) {
    this.#sys = sys;
    this.#fd = fd;
    this.#what = what;
    this.#first = this.#call(new Uint8Array(bpfLinkInfo[0].size));
  }

  /** What the kernel answers without being given buffers. */
  first(layout: Struct): DecodedRecord {
    return layout.decode(this.#first);
  }

  /** Asks again for the fields of a member of the union, with buffers: `given` are its fields that hold addresses and sizes. Throws BpfError. */
  ask(layout: Struct, name: string, given: Readonly<Record<string, number | Uint8Array>> = {}): LinkMember {
    const addressed: Record<string, number | bigint> = {};
    for (const [field, value] of Object.entries(given))
      addressed[field] = typeof value === 'number' ? value : this.#sys.addressOf(value);
    const question = layout.encode({ [name]: addressed });
    const asked = leaves(layout.field(name)).filter(field => !(field.name in given));
    for (const field of asked) question.fill(unwritten, field.offset, field.offset + field.size);
    const answer = this.#call(question.slice(0, this.#first.length));
    const written = (field: StructField): boolean =>
      field.offset + field.size <= answer.length &&
      !untouched(answer.subarray(field.offset, field.offset + field.size));
    const absent = new Set(asked.filter(field => !written(field)).map(field => field.offset));
    return without(layout.decode(answer)[name] as DecodedRecord, layout.field(name).fields ?? [], absent);
  }

  /**
   * Asks for a name: `address` and `length` are the fields that take its buffer. `reported` is its length with the final NUL, where the kernel
   * said it; 0 where it has none to say before it is given a buffer.
   */
  askName(
    layout: Struct,
    member: string,
    address: string,
    length: string,
    reported: number,
  ): { member: LinkMember; name: string } {
    const buffer = new Uint8Array(reported || longestName);
    const answer = this.ask(layout, member, { [address]: buffer, [length]: buffer.length });
    return { member: answer, name: textOf(buffer) };
  }

  #call(info: Uint8Array): Uint8Array {
    const cmd = BpfCmd.BPF_OBJ_GET_INFO_BY_FD;
    const { result, attr } = bpfInOut(this.#sys, cmd, { bpf_fd: this.#fd, info_len: info.length, info });
    if (result >= 0) return info.subarray(0, Number(attr['info_len']));
    throw new BpfError({
      syscall: 'bpf',
      cmd,
      errno: -result,
      what: `${this.#what}: info`,
      ...(result === -Errno.EINVAL ? { hint: 'links have had info since Linux 5.8' } : {}),
    });
  }
}

function leaves(field: StructField): readonly StructField[] {
  return field.kind === 'struct' ? (field.fields ?? []).flatMap(leaves) : field.kind === 'pad' ? [] : [field];
}

function without(
  record: DecodedRecord,
  fields: readonly StructField[],
  absent: ReadonlySet<number>,
): LinkMember {
  const kept: Record<string, LinkMember[string]> = {};
  for (const field of fields) {
    const value = record[field.name];
    if (value === undefined || (!field.fields && absent.has(field.offset))) continue;
    kept[field.name] = field.fields ? without(value as DecodedRecord, field.fields, absent) : value;
  }
  return kept;
}
