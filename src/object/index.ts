export type { FeatureName, KernelView } from './kernel-view.js';
export { newestKernel } from './kernel-view.js';
export { ObjectError } from './object-error.js';
export { type ParseObjectOptions, parseObject } from './parse-object.js';
export type * from './plan-types.js';
export { matchSection, type SectionMatch, type SectionRule, sectionRules } from './section-names.js';
export type * from './types.js';
