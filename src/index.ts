export {
  Btf,
  type BtfOptions,
  type BtfValue,
  type Codec,
  type CodecOptions,
  codec,
  type OneOfOptions,
  oneOf,
  type RecordReader,
  type StructView,
} from './btf/index.js';
export * from './errors/index.js';
export { Kernel, TracefsError, type TraceLine, TracePipe, type TracePipeOptions } from './kernel/index.js';
export * from './maps/index.js';
export {
  type CoreOutcome,
  CoreRelocationError,
  checkObject,
  type KernelView,
  type LinkedObject,
  linkObjects,
  type MapFlag,
  type MapSettings,
  type MapShape,
  type MapTypeName,
  newestKernel,
  type ObjectCheck,
  ObjectError,
  type ObjectFile,
  type ObjectSpec,
  type Plan,
  type PlanLoadOptions,
  type PlanStep,
  type ProgramCheck,
  parseObject,
  planLoad,
  programHash,
} from './object/index.js';
export * from './programs/index.js';
export {
  BpfError,
  type FormatOptions,
  formatBpf,
  formatSyscall,
  liveSys,
  type Sys,
  type SyscallEvent,
  subscribeSyscalls,
  UnsupportedPlatformError,
} from './syscall/index.js';
