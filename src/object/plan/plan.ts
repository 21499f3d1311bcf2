import { BpfCmd } from '../../abi/index.js';
import type { BtfTypes } from '../../btf/index.js';
import { arenaDataOffset } from '../arena.js';
import { ObjectError } from '../object-error.js';
import type { ObjectSpec, ProgramSpec } from '../types.js';
import { argCtxFor } from './arg-ctx.js';
import { sanitizeBtf } from './btf-sanitize.js';
import { bytesWithGlobals } from './global-value.js';
import type { KernelView } from './kernel-view.js';
import { reachableFunctions } from './link-program.js';
import { type MapSettings, withMapSettings } from './map-settings.js';
import { type MapsTarget, planInnerMaps, planMap, planProgArray } from './plan-maps.js';
import { planModules } from './plan-modules.js';
import { type ProgramsTarget, planProgram } from './plan-programs.js';
import { type StructOps, structOpsOn } from './plan-struct-ops.js';
import type { Plan, PlanStep } from './plan-types.js';
import { isLinkedInsns } from './plan-values.js';
import { programHash } from './program-hash.js';
import {
  chosenNames,
  type ProgramChoice,
  programSettings,
  type TargetProgram,
  targetProgram,
  withProgramSettings,
} from './program-settings.js';
import { CoreRelocator } from './relocate-core.js';
import { resolveExterns } from './resolve-externs.js';

export interface PlanLoadOptions {
  /** Values of global variables by name, in place of those in the file. */
  readonly globals?: Readonly<Record<string, unknown>>;
  /** Names of the programs to load, or how single ones are loaded, by name. Default: all but those of `SEC("?…")`. */
  readonly programs?: ProgramChoice;
  /** Folder of a bpf file system for the maps that are pinned by name. Default: `/sys/fs/bpf`; false pins none. */
  readonly pinRoot?: string | false;
  /** How single maps are loaded, by name: sizes, pins, maps to reuse. */
  readonly maps?: Readonly<Record<string, MapSettings>>;
}

/** Where libbpf pins. */
const defaultPinRoot = '/sys/fs/bpf';

/**
 * Decides the `bpf()` calls that load an object into a kernel, in libbpf's order without its probes: BTF_LOAD; MAP_CREATE of every map,
 * with MAP_UPDATE_ELEM and MAP_FREEZE for data sections; PROG_LOAD of every program, with PROG_BIND_MAP of `.rodata`; initial values of prog arrays.
 * Pure: a view of a kernel answers what differs between kernels.
 *
 * Throws CoreRelocationError for a relocation that cannot be applied, ObjectError for an unknown program or global, a value that does not fit, a section name that says no program type, or a target or
 * extern that the kernel does not have.
 */
export function planLoad(object: ObjectSpec, kernel: KernelView, options: PlanLoadOptions = {}): Plan {
  const { pinRoot = defaultPinRoot, maps: settings = {} } = options;
  const spec = withProgramSettings(withMapSettings(object, settings), options.programs);
  const structOps = structOpsOn(spec, kernel);
  const programs = chosen(spec, structOps, options.programs);
  const externs = resolveExterns(spec, kernel);
  const bytes = new Map(bytesWithGlobals(spec, options.globals ?? {}));
  if (externs.kconfig.length > 0) bytes.set('.kconfig', externs.kconfig);
  const maps = spec.maps.filter(map => map.autocreate && (!map.internal || kernel.has('global_data')));
  const warnings = [...spec.warnings, ...structOps.warnings, ...externs.warnings];
  const loaded = new Set(programs.map(p => p.name));
  const offset = arenaDataOffset(spec, kernel);
  const core = new CoreRelocator(spec, kernel);
  const argCtx = argCtxFor(spec.btf, kernel);
  if (core.isBlind && programs.some(program => relocates(spec, program)))
    warnings.push("CO-RE relocations are not applied without the kernel's BTF");
  const absent = new Set(spec.maps.filter(map => !map.autocreate).map(map => map.name));
  const programsTarget: ProgramsTarget = {
    kernel,
    externs: externs.byName,
    core,
    modules: externs.modules,
    arenaDataOffset: offset,
    structOps,
    targets: targetsOf(options.programs),
    argCtx,
    absentMaps: absent,
    warn: warning => warnings.push(warning),
  };
  const programSteps = programs.flatMap(program => planProgram(spec, program, programsTarget));
  const mapsTarget: MapsTarget = {
    kernel,
    bytes,
    structOps,
    arenaDataOffset: offset,
    pinRoot,
    settings,
    absent,
    exclusive: exclusiveHashes(spec, settings, programSteps),
  };
  const steps: PlanStep[] = [
    ...maps.flatMap(map => planMap(spec, map, mapsTarget)),
    ...maps.flatMap(map => planInnerMaps(spec, map, mapsTarget)),
    ...programSteps,
    ...maps.flatMap(map => planProgArray(map, loaded)),
  ];
  for (const { name, values } of maps)
    for (const { index, ref } of values)
      if (spec.programs.some(p => p.name === ref) && !loaded.has(ref))
        warnings.push(`map ${name}: slot ${index} stays empty, because program ${ref} is not loaded`);
  return {
    object: spec,
    steps: [...planBtf(argCtx?.btf ?? spec.btf, kernel), ...planModules(steps, kernel), ...steps],
    coreRelocations: core.outcomes,
    structOps: [...structOps.maps.values()].map(map => map.value),
    warnings,
  };
}

