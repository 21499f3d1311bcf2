const word = new Uint8Array(8);
const view = new DataView(word.buffer);

/**
 * Copies bytes into memory that programs read meanwhile: 1, 2, 4 or 8 aligned bytes by one store, so that a program sees the value before or the value
 * after; more of them word by word in no order.
 */
export function storeBytes(to: DataView, offset: number, bytes: Uint8Array): void {
  const { length } = bytes;
  if (length > 8) {
    new Uint8Array(to.buffer, to.byteOffset + offset, length).set(bytes);
    return;
  }
  // Values are small: copying them here first costs less than a view of them.
  for (let i = 0; i < length; i++) word[i] = bytes[i] as number;
  if (length === 8) to.setBigUint64(offset, view.getBigUint64(0));
  else if (length === 4) to.setUint32(offset, view.getUint32(0));
  else if (length === 2) to.setUint16(offset, view.getUint16(0));
  else for (let i = 0; i < length; i++) to.setUint8(offset + i, word[i] as number);
}
