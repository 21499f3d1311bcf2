import type { OpenOptions } from '../../../programs/index.js';
import type { EbpfPackage } from '../../package/package.js';
import { looksLikePackage, readPackage } from '../../package/read-package.js';
import { type SourceDocs, sourceDocs } from '../../package/source-docs.js';
import { writePackage } from '../../package/write-package.js';
import { progress } from '../../progress.js';
import { readInput } from '../../read-input.js';
import { complain } from '../../report-error.js';

/** The object that a person named: compiled already, in C, or packed by ecc. */
export interface RunInput {
  readonly bytes: Uint8Array;
  readonly options: OpenOptions;
  readonly package: EbpfPackage | undefined;
  /** Comments of C source. */
  readonly docs?: SourceDocs;
}

/** Throws Refusal for a file that can't be read, CompileError for C that is none, FormatError for a damaged package. */
export async function runInput(file: string): Promise<RunInput> {
  if (/\.c$/.test(file)) return fromSource(file);
  const bytes = readInput(file);
  if (!looksLikePackage(bytes)) return { bytes, options: { file }, package: undefined };
  const packed = readPackage(bytes, file);
  const name = packed.name === undefined ? {} : { name: packed.name };
  return { bytes: packed.object, options: { file, ...name }, package: packed };
}

/** Comments of the source say what those of a package do. */
async function fromSource(file: string): Promise<RunInput> {
  const docs = sourceDocs(new TextDecoder().decode(readInput(file)), file);
  const { compileObject } = await import('../../../compile/index.js');
  const { bytes, warnings } = await progress(`compiling ${file}`, () => compileObject(file));
  if (warnings) complain(warnings.trimEnd());
  const name = baseName(file);
  const document = writePackage({ bytes, name, docs }, file);
  const packed = readPackage(Buffer.from(JSON.stringify(document)), file);
  return { bytes, options: { file, name }, docs, package: { ...packed, exported: undefined } };
}

/** `opensnoop` of `tools/opensnoop.bpf.c`. */
function baseName(file: string): string {
  return file.replace(/^.*\//, '').replace(/(\.bpf)?\.c$/, '');
}
