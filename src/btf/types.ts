/**
 * The kinds of BTF, by the kernel's names (include/uapi/linux/btf.h). `void` is type id 0.
 */
export type BtfKind = BtfType['kind'];

interface Named {
  /** Type id, counted through the base BTF for split BTF. */
  readonly id: number;
  /** Empty string when anonymous. */
  readonly name: string;
}

export interface BtfVoid extends Named {
  readonly kind: 'void';
}
/** `bits` and `offset` are in bits; `size` in bytes. */
export interface BtfInt extends Named {
  readonly kind: 'int';
  readonly size: number;
  readonly bits: number;
  readonly offset: number;
  readonly signed: boolean;
  readonly char: boolean;
  readonly bool: boolean;
}
export interface BtfPtr extends Named {
  readonly kind: 'ptr';
  readonly type: number;
}
export interface BtfArray extends Named {
  readonly kind: 'array';
  readonly type: number;
  readonly indexType: number;
  readonly nelems: number;
}
/** One member; `bitOffset` from the start of the struct, `bitSize` 0 when it is not a bit-field. */
export interface BtfMember {
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  readonly bitSize: number;
}
export interface BtfStruct extends Named {
  readonly kind: 'struct' | 'union';
  readonly size: number;
  readonly members: readonly BtfMember[];
  readonly kindFlag: boolean;
}
export interface BtfEnum extends Named {
  readonly kind: 'enum';
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: number }[];
}
export interface BtfEnum64 extends Named {
  readonly kind: 'enum64';
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}
export interface BtfFwd extends Named {
  readonly kind: 'fwd';
  readonly of: 'struct' | 'union';
}
export interface BtfTypedef extends Named {
  readonly kind: 'typedef';
  readonly type: number;
}
export interface BtfModifier extends Named {
  readonly kind: 'const' | 'volatile' | 'restrict';
  readonly type: number;
}
export interface BtfTypeTag extends Named {
  readonly kind: 'type_tag';
  readonly type: number;
  readonly kindFlag: boolean;
}
export type BtfLinkage = 'static' | 'global' | 'extern' | number;
export interface BtfFunc extends Named {
  readonly kind: 'func';
  readonly type: number;
  readonly linkage: BtfLinkage;
}
export interface BtfFuncProto extends Named {
  readonly kind: 'func_proto';
  readonly type: number;
  readonly params: readonly { readonly name: string; readonly type: number }[];
}
export interface BtfVar extends Named {
  readonly kind: 'var';
  readonly type: number;
  readonly linkage: BtfLinkage;
}
export interface BtfSecinfo {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}
export interface BtfDatasec extends Named {
  readonly kind: 'datasec';
  readonly size: number;
  readonly vars: readonly BtfSecinfo[];
}
export interface BtfFloat extends Named {
  readonly kind: 'float';
  readonly size: number;
}
/** `componentIdx` is -1 when the tag is on the type itself. */
export interface BtfDeclTag extends Named {
  readonly kind: 'decl_tag';
  readonly type: number;
  readonly componentIdx: number;
  readonly kindFlag: boolean;
}

/** One BTF type, decoded. Discriminate by `kind`. */
export type BtfType =
  | BtfVoid
  | BtfInt
  | BtfPtr
  | BtfArray
  | BtfStruct
  | BtfEnum
  | BtfEnum64
  | BtfFwd
  | BtfTypedef
  | BtfModifier
  | BtfTypeTag
  | BtfFunc
  | BtfFuncProto
  | BtfVar
  | BtfDatasec
  | BtfFloat
  | BtfDeclTag;

/** A set of BTF types: one `.BTF` blob, perhaps split on top of a base. Types are decoded when asked for. */
export interface BtfTypes {
  /** The blob as given (in its own byte order). */
  readonly bytes: Uint8Array;
  readonly endian: 'little' | 'big';
  readonly base: BtfTypes | undefined;
  /** First type id of this blob: 1, or the base's `endId`. */
  readonly startId: number;
  /** One past the last type id. */
  readonly endId: number;
  /** The type with this id; 0 is `void`. Throws FormatError for an id out of range. */
  type(id: number): BtfType;
  /** Ids of the types of a kind in this blob, not its base; ascending. None is decoded. */
  idsOfKind(...kinds: readonly BtfKind[]): Iterable<number>;
  /** The first type of that name (and kind), searched in this blob, then its base. */
  findByName(name: string, kind?: BtfKind): number | undefined;
  /** All types of that name, this blob's first. */
  findAllByName(name: string, kind?: BtfKind): readonly number[];
  /** By name, ids of the types of this blob, not its base, that are named so, flavours (`name___any`) aside; ascending. One walk over the types for all names. */
  findFlavours(names: Iterable<string>): ReadonlyMap<string, readonly number[]>;
  /** The string at an offset of the (joined) string section. Throws FormatError out of range. */
  string(offset: number): string;
  /** The id after following typedef, const, volatile, restrict and type_tag. Throws FormatError on a cycle. */
  resolve(id: number): number;
  /** The type after {@link resolve}. */
  resolved(id: number): BtfType;
  /** Size of a value of the type in bytes; pointers have 8, those of a 32-bit kernel 4. Throws FormatError when it has none. */
  sizeOf(id: number): number;
}

