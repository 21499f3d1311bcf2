import { inspectObject, parseObject } from '../../object/index.js';
import { elfSummary } from '../elf-summary.js';
import { print, printJson } from '../output.js';
import { readInput } from '../read-input.js';

export interface InspectOptions {
  readonly json?: boolean;
  readonly elf?: boolean;
}

/** `rawbpf inspect FILE`: what is in an object, without a kernel. */
export async function inspect(file: string, { json = false, elf = false }: InspectOptions): Promise<void> {
  const bytes = readInput(file);
  const spec = parseObject(bytes, { file });
  const inspection = inspectObject(spec);
  if (json) return await printJson({ ...inspection, ...elfSummary(bytes, file) });
  const types = spec.btf ? spec.btf.endId - spec.btf.startId : undefined;
  // The table package costs more to load than all else: only where there are tables.
  const { inspectionText } = await import('../inspection-text.js');
  await print(inspectionText(inspection, types));
  if (!elf) return;
  const { elfText } = await import('../elf-text.js');
  await print(`\n${elfText(elfSummary(bytes, file))}`);
}
