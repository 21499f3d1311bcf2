export { arenaDataOffset } from './arena.js';
export { attachBtfTarget, attachesToMany, functionOfProgram } from './attach-btf.js';
export { sanitizeBtf } from './btf-sanitize.js';
export {
  checkObject,
  type MissingFromKernel,
  missingFrom,
  type ObjectCheck,
  type ProgramCheck,
} from './check-object.js';
export { poisonedImm } from './core-patch.js';
export { CoreRelocationError } from './core-relocation-error.js';
export { eventTypeId } from './event-type.js';
export { encodeGlobal, globalCodec, parseGlobalValue, unfitGlobal, unknownGlobal } from './global-value.js';
export { type Inspection, inspectObject } from './inspect.js';
export { type FeatureName, type KernelModule, type KernelView, newestKernel } from './kernel-view.js';
export {
  type InfoRecords,
  type LinkedFunction,
  type LinkedProgram,
  linkProgram,
  reachableFunctions,
} from './link-program.js';
export { type LinkedObject, linkObjects, type ObjectFile } from './linker/link-objects.js';
export { flagBits, flagNames, type MapFlag } from './map-flags.js';
export type { MapSettings, MapShape } from './map-settings.js';
export { minCoreBtfFor } from './min-core-btf.js';
export { ObjectError } from './object-error.js';
export { type ParseObjectOptions, parseObject } from './parse-object.js';
export { type PlanLoadOptions, planLoad } from './plan.js';
export type * from './plan-types.js';
export { isFdPointer, isFdRef, isLinkedInsns } from './plan-values.js';
export { programHash } from './program-hash.js';
export {
  type ProgramChoice,
  type ProgramSettings,
  programSettings,
  type TargetProgram,
  targetProgram,
} from './program-settings.js';
export type { CoreOutcome } from './relocate-core.js';
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
