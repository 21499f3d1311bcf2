import type { FdPointer, FdRef, LinkedInsns, PlanValue } from './plan-types.js';

export function isFdRef(value: PlanValue): value is FdRef {
  return typeof value === 'object' && typeof (value as FdRef).fd === 'string';
}

export function isFdPointer(value: PlanValue): value is FdPointer {
  return typeof value === 'object' && typeof (value as FdPointer).pointsTo === 'object';
}

export function isLinkedInsns(value: PlanValue): value is LinkedInsns {
  return typeof value === 'object' && Array.isArray((value as LinkedInsns).fixups);
}
