export { arenaDataOffset } from './arena.js';
export {
  checkObject,
  type MissingFromKernel,
  missingFrom,
  type ObjectCheck,
  type ProgramCheck,
} from './check-object.js';
export { eventTypeId } from './event-type.js';
export { type Inspection, inspectObject } from './inspect.js';
export { type LinkedObject, linkObjects, type ObjectFile } from './linker/link-objects.js';
export { minCoreBtfFor } from './min-core-btf.js';
export { ObjectError } from './object-error.js';
export { type ParseObjectOptions, parseObject } from './parse-object.js';
export { attachBtfTarget, attachesToMany, functionOfProgram } from './plan/attach-btf.js';
export { sanitizeBtf } from './plan/btf-sanitize.js';
export { poisonedImm } from './plan/core-patch.js';
export { CoreRelocationError } from './plan/core-relocation-error.js';
export {
  encodeGlobal,
  globalCodec,
  parseGlobalValue,
  unfitGlobal,
  unknownGlobal,
} from './plan/global-value.js';
export { type FeatureName, type KernelModule, type KernelView, newestKernel } from './plan/kernel-view.js';
export {
  type InfoRecords,
  type LinkedFunction,
  type LinkedProgram,
  linkProgram,
  reachableFunctions,
} from './plan/link-program.js';
export { flagBits, flagNames, type MapFlag } from './plan/map-flags.js';
export type { MapSettings, MapShape } from './plan/map-settings.js';
export { type PlanLoadOptions, planLoad } from './plan/plan.js';
export type * from './plan/plan-types.js';
export { isFdPointer, isFdRef, isLinkedInsns } from './plan/plan-values.js';
export { programHash } from './plan/program-hash.js';
export {
  type ProgramChoice,
  type ProgramSettings,
  programSettings,
  type TargetProgram,
  targetProgram,
} from './plan/program-settings.js';
export type { CoreOutcome } from './plan/relocate-core.js';
export { isRing, ringSize } from './ring-size.js';
export { matchSection, type SectionMatch, type SectionRule, sectionRules } from './section-names.js';
export {
  type AttachTypeName,
  attachTypeName,
  coreKindName,
  type MapTypeName,
  mapTypeName,
  mapTypeNamed,
  type ProgTypeName,
  progTypeName,
  progTypeNamed,
} from './type-names.js';
export type * from './types.js';
