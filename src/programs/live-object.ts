import { BpfFlags, BpfMapType } from '../abi/index.js';
import type { Kernel } from '../kernel/index.js';
import {
  ArenaMap,
  ArrayMap,
  type BpfMap,
  type InnerMapDef,
  type MapDef,
  StructOpsMap,
  wrapMap,
} from '../maps/index.js';
import { arenaDataOffset, eventTypeId, type MapSpec, type ObjectSpec, type Plan } from '../object/index.js';
import type { OwnedFd, Sys } from '../syscall/index.js';
import { execute, type LoadedFds, undo } from './execute.js';
import type { LoadMapSettings } from './load-options.js';
import { requireUsable } from './pinned-map.js';
import { Program } from './program.js';
import { arenaMemory, copiedMemory, mappedMemory, type SectionMemory } from './section-memory.js';
import { structOpsBytes } from './struct-ops-bytes.js';
import type { ResolvedTargets } from './target-programs.js';

/** What an object is once it is loaded. */
export interface LiveObject {
  /** Each is made when it is first asked for: many are only for the programs. */
  readonly maps: Readonly<Record<string, BpfMap>>;
  /** Those of the object itself that were asked for. */
  readonly ownMaps: readonly BpfMap[];
  /** Its own struct_ops maps, asked for or not. */
  structOps(): readonly StructOpsMap[];
  readonly programs: Readonly<Record<string, Program>>;
  /** Where the variables of its data sections live, by map. */
  readonly memory: ReadonlyMap<string, SectionMemory>;
  readonly fds: LoadedFds;
}

export interface LiveOptions {
  readonly maps?: Readonly<Record<string, LoadMapSettings>> | undefined;
  readonly targets: ResolvedTargets['targets'];
  readonly logLevel: number;
}

interface Loading {
  readonly sys: Sys;
  readonly kernel: Kernel;
  readonly spec: ObjectSpec;
  readonly plan: Plan;
  readonly fds: LoadedFds;
}

/** Executes the plan of `spec` and makes a handle of every fd that comes of it. When either fails, nothing stays. */
export function goLive(
  sys: Sys,
  kernel: Kernel,
  spec: ObjectSpec,
  plan: Plan,
  { maps: settings, targets, logLevel }: LiveOptions,
): LiveObject {
  const given = givenMaps(sys, plan, settings);
  const fds = execute(sys, kernel, plan, { given, targets, logLevel });
  try {
    const loading = { sys, kernel, spec, plan, fds };
    const ownMaps: BpfMap[] = [];
    const maps = mapHandles(loading, given, ownMaps);
    const programs = programHandles(loading, maps);
    const structOps = () => structOpsOf(plan.object, maps, given);
    return { maps, ownMaps, structOps, programs, memory: sectionMemory(loading, maps), fds };
  } catch (error) {
    undo(fds);
    throw error;
  }
}

/** The maps that are used in place of the object's own. */
function givenMaps(sys: Sys, { object }: Plan, settings: LiveOptions['maps'] = {}): Map<string, BpfMap> {
  const given = new Map<string, BpfMap>();
  for (const map of object.maps) {
    const reuse = settings[map.name]?.reuse;
    if (!reuse) continue;
    requireUsable(sys, reuse, map, object.file);
    given.set(map.name, reuse);
  }
  return given;
}

function mapHandles(
  loading: Loading,
  given: ReadonlyMap<string, BpfMap>,
  made: BpfMap[],
): Record<string, BpfMap> {
  const maps: Record<string, BpfMap> = Object.create(null);
  const define = (name: string, descriptor: PropertyDescriptor): unknown =>
    Object.defineProperty(maps, name, { enumerable: true, configurable: true, ...descriptor });
  for (const map of loading.plan.object.maps) {
    const { name } = map;
    const value = given.get(name);
    const fd = loading.fds.get(`map:${name}`);
    if (value) define(name, { value });
    else if (fd)
      define(name, {
        get() {
          const value = ownMap(loading, map, fd);
          made.push(value);
          define(name, { value });
          return value;
        },
      });
  }
  return maps;
}

