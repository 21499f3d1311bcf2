import { RawbpfError } from './rawbpf-error.js';

/** The object is well formed, but needs something that rawbpf does not do yet. `features` names each, e.g. `CO-RE relocation of task_struct`. */
export class NotYetError extends RawbpfError {
  readonly code = 'ERR_RAWBPF_NOT_YET';
  readonly features: readonly string[];

  constructor(features: readonly string[], file?: string) {
    super(`${file ? `${file}: ` : ''}not yet supported by rawbpf: ${features.join('; ')}`);
    this.features = features;
  }
}
