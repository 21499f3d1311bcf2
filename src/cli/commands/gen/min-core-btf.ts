import { minCoreBtfFor } from '../../../object/index.js';
import { readBtf } from '../../read-btf.js';
import { readInput } from '../../read-input.js';
import { writeOutput } from '../../write-output.js';

export interface GenMinCoreBtfOptions {
  readonly btf: string;
  readonly output: string;
}

/** `rawbpf gen min-core-btf FILE… --btf BTF -o OUT`: the part of a kernel's BTF that objects need to be relocated. */
export async function genMinCoreBtf(
  files: readonly string[],
  { btf, output }: GenMinCoreBtfOptions,
): Promise<void> {
  const objects = files.map(file => ({ file, bytes: readInput(file) }));
  writeOutput(output, minCoreBtfFor(objects, readBtf(btf)), [...files, btf]);
}