/** What a codec option may change. */
export interface CodecOptions {
  /** How 64-bit integers read: `bigint` (default) or `number` (precision is lost above 2^53). */
  readonly int64?: 'bigint' | 'number';
  /** How enums read: `number` (default) or `name` (its name where it has one, else the number). */
  readonly enums?: 'number' | 'name';
}

/** A decoded value. Structs and unions are plain objects, arrays are arrays, char arrays strings, pointers and 64-bit integers bigints. */
export type BtfValue = number | bigint | boolean | string | null | BtfValue[] | { [name: string]: BtfValue };

/** What reads the values, or records, of one kind: a {@link Codec}, or one of several by what a field says (`oneOf`). */
export interface RecordReader<T = BtfValue> {
  /** The least bytes of a value. */
  readonly size: number;
  /**
   * Decodes the value at `offset` (default 0). Of a record that has `length` bytes: one shorter than the type reads as if zeroes followed, and of a
   * flexible array (`char data[]`, `struct x items[]` at the end of a struct) there are as many elements as it holds; without a length there are none.
   * Throws RangeError when fewer than `length` (default `size`) bytes are there; never reads past them.
   */
  read(bytes: Uint8Array, offset?: number, length?: number): T;
  /** {@link read} for those who keep a view and have checked that the bytes are there: `offset` is within the view. */
  readAt(view: DataView, offset: number, length?: number): T;
}

/**
 * A struct that is decoded a member at a time, when touched: its properties are the members' names. Structs in it are views, too; arrays and text are
 * decoded. It is valid only as long as the memory that it is of: in a callback of a ring buffer, until that returns. `toJSON()`, if no member has that
 * name, gives the plain object.
 */
export interface StructView {
  readonly [name: string]: unknown;
}

/** Reads and writes values of one type, compiled once. Byte order is the BTF's. */
export interface Codec extends RecordReader {
  /** Bytes of one value, a flexible array aside. */
  readonly size: number;
  readonly typeId: number;
  /**
   * A struct as a {@link StructView}, rather than decoded; of any other type its value. `T` only says what it is to the compiler. Throws RangeError
   * as {@link read} does.
   */
  view<T = StructView>(bytes: Uint8Array, offset?: number, length?: number): T;
  /** {@link view} for those who keep a view and have checked the bytes. `again` is a view that this codec made before: it is pointed here and returned, which allocates nothing. */
  viewAt<T = StructView>(view: DataView, offset: number, length?: number, again?: T): T;
  /** Encodes `value` at `offset`; padding and omitted members become zero. Throws TypeError naming the field of the wrong shape or range. */
  write(bytes: Uint8Array, value: unknown, offset?: number): void;
  /** {@link write} for those who keep a view, as {@link readAt}. */
  writeAt(view: DataView, offset: number, value: unknown): void;
  /** The bytes of `value`: more than `size` where it has elements of a flexible array, text with its NUL. Throws TypeError as {@link write} does. */
  encode(value: unknown): Uint8Array;
}

/** One function start, from `.BTF.ext` func_info. `insnOffset` is bytes from the start of the section. */
export interface FuncInfo {
  readonly insnOffset: number;
  readonly typeId: number;
}
/** One source line, from `.BTF.ext` line_info. `insnOffset` is bytes from the start of the section. Line and column are 1-based. */
export interface LineInfo {
  readonly insnOffset: number;
  readonly file: string;
  readonly text: string;
  readonly line: number;
  readonly column: number;
  /** String offsets and packed `line_col`, as the kernel takes them. */
  readonly fileOff: number;
  readonly textOff: number;
  readonly lineCol: number;
}
/** One CO-RE relocation. `kind` is `enum bpf_core_relo_kind`, `access` the access string (`0:1:2`). */
export interface CoreRelocation {
  readonly insnOffset: number;
  readonly typeId: number;
  readonly access: string;
  readonly kind: number;
}

/** `.BTF.ext`, by section name. */
export interface BtfExt {
  readonly funcInfo: ReadonlyMap<string, readonly FuncInfo[]>;
  readonly lineInfo: ReadonlyMap<string, readonly LineInfo[]>;
  readonly coreRelocations: ReadonlyMap<string, readonly CoreRelocation[]>;
}
