import { type FdSource, fdOf } from '../borrowed-fd.js';
import { bytesCodec, type ElementCodec, placeOf } from '../element-codec.js';
import { littleEndian } from '../host-endian.js';
import type { MapDef } from '../map-def.js';

/** What the first word of a redirect map's value is. */
export interface RedirectWord {
  readonly name: 'ifindex' | 'qsize';
  /** The word that a user's value stands for. Throws TypeError. */
  readonly toNumber: (value: unknown, what: string) => number;
}

/**
 * The codec of `struct bpf_devmap_val` and `struct bpf_cpumap_val`: a u32 and, in values of 8 bytes, an XDP program, which is an fd when
 * written and an id when read. A value without a program may be given as the word alone.
 */
export function redirectCodec(def: MapDef, size: number, word: RedirectWord): ElementCodec<unknown> {
  const place = placeOf(def, 'value');
  const raw = bytesCodec(size, place);
  return {
    size,
    readAt(view, offset) {
      const programId = size > 4 ? view.getUint32(offset + 4, littleEndian) : 0;
      return { [word.name]: view.getUint32(offset, littleEndian), ...(programId === 0 ? {} : { programId }) };
    },
    writeAt(view, offset, value) {
      if (value instanceof Uint8Array) return raw.writeAt(view, offset, value);
      const given = Object(value) === value ? (value as Record<string, unknown>) : { [word.name]: value };
      const program = programOf(given, word, place);
      if (program !== undefined && size < 8)
        throw new TypeError(
          `${place}: program: the map's values of ${size} bytes have no room for one, they must be of 8`,
        );
      view.setUint32(offset, word.toNumber(given[word.name], `${place}: ${word.name}`), littleEndian);
      // An fd that is not above 0 is none.
      if (size > 4)
        view.setInt32(
          offset + 4,
          program === undefined ? -1 : fdOf(program, `${place}: program`),
          littleEndian,
        );
    },
  };
}

function programOf(value: Record<string, unknown>, word: RedirectWord, place: string): FdSource | undefined {
  for (const name of Object.keys(value))
    if (name !== word.name && name !== 'program')
      throw new TypeError(
        `${place}: ${name}: there are ${word.name} and program${name === 'programId' ? ': a program is put in by its fd' : ''}`,
      );
  return value['program'] as FdSource | undefined;
}
