/**
 * Copies bytes into memory that programs read meanwhile: 1, 2, 4 or 8 aligned bytes by one store, so that a program sees the value before or the value
 * after; more of them word by word in no order.
 */
export function storeBytes(to: DataView, offset: number, bytes: Uint8Array): void {
  const { length } = bytes;
  const from = new DataView(bytes.buffer, bytes.byteOffset, length);
  if (length === 8) to.setBigUint64(offset, from.getBigUint64(0));
  else if (length === 4) to.setUint32(offset, from.getUint32(0));
  else if (length === 2) to.setUint16(offset, from.getUint16(0));
  else if (length === 1) to.setUint8(offset, from.getUint8(0));
  else new Uint8Array(to.buffer, to.byteOffset + offset, length).set(bytes);
}
