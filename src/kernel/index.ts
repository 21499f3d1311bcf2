export { onlineCpus, parseCpuList, possibleCpus } from './cpus.js';
export { type Feature, features } from './features.js';
export { Kernel } from './kernel.js';
export { raiseMemlock } from './memlock.js';
export { pageSize } from './page-size.js';
export { syscallSymbol } from './syscall-symbol.js';
export { parseTraceLine, type TraceLine, TracePipe, type TracePipeOptions } from './trace-pipe.js';
export { TracefsError, tracefsPath, tracepointId } from './tracefs.js';
export { type KernelVersion, runningVersion, versionCode } from './version.js';
