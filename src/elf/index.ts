export * from './constants.js';
export { parseElf } from './parse-elf.js';
export { requireBpf } from './require-bpf.js';
export type * from './types.js';
export { type NewElf, type NewRelocation, type NewSection, type NewSymbol, writeElf } from './write-elf.js';
