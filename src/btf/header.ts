import { FormatError } from '../errors/index.js';

/** Where the parts of a BTF blob are, in bytes from its start. */
export interface BtfHeader {
  readonly endian: 'little' | 'big';
  readonly typeStart: number;
  readonly typeLength: number;
  readonly stringStart: number;
  readonly stringLength: number;
}

const MAGIC = 0xeb9f;
/** Up to `str_len`; the newest linkers append a layout section's place, so a header may be longer. */
const LEAST_HEADER = 24;

/** Reads and checks `struct btf_header`. Throws FormatError. */
export function readHeader(bytes: Uint8Array, file: string): BtfHeader {
  const fail = (reason: string, offset: number, field: string): never => {
    throw new FormatError(reason, { file, section: '.BTF', offset, field });
  };
  if (bytes.byteLength < LEAST_HEADER)
    fail(`${bytes.byteLength} bytes are too few for a BTF header`, 0, 'header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = view.getUint16(0, true) === MAGIC;
  if (!little && view.getUint16(0, false) !== MAGIC)
    fail('not BTF: the magic number is not 0xeb9f', 0, 'magic');
  const u32 = (offset: number): number => view.getUint32(offset, little);
  if (bytes[2] !== 1) fail(`version ${bytes[2]}, only version 1 is known`, 2, 'version');
  const headerLength = u32(4);
  if (headerLength < LEAST_HEADER || headerLength > bytes.byteLength)
    fail(`header of ${headerLength} bytes in a blob of ${bytes.byteLength}`, 4, 'hdr_len');
  const room = bytes.byteLength - headerLength;
  const [typeOffset, typeLength, stringOffset, stringLength] = [u32(8), u32(12), u32(16), u32(20)];
  if (typeOffset % 4 || typeLength % 4) fail('the type section is not aligned to 4 bytes', 8, 'type_off');
  if (typeOffset + typeLength > room) fail('the type section reaches past the end', 8, 'type_off');
  if (stringOffset + stringLength > room) fail('the string section reaches past the end', 16, 'str_off');
  if (stringLength > 0 && bytes[headerLength + stringOffset + stringLength - 1] !== 0)
    fail('the string section does not end with a NUL', 20, 'str_len');
  return {
    endian: little ? 'little' : 'big',
    typeStart: headerLength + typeOffset,
    typeLength,
    stringStart: headerLength + stringOffset,
    stringLength,
  };
}
