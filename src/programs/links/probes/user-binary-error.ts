import { RawbpfError } from '../../../errors/index.js';

/** A program or library of user space, or the function or static probe that was to be traced in it, is not there. */
export class UserBinaryError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_USER_BINARY';
  /** The path, or the name that was looked up. */
  readonly binary: string;

  constructor(binary: string, reason: string, options?: ErrorOptions) {
    super(`${binary}: ${reason}`, options);
    this.binary = binary;
  }
}
