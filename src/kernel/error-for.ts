import type { RawbpfError } from '../errors/index.js';
import { BpfError, type BpfErrorDetails } from '../syscall/index.js';
import type { Cause } from './cause.js';
import { UnsupportedFeatureError } from './unsupported-feature-error.js';

/** The error for a refused call: UnsupportedFeatureError where the cause is that the kernel lacks something, else BpfError with the cause as hint. */
export function errorFor(
  cause: Cause | undefined,
  call: BpfErrorDetails & { readonly what: string },
): RawbpfError {
  if (!cause) return new BpfError(call);
  const { missing, reason, advice } = cause;
  if (!missing) return new BpfError({ ...call, hint: [reason, advice].filter(Boolean).join('. ') });
  return new UnsupportedFeatureError(missing.feature, {
    what: call.what,
    reason,
    cause: new BpfError(call),
    ...(missing.since ? { since: missing.since } : {}),
    ...(advice ? { advice } : {}),
  });
}
