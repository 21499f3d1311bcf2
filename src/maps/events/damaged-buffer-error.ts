import { RawbpfError } from '../../errors/index.js';

/** A ring or perf buffer whose positions or record sizes make no sense, so that it can't be read on: somebody else wrote to its pages. */
export class DamagedBufferError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_DAMAGED_BUFFER';

  constructor(
    /** The buffer: `map events`, `map events, CPU 3`. */
    what: string,
    reason: string,
  ) {
    super(
      `${what}: ${reason}. The buffer can't be read on: close the map and load it again, and let one process at a time read it`,
    );
  }
}
