import { writePackage } from '../package/write-package.js';
import { complain } from '../report-error.js';
import { writeOutput } from '../write-output.js';
import { runInput } from './run/run-input.js';

/** `rawbpf package FILE -o package.json`: an object, or C source, as ecc packs it. */
export async function packageObject(file: string, { output }: { readonly output: string }): Promise<void> {
  const { bytes, options, package: packed, docs } = await runInput(file);
  const name = (packed?.name ?? options.name ?? baseName(file)).replace(/_bpf$/, '');
  const document = writePackage({ bytes, name, ...(docs ? { docs } : {}) }, file);
  writeOutput(output, Buffer.from(`${JSON.stringify(document)}\n`), [file]);
  complain(`wrote ${output}`);
}

function baseName(file: string): string {
  return file.replace(/^.*\//, '').replace(/(\.bpf)?\.o$/, '');
}
