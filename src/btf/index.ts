export { Btf, type BtfOptions } from './btf.js';
export { codec, isChar } from './codec.js';
export { type DumpedType, dumpJson } from './dump-json.js';
export { dumpRaw } from './dump-raw.js';
export { parseBtfExt } from './ext.js';
export { typeName } from './type-name.js';
export type * from './types.js';
