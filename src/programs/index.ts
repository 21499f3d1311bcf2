export { UnsupportedFeatureError } from '../kernel/index.js';
export type { AttachOptions } from './attach-by-section.js';
export {
  BpfObject,
  type LoadMapSettings,
  type LoadOptions,
  type OpenOptions,
  type PlanOptions,
} from './bpf-object.js';
export type { Globals } from './globals.js';
export { Link, type LinkKind } from './link.js';
export type { KprobeOptions } from './link-kprobe.js';
export { Program } from './program.js';
export type { ProgramInfo } from './program-info.js';
export { StateError } from './state-error.js';
export { VerifierError, type VerifierErrorDetails } from './verifier-error.js';
export type { VerifierFault } from './verifier-log.js';
