import { exactJson } from '../../exact-json.js';
import { print, printLines } from '../../output.js';
import { kernelStruct, selectedStructOps } from './select.js';

/** `rawbpf struct-ops show [SELECTOR]`: the structs of programs that the kernel has. */
export async function showStructOps(
  given: readonly string[],
  { json }: { readonly json?: boolean },
): Promise<void> {
  const infos = selectedStructOps(given);
  if (json)
    await print(
      exactJson(infos.map(info => ({ id: info.id, name: info.name, kernel_struct_ops: kernelStruct(info) }))),
    );
  else await printLines(infos.map(info => `${info.id}: ${info.name.padEnd(15)} ${kernelStruct(info)}`));
}
