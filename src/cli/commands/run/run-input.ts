import type { OpenOptions } from '../../../programs/index.js';
import type { EbpfPackage } from '../../package/package.js';
import { looksLikePackage, readPackage } from '../../package/read-package.js';
import { readInput } from '../../read-input.js';
import { complain } from '../../report-error.js';

/** The object that a person named: compiled already, in C, or packed by ecc. */
export interface RunInput {
  readonly bytes: Uint8Array;
  readonly options: OpenOptions;
  readonly package: EbpfPackage | undefined;
}

/** Throws Refusal for a file that can't be read, CompileError for C that is none, FormatError for a damaged package. */
export async function runInput(file: string): Promise<RunInput> {
  if (/\.c$/.test(file)) {
    readInput(file);
    const { compileObject } = await import('../../../compile/index.js');
    const { bytes, warnings } = compileObject(file);
    if (warnings) complain(warnings.trimEnd());
    return { bytes, options: { file, name: baseName(file) }, package: undefined };
  }
  const bytes = readInput(file);
  if (!looksLikePackage(bytes)) return { bytes, options: { file }, package: undefined };
  const packed = readPackage(bytes, file);
  const name = packed.name === undefined ? {} : { name: packed.name };
  return { bytes: packed.object, options: { file, ...name }, package: packed };
}

/** `opensnoop` of `tools/opensnoop.bpf.c`. */
function baseName(file: string): string {
  return file.replace(/^.*\//, '').replace(/(\.bpf)?\.c$/, '');
}
