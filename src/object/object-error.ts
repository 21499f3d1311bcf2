import { RawbpfError } from '../errors/index.js';

/** The object is well formed, but cannot be used as it was asked to: an unknown program or global, a value that does not fit, a section that says no type. */
export class ObjectError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_OBJECT';
  readonly file: string;
  /** The program, map, section or global at fault. */
  readonly subject: string;

  constructor(file: string, subject: string, reason: string, options?: ErrorOptions) {
    super(`${file}: ${subject}: ${reason}`, options);
    this.file = file;
    this.subject = subject;
  }
}
