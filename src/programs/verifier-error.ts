import { RawbpfError } from '../errors/index.js';
import type { PoisonedInsn } from '../object/index.js';
import { errnoName } from '../syscall/index.js';
import { hintFor } from './verifier-hints.js';
import { findFault, type VerifierFault } from './verifier-log.js';

export interface VerifierErrorDetails {
  /** The object's file, for the message. */
  readonly file: string;
  /** What was loaded, in words: `program handle_tp`, `BTF of the object`. */
  readonly what: string;
  /** The positive errno of the refusal. */
  readonly errno: number;
  /** All that the kernel wrote. */
  readonly log: string;
  /** True when the log did not fit into the largest buffer the kernel takes. */
  readonly truncated: boolean;
  /** The instruction that stands for something that the kernel does not have, when the verifier came to one. */
  readonly reached?: PoisonedInsn;
}

/**
 * The kernel examined a program (or BTF) and refused it.
 *
 * The message is one line: the verifier's complaint and the source line. `log` has everything, `explain()` adds what can be done.
 */
export class VerifierError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_VERIFIER';
  readonly what: string;
  /** Positive, e.g. 13 for EACCES. */
  readonly errno: number;
  readonly errnoName: string;
  /** The verifier log as the kernel wrote it. */
  readonly log: string;
  readonly truncated: boolean;
  readonly fault: VerifierFault;
  /** What the kernel lacks, when the verifier refused an instruction that stands for it. */
  readonly reached: PoisonedInsn | undefined;

  constructor(details: VerifierErrorDetails) {
    const fault = findFault(details.log);
    const omitted = Math.max(0, fault.lines - 1);
    const { reached } = details;
    const source = reached?.source ?? fault.source;
    const at = source ? `, at ${shortened(source)}` : '';
    const reason = reached ? `it reaches ${reached.missing}` : (fault.reason ?? 'it does not say why');
    super(
      `${details.file}: ${details.what}: refused by the verifier: ${reason}${at}` +
        ` (${errnoName(details.errno)}; ${omitted} ${omitted === 1 ? 'line' : 'lines'} of log omitted)`,
    );
    this.what = details.what;
    this.errno = details.errno;
    this.errnoName = errnoName(details.errno);
    this.log = details.log;
    this.truncated = details.truncated;
    this.fault = fault;
    this.reached = reached;
  }

  override explain(): string {
    const hint = this.reached
      ? `Code that uses what a kernel may lack has to ask first: bpf_core_field_exists(), bpf_core_type_exists() or bpf_core_enum_value_exists() for types, bpf_ksym_exists() for kfuncs.`
      : this.fault.reason && hintFor(this.fault.reason);
    return [
      this.message,
      this.truncated
        ? 'The log was longer than the kernel would write; its beginning or end is missing.'
        : '',
      'The verifier log:',
      ...this.log
        .trimEnd()
        .split('\n')
        .map(line => `  ${line}`),
      this.fault.instruction ? `It stopped at instruction ${this.fault.instruction}` : '',
      hint ?? '',
    ]
      .filter(line => line !== '')
      .join('\n');
  }
}

/** A macro's line can be very long; the log has all of it. */
function shortened(source: string): string {
  return source.length <= 100 ? source : `${source.slice(0, 60)}…${source.slice(-39)}`;
}
