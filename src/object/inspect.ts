import { BpfProgType } from '../abi/index.js';
import { type BtfValue, codec, typeName } from '../btf/index.js';
import { insnSize } from '../insn/index.js';
import { reachableFunctions } from './plan/link-program.js';
import { attachTypeName, coreKindName, mapTypeName, progTypeName } from './type-names.js';
import type { FunctionSpec, MapSpec, ObjectSpec, ProgramSpec } from './types.js';

/** What is in an object, as plain data that JSON can carry; types by bpftool's names, sizes in bytes. */
export type Inspection = ReturnType<typeof inspectObject>;

/** Summarizes an object for people and scripts. Nothing is asked of a kernel. */
export function inspectObject(spec: ObjectSpec) {
  const functions = [...spec.programs, ...spec.subprogs];
  return {
    file: spec.file,
    license: spec.license,
    endian: spec.endian,
    programs: spec.programs.map(p => inspectProgram(spec, p)),
    subprogs: spec.subprogs.map(f => ({ name: f.name, insns: slots(f), linkage: f.linkage })),
    maps: spec.maps.map(inspectMap),
    globals: inspectGlobals(spec),
    externs: spec.externs.map(({ name, kind, weak }) => ({ name, kind, weak })),
    coreRelocations: functions.flatMap(f =>
      f.coreRelocations.map(({ insnOffset, kind, typeId, access }) => ({
        program: f.name,
        section: f.section,
        insnOffset,
        kind: coreKindName(kind),
        type: spec.btf ? typeName(spec.btf, typeId) : `type ${typeId}`,
        access,
      })),
    ),
    warnings: spec.warnings,
  };
}

function inspectProgram(spec: ObjectSpec, program: ProgramSpec) {
  const { name, section, type, attachTarget, autoload } = program;
  return {
    name,
    section,
    type: type === undefined ? null : progTypeName(type),
    attachType: expectedAttachType(program),
    insns: slots(program),
    /** With the subprogs that are loaded with it. */
    linkedInsns: reachableFunctions(spec, program).reduce((sum, f) => sum + slots(f), 0),
    ...(attachTarget === undefined ? {} : { attachTarget }),
    autoload,
  };
}

/** The attach type that the kernel is told at load; null for a program type that has none. */
function expectedAttachType({ type, attachType }: ProgramSpec): string | null {
  // 0 is BPF_CGROUP_INET_INGRESS, and also what a program without an attach type has.
  if (attachType === 0 && type !== BpfProgType.BPF_PROG_TYPE_CGROUP_SKB) return null;
  return attachTypeName(attachType);
}

function inspectMap(map: MapSpec) {
  const { name, kernelName, type, keySize, valueSize, maxEntries, flags, pinning } = map;
  return { name, kernelName, type: mapTypeName(type), keySize, valueSize, maxEntries, flags, pinning };
}

/** The value of a larger global is not shown: a buffer of megabytes says nothing. */
const shownBytes = 4096;

function inspectGlobals(spec: ObjectSpec) {
  const { btf } = spec;
  if (!btf) return [];
  const bytesOf = new Map(spec.maps.map(map => [map.name, map.internal?.bytes]));
  if (spec.arena) bytesOf.set(spec.arena.map, spec.arena.bytes);
  return spec.globals.map(({ name, map, section, typeId, offset, size, readonly }) => ({
    name,
    section,
    type: typeName(btf, typeId),
    offset,
    size,
    readonly,
    ...(size <= shownBytes
      ? { value: codec(btf, typeId).read(bytesOf.get(map) ?? new Uint8Array(0), offset) as BtfValue }
      : {}),
  }));
}

function slots({ insns }: FunctionSpec): number {
  return insns.length / insnSize;
}
