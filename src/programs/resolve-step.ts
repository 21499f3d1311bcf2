import { hostEndian } from '../abi/index.js';
import {
  type FdRef,
  isFdPointer,
  isFdRef,
  isLinkedInsns,
  type LinkedInsns,
  type PlanStep,
  type PlanValue,
} from '../object/index.js';
import type { AttrRecord } from '../syscall/index.js';

type AttrValue = AttrRecord[string];
/** The fd behind a reference; throws when nothing made it. */
type FdOf = (ref: FdRef) => number;

/** Offset of `imm` in `struct bpf_insn`, and the size of one. */
const immOffset = 4;
const insnSize = 8;

/** Fields that mean something only beside a BTF fd; without one the kernel refuses them. */
const needBtf = new Set([
  'btf_key_type_id',
  'btf_value_type_id',
  'func_info',
  'func_info_cnt',
  'func_info_rec_size',
  'line_info',
  'line_info_cnt',
  'line_info_rec_size',
]);

/**
 * The attr of a step with the fds that earlier steps made in place of their names. `hasBtf` is false where the kernel did not take
 * the object's BTF: the fields that lean on it are then left out.
 */
export function resolveStep(step: PlanStep, fdOf: FdOf, hasBtf: boolean): AttrRecord {
  const attr: Record<string, AttrValue> = {};
  for (const name in step.attr) {
    const value = step.attr[name] as PlanValue;
    if (hasBtf || !leansOnBtf(name, value)) attr[name] = resolved(value, fdOf);
  }
  return attr;
}

const leansOnBtf = (name: string, value: PlanValue): boolean =>
  needBtf.has(name) || (isFdRef(value) && value.fd === 'btf');

function resolved(value: PlanValue, fdOf: FdOf): AttrValue {
  if (typeof value !== 'object' || value instanceof Uint8Array) return value;
  if (isFdRef(value)) return fdOf(value);
  if (isFdPointer(value)) {
    const fds = [value.pointsTo].flat().map(ref => (ref ? fdOf(ref) : 0));
    return new Uint8Array(Uint32Array.from(fds).buffer);
  }
  if (isLinkedInsns(value)) return withFds(value, fdOf);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolved(v, fdOf)])) as AttrRecord;
}

function withFds(insns: LinkedInsns, fdOf: FdOf): Uint8Array {
  const bytes = insns.bytes.slice();
  const view = new DataView(bytes.buffer);
  for (const { index, ref } of insns.fixups)
    view.setInt32(index * insnSize + immOffset, fdOf(ref), hostEndian === 'little');
  return bytes;
}
