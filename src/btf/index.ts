export { Btf, type BtfOptions } from './btf.js';
export { codec, isChar } from './codec.js';
export { parseBtfExt } from './ext.js';
export { typeName } from './type-name.js';
export type * from './types.js';
