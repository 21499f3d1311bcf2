import { type BtfInfo, btfInfo, type Holder, holders, listBtf } from '../../../kernel/index.js';
import { listMaps } from '../../../maps/index.js';
import { listPrograms } from '../../../programs/index.js';
import { exactJson } from '../../exact-json.js';
import { print, printLines } from '../../output.js';
import { Refusal } from '../../refusal.js';
import { Words } from '../../words.js';

/** `rawbpf btf list [id N]`: the BTF that the kernel holds, and which programs and maps it is of. */
export async function listAllBtf(
  given: readonly string[],
  { json }: { readonly json?: boolean },
): Promise<void> {
  const infos = given.length === 0 ? [...listBtf()] : [one(new Words(given))];
  const users: Users = {
    programs: idsByBtf(listPrograms()),
    maps: idsByBtf(listMaps()),
    processes: holders('btf'),
  };
  if (!json) return await printLines(infos.map(info => btfText(info, users)));
  const records = infos.map(info => btfRecord(info, users));
  await print(exactJson(given.length > 0 ? records[0] : records));
}

function one(words: Words): BtfInfo {
  words.skip('id');
  const word = words.take('the id');
  words.end();
  if (!/^\d+$/.test(word)) throw new Refusal(`BTF ${word}: say which by its id, a number`);
  const info = btfInfo(Number(word));
  if (!info) throw new Refusal(`BTF of id ${word}: the kernel has none of this id`);
  return info;
}

/** Who uses BTF, by its id. */
interface Users {
  readonly programs: ReadonlyMap<number, readonly number[]>;
  readonly maps: ReadonlyMap<number, readonly number[]>;
  readonly processes: ReadonlyMap<number, readonly Holder[]>;
}

function idsByBtf(
  infos: Iterable<{ readonly id: number; readonly btfId: number }>,
): ReadonlyMap<number, readonly number[]> {
  const ids = new Map<number, number[]>();
  for (const { id, btfId } of infos) ids.set(btfId, [...(ids.get(btfId) ?? []), id]);
  return ids;
}

/** What `bpftool -j btf list` has of it. */
function btfRecord({ id, size, kernel, name }: BtfInfo, users: Users): Readonly<Record<string, unknown>> {
  return {
    id,
    size,
    prog_ids: users.programs.get(id) ?? [],
    map_ids: users.maps.get(id) ?? [],
    pids: users.processes.get(id)?.map(({ pid, comm }) => ({ pid, comm })),
    kernel,
    name: name || undefined,
  };
}

function btfText({ id, size, kernel, name }: BtfInfo, users: Users): string {
  const listed = (what: string, ids: readonly number[] = []) =>
    ids.length > 0 ? `  ${what} ${ids.join(',')}` : '';
  const pids = users.processes.get(id)?.map(({ pid, comm }) => `${comm}(${pid})`);
  return [
    `${id}: name ${kernel ? `[${name}]` : name || '<anon>'}  size ${size}B`,
    listed('prog_ids', users.programs.get(id)),
    listed('map_ids', users.maps.get(id)),
    pids ? `\n\tpids ${pids.join(', ')}` : '',
  ].join('');
}
