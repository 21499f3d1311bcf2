/** What is in a field or buffer before the kernel writes it. A kernel that does not know a field leaves it so; no answer looks like it. */
export const unwritten = 0xa5;

/** True when the kernel wrote nothing there. */
export function untouched(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte === unwritten);
}

/** The text of a buffer, up to its NUL. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
