import { hostEndian } from '../../abi/index.js';
import { FormatError } from '../../errors/index.js';

/** What an attribute holds: a u32, text (which the kernel wants with its NUL), bytes as they are, or attributes. */
export type AttributeValue = number | string | Uint8Array | readonly NetlinkAttribute[];
export type NetlinkAttribute = readonly [type: number, value: AttributeValue];

/** The attributes of a message by their types; of several of one type the last. */
export type NetlinkAttributes = ReadonlyMap<number, Uint8Array>;

const littleEndian = hostEndian === 'little';
const NLA_F_NESTED = 1 << 15;
/** Bits of `nla_type` that are the type. */
const NLA_TYPE_MASK = 0x3fff;
const headerSize = 4;

/** Bytes as the kernel aligns them: to 4. */
export const aligned = (length: number): number => (length + 3) & ~3;

/** `struct nlattr` after `struct nlattr` (include/uapi/linux/netlink.h), each aligned to 4 bytes. */
export function encodeAttributes(attributes: readonly NetlinkAttribute[]): Uint8Array {
  return concatenate(
    attributes.map(([type, value]) => {
      const bytes = valueBytes(value);
      const attribute = new Uint8Array(aligned(headerSize + bytes.length));
      const view = new DataView(attribute.buffer);
      view.setUint16(0, headerSize + bytes.length, littleEndian);
      view.setUint16(2, Array.isArray(value) ? type | NLA_F_NESTED : type, littleEndian);
      attribute.set(bytes, headerSize);
      return attribute;
    }),
  );
}

/** Throws FormatError when an attribute does not end within `bytes`. */
export function decodeAttributes(bytes: Uint8Array): NetlinkAttributes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const attributes = new Map<number, Uint8Array>();
  for (let at = 0; at + headerSize <= bytes.length; ) {
    const length = view.getUint16(at, littleEndian);
    if (length < headerSize || at + length > bytes.length)
      throw new FormatError(`an attribute says that it has ${length} bytes`, {
        file: 'netlink message',
        offset: at,
      });
    attributes.set(
      view.getUint16(at + 2, littleEndian) & NLA_TYPE_MASK,
      bytes.subarray(at + headerSize, at + length),
    );
    at += aligned(length);
  }
  return attributes;
}

export function attributeU32(attributes: NetlinkAttributes, type: number): number | undefined {
  const bytes = attributes.get(type);
  if (!bytes || bytes.length < 4) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, littleEndian);
}

export function attributeText(attributes: NetlinkAttributes, type: number): string | undefined {
  const bytes = attributes.get(type);
  if (!bytes) return undefined;
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** The attributes within an attribute; none where it is not there. */
export function nestedAttributes(attributes: NetlinkAttributes, type: number): NetlinkAttributes {
  return decodeAttributes(attributes.get(type) ?? new Uint8Array(0));
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function valueBytes(value: AttributeValue): Uint8Array {
  if (typeof value === 'number') return hostInt32(value);
  if (typeof value === 'string') return new TextEncoder().encode(`${value}\0`);
  return value instanceof Uint8Array ? value : encodeAttributes(value);
}

/** An int of this machine's byte order; it may be given unsigned. */
export function hostInt32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
