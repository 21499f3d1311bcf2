import type { MapParts } from '../bpf-map.js';
import { bytesCodec, type ElementCodec, indexKeyCodec, placeOf } from '../element-codec.js';
import { littleEndian } from '../host-endian.js';
import { type Given, KeyValueMap } from '../key-value-map.js';
import type { MapDef } from '../map-def.js';
import type { UpdateMode, UpdateOptions } from '../update-mode.js';

/** `struct bpf_insn_array_value`: where an instruction is, before and after the program that has it was loaded. */
export interface InsnPlace {
  /** Index of the instruction (8 bytes each) in the program as it is loaded. */
  readonly orig_off: number;
  /** Its index in the program as the kernel rewrote it; 0xffffffff when it was dropped. */
  readonly xlated_off: number;
  /** Its byte offset in the machine code. */
  readonly jitted_off: number;
}

/**
 * `BPF_MAP_TYPE_INSN_ARRAY` (Linux 6.19; kernel/bpf/bpf_insn_array.c): places of instructions, which indirect jumps jump to. It is filled with `set(index, orig_off)` and
 * frozen, and loading the program that it is for fills in the rest.
 */
export class InsnArray extends KeyValueMap<number, InsnPlace> {
  constructor(parts: MapParts) {
    const { def, info } = parts;
    const key = indexKeyCodec(def, Number(info['key_size']));
    super(parts, def.valueCodec ? { key } : { key, value: placeCodec(def, Number(info['value_size'])) });
  }

  /** Says which instruction an index is of. Throws TypeError for what is no u32, BpfError: EPERM once the map is frozen. */
  override set(
    index: Given<number>,
    place: number | Given<InsnPlace>,
    update: UpdateMode | UpdateOptions = 'any',
  ): this {
    return super.set(index, place as InsnPlace, update);
  }
}

function placeCodec(def: MapDef, size: number): ElementCodec<unknown> {
  const place = placeOf(def, 'value');
  const raw = bytesCodec(size, place);
  return {
    size,
    readAt: (view, offset): InsnPlace => ({
      orig_off: view.getUint32(offset, littleEndian),
      xlated_off: view.getUint32(offset + 4, littleEndian),
      jitted_off: view.getUint32(offset + 8, littleEndian),
    }),
    writeAt(view, offset, value) {
      if (value instanceof Uint8Array) return raw.writeAt(view, offset, value);
      const given = typeof value === 'number' ? { orig_off: value } : (Object(value) as Partial<InsnPlace>);
      const { orig_off, xlated_off = 0, jitted_off = 0 } = given;
      for (const [i, [name, word]] of Object.entries({
        orig_off,
        xlated_off,
        jitted_off,
        padding: 0,
      }).entries()) {
        if (typeof word !== 'number' || !Number.isInteger(word) || word < 0 || word > 0xffffffff)
          throw new TypeError(`${place}: ${name}: ${String(word)} is not a u32`);
        view.setUint32(offset + 4 * i, word, littleEndian);
      }
    },
  };
}
