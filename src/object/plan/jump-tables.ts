import { BpfCmd, BpfFlags, BpfMapType, hostEndian } from '../../abi/index.js';
import { FormatError } from '../../errors/index.js';
import { insnSize } from '../../insn/index.js';
import type { FunctionSpec, InsnReference, ObjectSpec, ProgramSpec } from '../types.js';
import type { PlanStep } from './plan-types.js';

/** Bytes of an entry of section `.jumptables`. */
const entrySize = 8;
/** Bytes of `struct bpf_insn_array_value`: orig_off, xlated_off, jitted_off. */
const valueSize = 16;

/** A table of instructions that an indirect jump picks from; a map of its own for each program (Linux 6.19). */
export interface JumpTable {
  /** Name of the map in the plan. */
  readonly map: string;
  /** Slots of the linked program. */
  readonly slots: readonly number[];
}

/** Reads a table, its entries counted from the start of the linked program (libbpf: create_jt_map). Throws FormatError for one that is cut short. */
export function readJumpTable(
  spec: ObjectSpec,
  program: ProgramSpec,
  { function: f, index }: { readonly function: FunctionSpec; readonly index: number },
  { offset, size }: Extract<InsnReference, { kind: 'jumpTable' }>,
): JumpTable {
  const place = { file: spec.file, section: '.jumptables', offset, field: `function ${f.name}` };
  const bytes = spec.jumpTables ?? new Uint8Array(0);
  if (offset % entrySize || size % entrySize)
    throw new FormatError(`${size} bytes at ${offset} are not whole entries of ${entrySize} bytes`, place);
  if (offset + size > bytes.length)
    throw new FormatError(`ends at byte ${offset + size}, but the section has only ${bytes.length}`, place);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const slots = Array.from({ length: size / entrySize }, (_, i) => {
    const target = Number(view.getBigUint64(offset + i * entrySize, spec.endian === 'little'));
    const slot = Math.floor((target - f.sectionOffset) / insnSize) + index;
    if (slot < 0 || slot > 0xffffffff)
      throw new FormatError(
        `entry ${i} points to byte ${target} of ${f.section}, outside the function`,
        place,
      );
    return slot;
  });
  return { map: `.jumptables+${offset}@${program.name}`, slots };
}

/** The calls that make the map of a table. */
export function planJumpTable({ map, slots }: JumpTable, program: string): PlanStep[] {
  const map_fd = { fd: `map:${map}` };
  const little = hostEndian === 'little';
  const word = (value: number) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, little);
    return bytes;
  };
  const step = (cmd: number, attr: PlanStep['attr'], what: string, makes?: string): PlanStep => ({
    cmd,
    attr,
    makes,
    what,
    onError: 'fail',
  });
  return [
    step(
      BpfCmd.BPF_MAP_CREATE,
      {
        map_type: BpfMapType.BPF_MAP_TYPE_INSN_ARRAY,
        key_size: 4,
        value_size: valueSize,
        max_entries: slots.length,
        map_flags: 0,
        map_name: '.jumptables',
      },
      `jump table of program ${program}`,
      `map:${map}`,
    ),
    ...slots.map((slot, index) => {
      const value = new Uint8Array(valueSize);
      value.set(word(slot));
      return step(
        BpfCmd.BPF_MAP_UPDATE_ELEM,
        { map_fd, key: word(index), value, flags: BpfFlags.BPF_ANY },
        `entry ${index} of the jump table of program ${program}`,
      );
    }),
    step(BpfCmd.BPF_MAP_FREEZE, { map_fd }, `freeze the jump table of program ${program}`),
  ];
}
