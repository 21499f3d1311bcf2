/** Whether this machine, and so its kernel, is little-endian. */
export const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** Index of the low half of a 64-bit word in an array of 32-bit ones. */
export const lowWord = littleEndian ? 0 : 1;
