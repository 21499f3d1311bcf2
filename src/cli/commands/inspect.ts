import { inspectObject, parseObject } from '../../object/index.js';
import { print, printJson } from '../output.js';
import { readInput } from '../read-input.js';

/** `rawbpf inspect FILE`: what is in an object, without a kernel. */
export async function inspect(file: string, { json = false }: { json?: boolean }): Promise<void> {
  const spec = parseObject(readInput(file), { file });
  const inspection = inspectObject(spec);
  if (json) return await printJson(inspection);
  const types = spec.btf ? spec.btf.endId - spec.btf.startId : undefined;
  // The table package costs more to load than all else: only where there are tables.
  const { inspectionText } = await import('../inspection-text.js');
  await print(inspectionText(inspection, types));
}
