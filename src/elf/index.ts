export { readBuildId } from './build-id.js';
export * from './constants.js';
export { findFunction, globMatcher, matchFunctions, type NotFound } from './find-function.js';
export { type FunctionAt, FunctionTable } from './function-table.js';
export { parseElf } from './parse-elf.js';
export { type ReadAt, readAtOf } from './read-at.js';
export { requireBpf } from './require-bpf.js';
export { readUsdtNotes, type UsdtNote } from './stapsdt.js';
export type * from './types.js';
export {
  fileOffset,
  openUserElf,
  segmentAt,
  type UserElf,
  type UserSection,
  type UserSegment,
} from './user-elf.js';
export { named, type UserFunction, userFunctions } from './user-symbols.js';
export { type NewElf, type NewRelocation, type NewSection, type NewSymbol, writeElf } from './write-elf.js';
