import { RawbpfError } from '../errors/index.js';

/** The command can't do what it was asked to, for a reason that is no fault of a file's format or the kernel: no such file, no such program. */
export class Refusal extends RawbpfError {
  readonly code = 'ERR_RAWBPF_CLI';
}

/** Several things were refused; each is reported by itself. */
export class Refusals extends RawbpfError {
  readonly code = 'ERR_RAWBPF_CLI_SEVERAL';
  readonly errors: readonly RawbpfError[];

  constructor(errors: readonly RawbpfError[]) {
    super(errors.map(error => error.message).join('; '));
    this.errors = errors;
  }
}
