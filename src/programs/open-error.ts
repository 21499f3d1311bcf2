import { RawbpfError } from '../errors/index.js';

/** A program or link that was to be opened is not there, is one of several, or is something else. */
export class OpenError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_OPEN';
}
