import { RawbpfError } from '../../errors/index.js';
import { helperSince } from '../../kernel/index.js';
import type { PoisonedInsn } from '../../object/index.js';
import { errnoName } from '../../syscall/index.js';
import { hintFor } from './verifier-hints.js';
import { type ListingOptions, listFault, placed } from './verifier-listing.js';
import { findFault, type VerifierFault } from './verifier-log.js';
import { formatSource, type SourceAt } from './verifier-source.js';

export interface VerifierErrorDetails {
  /** The object's file, for the message. */
  readonly file: string;
  /** What was loaded, in words: `program handle_tp`, `BTF of the object`. */
  readonly what: string;
  /** The positive errno of the refusal. */
  readonly errno: number;
  /** All that the kernel wrote. */
  readonly log: string;
  /** True when the log has not all of it. */
  readonly truncated: boolean;
  /** The instruction that stands for something that the kernel does not have, when the verifier came to one. */
  readonly reached?: PoisonedInsn;
  /** The object's line info, because kernels before 6.10 print no file and line. */
  readonly sourceAt?: SourceAt;
}

/**
 * The kernel examined a program (or BTF) and refused it.
 *
 * The message is one line: the verifier's complaint and the source line. `fault` has its parts, `listing()` the path that led there, `log` everything;
 * `explain()` puts them together with what can be done.
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

  readonly #sourceAt: SourceAt;

  constructor(details: VerifierErrorDetails) {
    const { file, what, errno, log, truncated, reached, sourceAt = () => undefined } = details;
    const fault = placedFault(findFault(log), sourceAt);
    const omitted = Math.max(0, fault.lines - 1);
    super(
      `${file}: ${what}: refused by the verifier: ${reasonOf(fault, reached)}${place(fault, reached)}` +
        ` (${errnoName(errno)}; ${omitted} ${omitted === 1 ? 'line' : 'lines'} of log omitted)`,
    );
    this.what = what;
    this.errno = errno;
    this.errnoName = errnoName(errno);
    this.log = log;
    this.truncated = truncated;
    this.fault = fault;
    this.reached = reached;
    this.#sourceAt = sourceAt;
  }

  /** The path to the fault: lines of C, their instructions, the registers that these changed, and the fault. Lines joined by newlines. */
  listing(options: ListingOptions = {}): string {
    return listFault(this.log, this.fault, this.#sourceAt, options).join('\n');
  }

  override explain(): string {
    const { reason } = this.fault;
    const hint = this.reached ? askFirst : reason && hintFor(reason);
    return [
      this.message,
      this.listing(),
      this.truncated
        ? 'The log is not whole: it was longer than the kernel would write, or than is of use.'
        : '',
      helperVersion(this.fault),
      hint ?? '',
    ]
      .filter(part => part !== '')
      .join('\n');
  }
}

const askFirst =
  'Code that uses what a kernel may lack has to ask first: bpf_core_field_exists(), bpf_core_type_exists() or bpf_core_enum_value_exists() for types, bpf_ksym_exists() for kfuncs.';
/** Characters of a line of C in a message. */
const longestSource = 100;

function reasonOf(fault: VerifierFault, reached: PoisonedInsn | undefined): string {
  if (reached) return `it reaches ${reached.missing}`;
  const { reason = 'it does not say why', helper } = fault;
  return helper && !reason.includes(helper) ? `${reason}, calling ${helper}()` : reason;
}

/** Which kernel brought the helper that this one does not know, or not for this program type. */
function helperVersion({ helper, reason, instruction }: VerifierFault): string {
  if (!helper || !/unknown func|invalid func|cannot use helper/.test(reason ?? '')) return '';
  const since = helperSince(Number(/#(\d+)$/.exec(instruction ?? '')?.[1]));
  return since ? `${helper}() came with Linux ${since}.` : '';
}

function place({ source }: VerifierFault, reached: PoisonedInsn | undefined): string {
  const where = reached?.source ?? (source && formatSource(source, longestSource));
  return where ? `, at ${where}` : '';
}

function placedFault(fault: VerifierFault, sourceAt: SourceAt): VerifierFault {
  const { source, taken, index } = fault;
  return {
    ...fault,
    source: source && index !== undefined ? placed(source, sourceAt(index)) : source,
    taken: taken && fault.takenAt !== undefined ? placed(taken, sourceAt(fault.takenAt)) : taken,
  };
}
