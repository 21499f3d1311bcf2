import { BpfMapType } from '../abi/index.js';
import type { BtfTypes } from '../btf/index.js';
import { sentSizes } from './event-size.js';
import type { FunctionSpec, MapSpec, ObjectSpec } from './types.js';

const eventMaps: ReadonlySet<number> = new Set([
  BpfMapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BpfMapType.BPF_MAP_TYPE_RINGBUF,
  BpfMapType.BPF_MAP_TYPE_USER_RINGBUF,
]);

/**
 * The BTF struct that the records of a perf or ring buffer are. The kernel keeps no such thing, so it is found by how programs are
 * written. The first rung of this ladder that has an answer gives it:
 *
 * 1. the map's declared value type, if it is a struct;
 * 2. a struct named after the map: for `events` that is `events_event`, `events_t`, `events`, `event_event`, `event_t`, `event`;
 * 3. a struct with a customary name: `event`, `event_t`, `data_t`;
 * 4. what global pointers point to (`const struct event *unused;`), when all such pointers agree;
 * 5. the struct that is passed by pointer to the functions that the senders call, when it is only one.
 *
 * Where the instructions tell the size of the records, only a struct of that size will do; the last rung needs to know it.
 * Undefined when no rung has an answer, or the map is of another kind.
 */
export function eventTypeId(spec: ObjectSpec, map: MapSpec | string): number | undefined {
  const { btf } = spec;
  const found = typeof map === 'string' ? spec.maps.find(m => m.name === map) : map;
  if (!btf || !found || !eventMaps.has(found.type)) return undefined;
  const sizes = sentSizes(spec, found.name);
  const known = sizes.size > 0 && !sizes.has(undefined);
  const fits = (id: number) => !known || sizes.has(btf.sizeOf(id));
  return (
    structId(btf, found.valueTypeId) ??
    named(btf, [...namesAfter(found.name), 'event', 'event_t', 'data_t'], fits) ??
    only(pointedToByGlobals(spec, btf), fits) ??
    (known ? only(passedBySenders(spec, btf, found.name), fits) : undefined)
  );
}

function namesAfter(map: string): string[] {
  const singular = map.replace(/s$/, '');
  return [`${map}_event`, `${map}_t`, map, `${singular}_event`, `${singular}_t`, singular];
}

function named(btf: BtfTypes, names: readonly string[], fits: (id: number) => boolean): number | undefined {
  for (const name of names) {
    const structs = [...btf.findAllByName(name, 'struct'), ...btf.findAllByName(name, 'typedef')];
    for (const candidate of structs) {
      const id = structId(btf, candidate);
      if (id !== undefined && fits(id)) return id;
    }
  }
  return undefined;
}

function* pointedToByGlobals({ globals }: ObjectSpec, btf: BtfTypes): Generator<number> {
  for (const { typeId } of globals) {
    const pointee = pointeeOf(btf, typeId);
    if (pointee !== undefined) yield pointee;
  }
}

/** Structs that functions called by the map's users may write to. A program's own parameter is its context. */
function* passedBySenders(spec: ObjectSpec, btf: BtfTypes, map: string): Generator<number> {
  const subprogs = new Map(spec.subprogs.map(f => [f.key, f]));
  for (const sender of [...spec.programs, ...spec.subprogs]) {
    if (!sender.references.some(r => r.kind === 'map' && r.map === map)) continue;
    const called = sender.references.flatMap(r => (r.kind === 'call' ? (subprogs.get(r.func) ?? []) : []));
    for (const f of [...called, ...(subprogs.has(sender.key) ? [sender] : [])]) yield* writableParams(btf, f);
  }
}

function* writableParams(btf: BtfTypes, f: FunctionSpec): Generator<number> {
  const info = f.funcInfo[0];
  const func = info && btf.type(info.typeId);
  const proto = func?.kind === 'func' ? btf.type(func.type) : undefined;
  if (proto?.kind !== 'func_proto') return;
  for (const { type } of proto.params) {
    const pointer = btf.resolved(type);
    if (pointer.kind !== 'ptr' || btf.type(pointer.type).kind === 'const') continue;
    const pointee = structId(btf, pointer.type);
    if (pointee !== undefined) yield pointee;
  }
}

function pointeeOf(btf: BtfTypes, typeId: number): number | undefined {
  const pointer = btf.resolved(typeId);
  return pointer.kind === 'ptr' ? structId(btf, pointer.type) : undefined;
}

/** The id of the struct behind typedefs and modifiers; undefined for another type, and for one without members. */
function structId(btf: BtfTypes, typeId: number): number | undefined {
  const type = btf.resolved(typeId);
  return type.kind === 'struct' && type.members.length > 0 ? type.id : undefined;
}

function only(ids: Iterable<number>, fits: (id: number) => boolean): number | undefined {
  const distinct = new Set([...ids].filter(fits));
  return distinct.size === 1 ? [...distinct][0] : undefined;
}