/** The hashes of the programs that maps are to be exclusive to. Throws ObjectError for a program whose instructions are not known before it is loaded. */
function exclusiveHashes(
  spec: ObjectSpec,
  settings: Readonly<Record<string, MapSettings>>,
  steps: readonly PlanStep[],
): Map<string, Uint8Array> {
  const hashes = new Map<string, Uint8Array>();
  for (const [map, { exclusive }] of Object.entries(settings)) {
    if (exclusive === undefined) continue;
    const insns = steps.find(step => step.makes === `prog:${exclusive}`)?.attr['insns'];
    const bad = (reason: string) =>
      new ObjectError(spec.file, `map ${map}`, `cannot be exclusive to program ${exclusive}: ${reason}`);
    if (insns === undefined || !isLinkedInsns(insns)) throw bad('it is not loaded');
    if (insns.fixups.some(({ ref }) => !ref.fd.startsWith('map:')))
      throw bad('it refers to a variable of a kernel module, by an fd');
    hashes.set(map, programHash(insns.bytes));
  }
  return hashes;
}

function relocates(spec: ObjectSpec, program: ProgramSpec): boolean {
  return reachableFunctions(spec, program).some(f => f.coreRelocations.length > 0);
}

function chosen(
  spec: ObjectSpec,
  { programs: served, unused }: StructOps,
  choice: ProgramChoice | undefined,
): ProgramSpec[] {
  const names = chosenNames(choice);
  const settings = programSettings(choice);
  // A program that a struct_ops map is made of is loaded if the map is, whatever its own section says.
  if (!names)
    return spec.programs.filter(
      p => settings[p.name]?.autoload ?? (served.has(p.name) || (p.autoload && !unused.has(p.name))),
    );
  for (const name of names)
    if (!spec.programs.some(p => p.name === name))
      throw new ObjectError(
        spec.file,
        `program ${name}`,
        `there is none of this name; there is ${spec.programs.map(p => p.name).join(', ') || 'none'}`,
      );
  return spec.programs.filter(p => names.includes(p.name));
}

function targetsOf(choice: ProgramChoice | undefined): Map<string, TargetProgram> {
  const targets = new Map<string, TargetProgram>();
  for (const [name, settings] of Object.entries(programSettings(choice))) {
    const target = targetProgram(settings);
    if (target) targets.set(name, target);
  }
  return targets;
}

/** BTF is a help, not a need: a kernel that refuses it loads the object without. */
function planBtf(types: BtfTypes | undefined, kernel: KernelView): PlanStep[] {
  if (!types || !kernel.has('btf')) return [];
  const btf = sanitizeBtf(types, kernel);
  return [
    {
      cmd: BpfCmd.BPF_BTF_LOAD,
      attr: { btf, btf_size: btf.length },
      makes: 'btf',
      what: 'BTF of the object',
      onError: 'ignore',
    },
  ];
}
