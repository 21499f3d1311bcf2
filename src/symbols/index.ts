export { fileReader } from './file-reader.js';
export { type FoldOptions, foldStacks, type StackSample } from './fold.js';
export { type Frame, frameText, type SymbolTextOptions } from './frame.js';
export { KernelSymbols, KernelSymbolsError } from './kernel-symbols.js';
export type { ProcessSymbols } from './process-symbols.js';
export { kernelFrames, type UserFramesOptions, userFrames } from './stack-frames.js';
export { ksym, ksymName, processSymbols, usym } from './symbols.js';
