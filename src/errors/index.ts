export { FormatError, type FormatErrorPlace } from './format-error.js';
export { NotYetError } from './not-yet-error.js';
export { RawbpfError } from './rawbpf-error.js';
