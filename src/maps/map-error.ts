import { RawbpfError } from '../errors/index.js';

/** A map is not what was asked for: there is none of the name, or several; the path holds a program, or another map. */
export class MapError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_MAP';

  constructor(what: string, reason: string, options?: ErrorOptions) {
    super(`${what}: ${reason}`, options);
  }
}
