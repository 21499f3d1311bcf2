import { RawbpfError } from '../errors/index.js';

export interface UnsupportedFeatureDetails {
  /** What was tried, e.g. `hello.bpf.o: program hello`. */
  readonly what: string;
  /** How it is known that the feature is missing. */
  readonly reason: string;
  /** The kernel version that brought it. */
  readonly since?: string;
  /** What to do instead. */
  readonly advice?: string;
  readonly cause?: unknown;
}

/** The running kernel lacks something that was asked of it. */
export class UnsupportedFeatureError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_UNSUPPORTED_FEATURE';
  /** What is missing, e.g. `kprobes`. */
  readonly feature: string;
  /** The kernel version that brought it, e.g. `5.15`; undefined when it depends on how the kernel was built. */
  readonly since: string | undefined;
  readonly advice: string | undefined;

  constructor(feature: string, { what, reason, since, advice, cause }: UnsupportedFeatureDetails) {
    super(
      `${what}: this kernel does not support ${feature}${since ? ` (since Linux ${since})` : ''}: ${reason}`,
      cause === undefined ? {} : { cause },
    );
    this.feature = feature;
    this.since = since;
    this.advice = advice;
  }

  override explain(): string {
    return [this.message, this.advice, this.cause instanceof Error ? `The kernel: ${this.cause.message}` : '']
      .filter(Boolean)
      .join('\n');
  }
}
