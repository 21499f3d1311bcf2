export { CompileError } from './compile-error.js';
export { type CompiledObject, type CompileOptions, compileObject } from './compile-object.js';
export type { Diagnostic } from './diagnostics.js';
