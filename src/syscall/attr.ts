import {
  attrOfCmd,
  BpfCmd,
  bpfAttr,
  type DecodedRecord,
  enumName,
  type Point,
  type Struct,
  type StructField,
  type StructRecord,
} from '../abi/index.js';
import { Errno } from './errno.js';
import type { Pointed, Sys } from './sys.js';

/**
 * Fields of a command's member of `union bpf_attr`, by the kernel's names; those left out are 0. A string or bytes in a 64-bit field are
 * passed by pointer (a string NUL-terminated); bytes are the caller's own, so what the kernel writes there can be read afterwards.
 */
export type AttrRecord = StructRecord;

/** An encoded `union bpf_attr`. */
export interface EncodedAttr {
  readonly schema: Struct;
  readonly bytes: Uint8Array;
  /** What to pass as the size: see {@link leastField}. */
  readonly size: number;
  readonly pointed: readonly Pointed[];
}

/**
 * The last field that is always sent, by member; more is sent up to the last field that is not 0. Zeros at the end are harmless to any
 * kernel (bpf_check_uarg_tail_zero in kernel/bpf/syscall.c), but a kernel that does not know a field answers E2BIG when it is set; and the
 * fields sent are those that a trace shows. For a member not listed all of it is sent.
 */
const leastField: Readonly<Record<string, string>> = {
  map_create: 'map_extra',
  prog_load: 'fd_array',
  btf_load: 'btf_log_level',
  obj: 'file_flags',
  prog_attach: 'replace_bpf_fd',
  get_id: 'open_flags',
  raw_tracepoint: 'prog_fd',
  test: 'cpu',
  query: 'prog_cnt',
  link_update: 'old_prog_fd',
  link_create: 'flags',
};
/** Commands that read less of the member they share. */
const leastFieldOfCmd: Readonly<Record<number, string>> = {
  [BpfCmd.BPF_MAP_FREEZE]: 'map_fd',
  [BpfCmd.BPF_MAP_DELETE_ELEM]: 'key',
  [BpfCmd.BPF_MAP_GET_NEXT_KEY]: 'value',
};

const members = new Map<number, string>(
  Object.entries(attrOfCmd).map(([name, member]) => [(BpfCmd as Record<string, number>)[name]!, member]),
);

/** The name of the member of `union bpf_attr` that a command reads; undefined for a command not known. */
export function attrMember(cmd: number): string | undefined {
  return members.get(cmd);
}

/** Nearly all records fit the first variant of their member. */
function schemaFor(cmd: number, record: AttrRecord): Struct {
  const member = members.get(cmd);
  const first = member ? bpfAttr[member as keyof typeof bpfAttr][0] : undefined;
  if (!first) return attrSchema(cmd);
  for (const name in record) if (!first.has(name)) return attrSchema(cmd, Object.keys(record));
  return first;
}

/** The schema of a command's attr that has all the fields named. Throws TypeError when there is none. */
export function attrSchema(cmd: number, fields: readonly string[] = []): Struct {
  const member = members.get(cmd);
  const variants: readonly Struct[] = member ? bpfAttr[member as keyof typeof bpfAttr] : [];
  const found = variants.find(variant => fields.every(field => variant.has(field)));
  if (found) return found;
  const name = enumName(BpfCmd, cmd);
  if (!name || !member) throw new TypeError(`there is no bpf command ${name ?? cmd}`);
  const unknown = fields.filter(field => !variants.some(variant => variant.has(field)));
  throw new TypeError(
    unknown.length
      ? `${name} has no field ${unknown.join(', ')}`
      : `${name} does not take ${fields.join(', ')} at once: some of them share their place`,
  );
}

/** Encodes the attr of a command. `addressOf` is that of {@link Sys}. Throws TypeError for a field it does not have or a value that does not fit. */
export function encodeAttr(addressOf: Sys['addressOf'], cmd: number, record: AttrRecord): EncodedAttr {
  const schema = schemaFor(cmd, record);
  const pointed: Pointed[] = [];
  const bytes = schema.encode(record, pointing(addressOf, pointed));
  return { schema, bytes, size: sizeToSend(cmd, schema, bytes, record), pointed };
}

/** Gives the addresses of what fields point to, strings NUL-terminated, and keeps what has to live until the call returns. */
export function pointing(addressOf: Sys['addressOf'], pointed: Pointed[]): Point {
  return memory => {
    const bytes = typeof memory === 'string' ? encoder.encode(`${memory}\0`) : memory;
    const address = bytes.length ? addressOf(bytes) : 0n;
    pointed.push({ address, bytes });
    return address;
  };
}

const encoder = new TextEncoder();

function sizeToSend(cmd: number, schema: Struct, bytes: Uint8Array, record: AttrRecord): number {
  const least = leastFieldOfCmd[cmd] ?? leastField[schema.name];
  if (!least) return schema.size;
  const ends = (field: StructField): number => field.offset + field.size;
  let end = ends(schema.field(least));
  for (const name in record) {
    const field = schema.field(name);
    if (ends(field) <= end) continue;
    // A struct that is given is sent whole.
    if (field.kind === 'struct' || !isZero(bytes, field.offset, ends(field))) end = ends(field);
  }
  return end;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** The verifier gives up with EAGAIN when a signal comes; libbpf tries as often (PROG_LOAD_ATTEMPTS in tools/lib/bpf/bpf.c). */
const progLoadAttempts = 5;

/** Calls bpf(2): the result, zero or more, or `-errno`. Throws TypeError only, for a record that does not fit the command. */
export function bpf(sys: Sys, cmd: number, record: AttrRecord): number {
  return callBpf(
    sys,
    cmd,
    encodeAttr(buffer => sys.addressOf(buffer), cmd, record),
  );
}

function callBpf(sys: Sys, cmd: number, { bytes, size, pointed }: EncodedAttr): number {
  for (let attempt = 1; ; attempt++) {
    const result = sys.bpf(cmd, bytes, size, pointed);
    if (result !== -Errno.EAGAIN || cmd !== BpfCmd.BPF_PROG_LOAD || attempt === progLoadAttempts)
      return result;
  }
}

/** {@link bpf} for commands that answer in their attr (`next_id`, `count`, `log_true_size`): the result and the attr after the call. `size` overrides how much is sent. */
export function bpfInOut(
  sys: Sys,
  cmd: number,
  record: AttrRecord,
  size?: number,
): { result: number; attr: DecodedRecord } {
  const encoded = encodeAttr(buffer => sys.addressOf(buffer), cmd, record);
  const result = callBpf(sys, cmd, { ...encoded, size: size ?? encoded.size });
  return { result, attr: encoded.schema.decode(encoded.bytes) };
}
