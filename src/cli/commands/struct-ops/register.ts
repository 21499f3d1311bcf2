import { join } from 'node:path';
import { openMap, StructOpsMap } from '../../../maps/index.js';
import { attachStructOps, BpfObject } from '../../../programs/index.js';
import { print } from '../../output.js';
import { readInput } from '../../read-input.js';
import { Refusal } from '../../refusal.js';
import { complain } from '../../report-error.js';
import { kernelStruct, selectedStructOps } from './select.js';

export interface RegisterOptions {
  readonly json?: boolean;
}

/** `rawbpf struct-ops register OBJECT [LINK_DIR]`: loads an object and leaves its structs with the kernel; those of a link by its pin. */
export async function registerStructOps(
  file: string,
  folder: string | undefined,
  { json }: RegisterOptions,
): Promise<void> {
  using object = BpfObject.open(readInput(file), { file }).load();
  const maps = Object.values(object.maps).filter(map => map instanceof StructOpsMap);
  if (maps.length === 0) throw new Refusal(`${file}: no struct_ops in it: a global in section .struct_ops`);
  for (const map of maps) if (map.hasLink && folder === undefined) throw linkless(map);
  for (const map of maps) register(map, folder);
  if (json) await print('null');
}

function linkless({ name }: StructOpsMap): Refusal {
  return new Refusal(
    `${name}: is of section .struct_ops.link, so it stays only as long as its link: give a folder of a bpf file system to pin that in`,
  );
}

function register(map: StructOpsMap, folder: string | undefined): void {
  const link = attachStructOps(map);
  const info = map.info();
  const what = `${kernelStruct(info)} ${info.name}`;
  if (link.isBpfLink && folder !== undefined) {
    link.pin(join(folder, info.name));
    complain(`registered ${what} map id ${info.id} link id ${link.info().id}`);
  } else {
    link.disconnect();
    complain(`registered ${what} id ${info.id}`);
  }
  link.close();
}

/** `rawbpf struct-ops unregister SELECTOR`: takes them back from the kernel. */
export async function unregisterStructOps(
  given: readonly string[],
  { json }: RegisterOptions,
): Promise<void> {
  for (const info of selectedStructOps(given)) {
    using map = openMap({ id: info.id }, { kind: StructOpsMap });
    if (map.hasLink)
      throw new Refusal(
        `${info.name} id ${info.id}: a link registers it: detach that (rawbpf link list, link detach)`,
      );
    if (!map.unregister()) throw new Refusal(`${info.name} id ${info.id}: it is not registered`);
    complain(`unregistered ${kernelStruct(info)} ${info.name} id ${info.id}`);
  }
  if (json) await print('null');
}
