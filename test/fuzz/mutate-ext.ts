import { mutateBytes, mutateField } from './mutate-bytes.js';
import type { Random } from './random.js';

/** Damages `.BTF.ext` in place, or returns another: header, record sizes, counts, offsets and ids of its records. */
export function mutateExt(random: Random, bytes: Uint8Array): Uint8Array {
  if (bytes.length < 32) return mutateBytes(random, bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = view.getUint16(0, true) === 0xeb9f;
  const header = view.getUint32(4, little);
  switch (random.below(4)) {
    case 0:
      mutateField(random, view, 4 * random.below(8), 4, little, bytes.length);
      return bytes;
    case 1: {
      // The record size, or a section's name or count, of one of the three tables.
      const table = header + view.getUint32(8 + 8 * random.below(3), little);
      mutateField(random, view, table + 4 * random.below(3), 4, little, 64);
      return bytes;
    }
    case 2:
      mutateField(random, view, header + 4 * random.below((bytes.length - header) >> 2), 4, little, 400);
      return bytes;
    default:
      return mutateBytes(random, bytes);
  }
}