function structOpsOf(
  { maps: specs }: ObjectSpec,
  maps: Readonly<Record<string, BpfMap>>,
  given: ReadonlyMap<string, BpfMap>,
): StructOpsMap[] {
  return specs
    .filter(({ name, type }) => type === BpfMapType.BPF_MAP_TYPE_STRUCT_OPS && !given.has(name))
    .flatMap(({ name }) => {
      const map = maps[name];
      return map instanceof StructOpsMap ? [map] : [];
    });
}

function programHandles(
  { sys, kernel, spec: { file, btf }, plan, fds }: Loading,
  maps: Readonly<Record<string, BpfMap>>,
): Record<string, Program> {
  const programs: Record<string, Program> = Object.create(null);
  for (const spec of plan.object.programs) {
    const fd = fds.get(`prog:${spec.name}`);
    const log = fds.logs.get(`prog:${spec.name}`);
    if (fd) programs[spec.name] = new Program({ sys, kernel, file, spec, fd, maps, log, btf });
  }
  return programs;
}

function sectionMemory(
  { sys, kernel, spec, plan }: Loading,
  maps: Readonly<Record<string, BpfMap>>,
): Map<string, SectionMemory> {
  const memory = new Map<string, SectionMemory>();
  for (const map of plan.object.maps) {
    if (!livesInKernel(map, spec)) continue;
    const live = maps[map.name];
    if (!live) continue;
    const section = liveSection(sys, kernel, `${spec.file}: ${map.name}`, live, map);
    if (section) memory.set(map.name, section);
    if (live instanceof ArenaMap && spec.arena?.map === map.name) {
      const start = arenaDataOffset(plan.object, kernel);
      memory.set(map.name, arenaMemory(live, start, spec.arena.bytes.length));
    }
  }
  return memory;
}

/** Whether a map has variables that are read from the kernel: those of `.rodata` are known. */
function livesInKernel({ name, internal }: MapSpec, { arena }: ObjectSpec): boolean {
  return (internal !== undefined && internal.kind !== 'rodata') || arena?.map === name;
}

/** The memory of a data section's map; undefined for any other. */
function liveSection(
  sys: Sys,
  kernel: Kernel,
  place: string,
  map: BpfMap,
  { internal, flags }: MapSpec,
): SectionMemory | undefined {
  if (!internal) return undefined;
  const copied = copiedMemory(sys, map, place);
  if (internal.kind === 'kconfig') return copied;
  const mappable = (flags & BpfFlags.BPF_F_MMAPABLE) !== 0 && kernel.has('mmapable_array');
  return mappable && map instanceof ArrayMap ? mappedMemory(map, copied) : copied;
}

function ownMap({ sys, kernel, spec, plan, fds }: Loading, map: MapSpec, fd: OwnedFd): BpfMap {
  const arena = fds.mappings.get(`map:${map.name}`);
  const structOps = structOpsBytes(plan, fds, map.name);
  const def = { ...mapDef(spec, map), ...(arena ? { arena } : {}), ...(structOps ? { structOps } : {}) };
  return wrapMap(sys, kernel, fd, def);
}

function innerDef(spec: ObjectSpec, map: MapSpec): InnerMapDef {
  const { type, keySize, valueSize, maxEntries, flags } = map;
  return { ...mapDef(spec, map), type, keySize, valueSize, maxEntries, flags };
}

function mapDef(spec: ObjectSpec, map: MapSpec): MapDef {
  const { btf } = spec;
  const event = eventTypeId(spec, map);
  return {
    name: map.name,
    ...(btf ? { btf } : {}),
    ...(map.keyTypeId ? { keyTypeId: map.keyTypeId } : {}),
    ...(map.valueTypeId ? { valueTypeId: map.valueTypeId } : {}),
    ...(event === undefined ? {} : { eventTypeId: event }),
    ...(map.inner ? { inner: innerDef(spec, map.inner) } : {}),
  };
}
