import { linkObjects } from '../../object/index.js';
import { readInput } from '../read-input.js';
import { complain } from '../report-error.js';
import { writeOutput } from '../write-output.js';

export interface LinkOptions {
  readonly output: string;
}

/** `rawbpf link FILE… -o OUT`: one object made of several, as `bpftool gen object` makes it. */
export async function link(files: readonly string[], { output }: LinkOptions): Promise<void> {
  const { bytes, warnings } = linkObjects(files.map(file => ({ file, bytes: readInput(file) })));
  for (const warning of warnings) complain(`warning: ${warning}`);
  writeOutput(output, bytes, files);
}
