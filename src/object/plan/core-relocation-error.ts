import { RawbpfError } from '../../errors/index.js';

export interface CoreRelocationErrorDetails {
  readonly file: string;
  /** The program or subprog, and the slot in it. */
  readonly func: string;
  readonly index: number;
  /** `struct task_struct.pid`. */
  readonly path: string;
  readonly reason: string;
  /** What the object's types say, and what the kernel's do, as libbpf's log has them. */
  readonly local?: string;
  readonly targets?: readonly string[];
  /** `opensnoop.bpf.c:42: pid = task->pid;` */
  readonly source?: string | undefined;
}

/** A CO-RE relocation that cannot be applied: it makes no sense, the kernel's types are ambiguous, or there are none to look in. */
export class CoreRelocationError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_CORE_RELOCATION';
  readonly file: string;
  readonly func: string;
  /** Slot within the function. */
  readonly index: number;
  readonly path: string;
  readonly reason: string;
  readonly #details: CoreRelocationErrorDetails;

  constructor(details: CoreRelocationErrorDetails, options?: ErrorOptions) {
    const { file, func, index, path, reason } = details;
    super(`${file}: ${func}: insn ${index}: CO-RE relocation of ${path}: ${reason}`, options);
    this.file = file;
    this.func = func;
    this.index = index;
    this.path = path;
    this.reason = reason;
    this.#details = details;
  }

  override explain(): string {
    const { local, targets = [], source } = this.#details;
    return [
      this.message,
      ...(source ? [`  source:  ${source}`] : []),
      ...(local ? [`  object:  ${local}`] : []),
      ...targets.map(target => `  kernel:  ${target}`),
    ].join('\n');
  }
}
