import { dirname, extname, relative, resolve } from 'node:path';
import { compileObject } from '../../../compile/index.js';
import { generateModule } from '../../../gen/index.js';
import { linkObjects, parseObject } from '../../../object/index.js';
import { progress } from '../../progress.js';
import { readInput } from '../../read-input.js';
import { complain } from '../../report-error.js';
import { writeOutput } from '../../write-output.js';

export interface GenModuleOptions {
  readonly output?: string;
  readonly embed?: boolean;
}

/** `rawbpf gen FILE [-o FILE.ts]`: a TypeScript module with the programs, maps, globals and types of an object, or of C source. */
export async function genModule(file: string, { output, embed = false }: GenModuleOptions): Promise<void> {
  const isSource = extname(file) === '.c';
  const bytes = isSource ? await compile(file) : readInput(file);
  const spec = parseObject(bytes, { file });
  // Of source there is no object that the module could name. Linking leaves out what no loader reads, such as DWARF.
  const object = embed || isSource ? linkObjects([{ file, bytes }]).bytes : urlFrom(output, file);
  const text = generateModule(spec, { object });
  if (output === undefined) process.stdout.write(text);
  else writeOutput(output, new TextEncoder().encode(text), [file]);
}

async function compile(file: string): Promise<Uint8Array> {
  const { bytes, warnings } = await progress(`compiling ${file}`, () => compileObject(file));
  if (warnings) complain(warnings.trimEnd());
  return bytes;
}

/** The way from the module, which is here where it has no file, to the object. */
function urlFrom(output: string | undefined, file: string): string {
  const path = relative(output === undefined ? '.' : dirname(resolve(output)), file);
  const url = path.split('/').map(encodeURIComponent).join('/');
  return url.startsWith('.') ? url : `./${url}`;
}
