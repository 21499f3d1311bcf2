import { Btf } from '../../../btf/index.js';
import { readBtfById } from '../../../kernel/index.js';
import { listMaps, type MapInfo, openMapBytes } from '../../../maps/index.js';
import type { ProgramInfo } from '../../../programs/index.js';
import { liveSys } from '../../../syscall/index.js';
import { btfValue } from '../../btf-value.js';

type Values = Readonly<Record<string, unknown>>;

const prefix = 'bpf_metadata_';

/** The constants that the authors of programs leave for those who find them: `const char bpf_metadata_author[] = "…"`. */
export class Metadata {
  #maps: ReadonlyMap<number, MapInfo> | undefined;
  readonly #values = new Map<number, Values | undefined>();

  /** By name, without the prefix; undefined when the program has none. */
  of({ mapIds }: ProgramInfo): Values | undefined {
    this.#maps ??= constantMaps();
    for (const id of mapIds) {
      const info = this.#maps.get(id);
      if (!info) continue;
      if (!this.#values.has(id)) this.#values.set(id, valuesOf(info));
      return this.#values.get(id);
    }
    return undefined;
  }
}

/** What bpftool takes for a `.rodata` (find_metadata). */
function constantMaps(): ReadonlyMap<number, MapInfo> {
  const maps = new Map<number, MapInfo>();
  for (const info of listMaps()) {
    const { typeName, keySize, maxEntries, valueTypeId, name } = info;
    if (typeName === 'array' && keySize === 4 && maxEntries === 1 && valueTypeId && name.includes('.rodata'))
      maps.set(info.id, info);
  }
  return maps;
}

function valuesOf({ id, btfId, valueTypeId }: MapInfo): Values | undefined {
  const btf = Btf.parse(readBtfById(liveSys(), btfId, `BTF of map ${id}`));
  const section = btf.type(valueTypeId);
  if (section.kind !== 'datasec') return undefined;
  const variables = section.vars.filter(({ type }) => btf.type(type).name.startsWith(prefix));
  if (variables.length === 0) return undefined;
  using map = openMapBytes({ id }, { access: 'read' });
  const bytes = map.get(map.encodeKey(0));
  if (!bytes) return undefined;
  return Object.fromEntries(
    variables.map(({ type, offset, size }) => {
      const variable = btf.type(type) as Extract<ReturnType<Btf['type']>, { kind: 'var' }>;
      const value = btfValue(btf, variable.type, bytes.subarray(offset, offset + size));
      return [variable.name.slice(prefix.length), value];
    }),
  );
}
