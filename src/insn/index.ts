export * from './assemble.js';
export { decodeInsn, encodeInsn, insnCount, isLdimm64, ldimm64Value, swapInsns } from './codec.js';
export { type DisasmLine, disassemble, helperName } from './disassemble.js';
export * from './opcodes.js';
export { type ReadOnlyMemory, reachableSlots } from './reachable.js';
export type * from './types.js';
