export { type BtfInfo, readBtfById } from './btf-by-id.js';
export {
  type Cause,
  heldBy,
  lackOfBpfOrNetAdmin,
  lackOfLockedMemory,
  lackOfNetAdmin,
  lackOfPermission,
  lackOfPrivilege,
} from './cause.js';
export { missingConfig, missingMapConfig } from './config-needs.js';
export { onlineCpus, parseCpuList, possibleCpus } from './cpus.js';
export { errorFor } from './error-for.js';
export { type Facts, readFacts } from './facts.js';
export { type Feature, features } from './features.js';
export { helperSince } from './helper-since.js';
export { type Holder, holders } from './holders.js';
export { type KernelFunction, kernelFunctions } from './kallsyms.js';
export { Kernel } from './kernel.js';
export { btfInfo, listBtf, openBtf } from './list-btf.js';
export {
  fromAddresses,
  fromKallsyms,
  type MatchingFunctions,
  matchingFunctions,
} from './matching-functions.js';
export { raiseMemlock } from './memlock.js';
export { nearestNames, nearText } from './nearest.js';
export type { HeldKind } from './object-fd.js';
export { pageSize } from './page-size.js';
export { pinnedPaths } from './pinned-paths.js';
export { probeMapType, probeProgType } from './probe-type.js';
export {
  attachTypeSince,
  mapTypeSince,
  type ProgLoadKind,
  progLoadSince,
  progTypeOption,
  progTypeSince,
} from './since.js';
export {
  helperIds,
  type KernelSupport,
  type KernelSupportOptions,
  kernelSupport,
  mapTypes,
  progTypes,
} from './support.js';
export { type InsnFeature, insnFeatures } from './support-insns.js';
export { hasMapType } from './support-map.js';
export {
  type HelperName,
  hasHelper,
  hasProgType,
  type Support,
  type SupportOptions,
} from './support-program.js';
export { syscallFnName } from './syscall-fn-name.js';
export { syscallSymbol } from './syscall-symbol.js';
export { parseTraceLine, type TraceLine, TracePipe, type TracePipeOptions } from './trace-pipe.js';
export { type TracePrintOptions, traceFields, tracePrint } from './trace-print.js';
export { readNumber, TracefsError, tracefsPath, tracepointId } from './tracefs.js';
export { UnsupportedFeatureError } from './unsupported-feature-error.js';
export { type KernelVersion, runningVersion, versionCode } from './version.js';
