/** An address in hexadecimal digits, which are the bytes from `start` to `end`; 0 where they are none. */
export function parseAddress(text: Uint8Array, start: number, end: number): bigint {
  let high = 0;
  let low = 0;
  for (let at = start; at < end; at++) {
    const digit = digits[text[at]!]!;
    if (digit < 0) return 0n;
    if (end - at > 8) high = high * 16 + digit;
    else low = low * 16 + digit;
  }
  return (BigInt(high) << 32n) | BigInt(low);
}

/** The value of each character as a hexadecimal digit; -1 for others. */
const digits = Int8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? -1 : value;
});
