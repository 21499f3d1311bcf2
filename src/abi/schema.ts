import { type IMeasurer, type ISerialInput, type ISerialOutput, Measurer, Schema } from 'typed-binary';

/** A schema whose values all take the same number of bytes. */
abstract class FixedSchema<T> extends Schema<T> {
  readonly bytes: number;

  constructor(bytes: number) {
    super();
    this.bytes = bytes;
  }

  measure(_value: unknown, measurer: IMeasurer = new Measurer()): IMeasurer {
    return measurer.add(this.bytes);
  }
}

/** `__u64` and `__s64`, as bigint. typed-binary has no 64-bit integer of its own. */
export class Int64Schema extends FixedSchema<bigint> {
  readonly signed: boolean;

  constructor(signed: boolean) {
    super(8);
    this.signed = signed;
  }

  read(input: ISerialInput): bigint {
    const first = BigInt(input.readUint32());
    const second = BigInt(input.readUint32());
    const value = input.endianness === 'little' ? (second << 32n) | first : (first << 32n) | second;
    return this.signed ? BigInt.asIntN(64, value) : value;
  }

  write(output: ISerialOutput, value: bigint): void {
    const low = Number(BigInt.asUintN(32, value));
    const high = Number(BigInt.asUintN(32, value >> 32n));
    output.writeUint32(output.endianness === 'little' ? low : high);
    output.writeUint32(output.endianness === 'little' ? high : low);
  }
}

/** `char[n]` holding a NUL-terminated string, as string. A longer string is cut to leave room for the NUL. */
export class CharsSchema extends FixedSchema<string> {
  read(input: ISerialInput): string {
    const bytes = readBytes(input, this.bytes);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  write(output: ISerialOutput, value: string): void {
    const bytes = new Uint8Array(this.bytes);
    new TextEncoder().encodeInto(value, bytes.subarray(0, this.bytes - 1));
    output.writeSlice(bytes);
  }
}

/** Raw bytes: `__u8[n]`, and unions that no command reads as numbers. */
export class BytesSchema extends FixedSchema<Uint8Array> {
  read(input: ISerialInput): Uint8Array {
    return readBytes(input, this.bytes);
  }

  write(output: ISerialOutput, value: Uint8Array): void {
    const bytes = new Uint8Array(this.bytes);
    bytes.set(value.subarray(0, this.bytes));
    output.writeSlice(bytes);
  }
}

/** A hole that the C compiler leaves for alignment: written as zeros (the kernel may insist), read as undefined. */
export class PadSchema extends FixedSchema<undefined> {
  read(input: ISerialInput): undefined {
    input.skipBytes(this.bytes);
    return undefined;
  }

  write(output: ISerialOutput): void {
    output.writeSlice(new Uint8Array(this.bytes));
  }
}

function readBytes(input: ISerialInput, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  input.readSlice(bytes, 0, length);
  return bytes;
}

export const u64 = new Int64Schema(false);
export const s64 = new Int64Schema(true);
export const chars = (length: number): CharsSchema => new CharsSchema(length);
export const bytes = (length: number): BytesSchema => new BytesSchema(length);
export const pad = (length: number): PadSchema => new PadSchema(length);
