import { RawbpfError } from '../../errors/index.js';

/** A map changed so much during a walk that the walk could not come to an end. */
export class IterationError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_ITERATION';

  constructor(map: string, steps: number) {
    super(
      `map ${map}: stopped after ${steps} keys, several times what the map can hold: it is being changed faster than it can be walked`,
    );
  }
}
