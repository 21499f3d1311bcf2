import { BpfProgType } from '../../abi/index.js';
import { type ObjectSpec, type ProgramSpec, parseObject } from '../../object/index.js';
import { attachTypeName, mapTypeName, progTypeName } from '../kind-names.js';
import { print, printJson } from '../output.js';
import { readInput } from '../read-input.js';
import { coreRelocations, globalValues } from '../spec-facts.js';

/** `rawbpf inspect FILE`: what is in an object, without a kernel. */
export async function inspect(file: string, { json = false }: { json?: boolean }): Promise<void> {
  const spec = parseObject(readInput(file), { file });
  if (json) return await printJson(inspection(spec));
  const { inspectionText } = await import('../inspection-text.js');
  await print(inspectionText(spec));
}

/** The object as `inspect --json` prints it. Type names are bpftool's. */
function inspection(spec: ObjectSpec) {
  return {
    file: spec.file,
    license: spec.license,
    endian: spec.endian,
    programs: spec.programs.map(program => ({
      name: program.name,
      section: program.section,
      type: program.type === undefined ? null : progTypeName(program.type),
      attachType: expectedAttachType(program),
      insns: program.insns.length / 8,
      ...(program.attachTarget === undefined ? {} : { attachTarget: program.attachTarget }),
      autoload: program.autoload,
    })),
    subprogs: spec.subprogs.map(f => ({ name: f.name, insns: f.insns.length / 8, linkage: f.linkage })),
    maps: spec.maps.map(map => ({
      name: map.name,
      kernelName: map.kernelName,
      type: mapTypeName(map.type),
      keySize: map.keySize,
      valueSize: map.valueSize,
      maxEntries: map.maxEntries,
      flags: map.flags,
      pinning: map.pinning,
    })),
    globals: globalValues(spec),
    externs: spec.externs.map(({ name, kind, weak }) => ({ name, kind, weak })),
    coreRelocations: coreRelocations(spec),
    warnings: spec.warnings,
  };
}

/** The attach type that the kernel is told at load; null for a type of program that has none. */
function expectedAttachType({ type, attachType }: ProgramSpec): string | null {
  // 0 is BPF_CGROUP_INET_INGRESS, and also what a program without an attach type has.
  if (attachType === 0 && type !== BpfProgType.BPF_PROG_TYPE_CGROUP_SKB) return null;
  return attachTypeName(attachType);
}
