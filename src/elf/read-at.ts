/** A file that is read piece by piece: programs and libraries can be hundreds of megabytes, of which a lookup needs little. */
export interface ReadAt {
  /** Bytes in all. */
  readonly size: number;
  /** `length` bytes from `offset` on; fewer only where the file ends before. */
  readAt(offset: number, length: number): Uint8Array;
}

/** A file that is in memory as a whole. */
export function readAtOf(bytes: Uint8Array): ReadAt {
  return { size: bytes.length, readAt: (offset, length) => bytes.subarray(offset, offset + length) };
}
