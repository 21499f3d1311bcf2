import { RawbpfError } from '../errors/index.js';

/** A call that does not fit the state of the object, program or link: not loaded yet, loaded already, closed. */
export class StateError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_STATE';
}
