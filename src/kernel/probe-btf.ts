/** Smallest BTF of each kind, for asking a kernel whether it takes that kind. Word for word as include/uapi/linux/btf.h lays them out. */
const NAME = 1;
const info = (kindNumber: number, vlen = 0, kindFlag = 0): number =>
  ((kindFlag << 31) | (kindNumber << 24) | vlen) >>> 0;

/** `int`, 4 bytes, signed: type 1 of every blob. */
const int = [NAME, info(1), 4, (1 << 24) | 32];

/** Words of types; a number in the arguments is a type id. Every name is the same string. */
export const kind = {
  funcProto: [0, info(13), 0],
  func: (proto: number, linkage: 'static' | 'global') => [
    NAME,
    info(12, linkage === 'static' ? 0 : 1),
    proto,
  ],
  var: (type: number) => [NAME, info(14), type, 0],
  /** A DATASEC of one 4-byte variable. */
  datasec: (variable: number) => [NAME, info(15, 1), 4, variable, 0, 4],
  float: [NAME, info(16), 4],
  declTag: (type: number) => [NAME, info(17), type, 0xffffffff],
  typeTag: (type: number) => [NAME, info(18), type],
  enum64: [NAME, info(19, 1), 8, NAME, 0, 1],
};

/** A blob of `int` and the types given, in this machine's byte order. */
export function btfBlob(types: readonly number[]): Uint8Array {
  const words = [...int, ...types];
  const strings = new TextEncoder().encode('\0x\0\0');
  const bytes = new Uint8Array(24 + words.length * 4 + strings.length);
  new Uint16Array(bytes.buffer, 0, 1)[0] = 0xeb9f;
  bytes[2] = 1;
  new Uint32Array(bytes.buffer, 4, 5).set([24, 0, words.length * 4, words.length * 4, strings.length]);
  new Uint32Array(bytes.buffer, 24, words.length).set(words);
  bytes.set(strings, 24 + words.length * 4);
  return bytes;
}
