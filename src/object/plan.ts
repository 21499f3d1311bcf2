import { BpfCmd } from '../abi/index.js';
import { sanitizeBtf } from './btf-sanitize.js';
import { bytesWithGlobals } from './global-value.js';
import type { KernelView } from './kernel-view.js';
import { refuseNotYet } from './not-yet.js';
import { ObjectError } from './object-error.js';
import { planInnerMaps, planMap, planProgArray } from './plan-maps.js';
import { planProgram } from './plan-programs.js';
import type { Plan, PlanStep } from './plan-types.js';
import type { ObjectSpec, ProgramSpec } from './types.js';

export interface PlanLoadOptions {
  /** Values of global variables by name, in place of those in the file. */
  readonly globals?: Readonly<Record<string, unknown>>;
  /** Names of the programs to load. Default: all but those of `SEC("?…")`. */
  readonly programs?: readonly string[];
}

/**
 * Decides the `bpf()` calls that load an object into a kernel, in libbpf's order without its probes: BTF_LOAD; MAP_CREATE of every map,
 * with MAP_UPDATE_ELEM and MAP_FREEZE for data sections; PROG_LOAD of every program, with PROG_BIND_MAP of `.rodata`; initial values of prog arrays.
 * Pure: a view of a kernel answers what differs between kernels.
 *
 * Throws NotYetError for what the programs need and rawbpf does not do yet, ObjectError for an unknown program or global, a value that
 * does not fit, a section name that says no program type, or a target that the kernel does not have.
 */
export function planLoad(spec: ObjectSpec, kernel: KernelView, options: PlanLoadOptions = {}): Plan {
  const programs = chosen(spec, options.programs);
  refuseNotYet(spec, programs);
  const bytes = bytesWithGlobals(spec, options.globals ?? {});
  const maps = spec.maps.filter(map => !map.internal || kernel.has('global_data'));
  const warnings = [...spec.warnings];
  const warn = (warning: string) => warnings.push(warning);
  const loaded = new Set(programs.map(p => p.name));
  const steps: PlanStep[] = [
    ...planBtf(spec, kernel),
    ...maps.flatMap(map => planMap(spec, map, bytes.get(map.name), kernel)),
    ...maps.flatMap(planInnerMaps),
    ...programs.flatMap(program => planProgram(spec, program, kernel, warn)),
    ...maps.flatMap(map => planProgArray(map, loaded)),
  ];
  for (const { name, values } of maps)
    for (const { index, ref } of values)
      if (spec.programs.some(p => p.name === ref) && !loaded.has(ref))
        warn(`map ${name}: slot ${index} stays empty, because program ${ref} is not loaded`);
  return { object: spec, steps, warnings };
}

function chosen(spec: ObjectSpec, names: readonly string[] | undefined): ProgramSpec[] {
  if (!names) return spec.programs.filter(p => p.autoload);
  for (const name of names)
    if (!spec.programs.some(p => p.name === name))
      throw new ObjectError(
        spec.file,
        `program ${name}`,
        `there is none of this name; there is ${spec.programs.map(p => p.name).join(', ') || 'none'}`,
      );
  return spec.programs.filter(p => names.includes(p.name));
}

/** BTF is a help, not a need: a kernel that refuses it loads the object without. */
function planBtf(spec: ObjectSpec, kernel: KernelView): PlanStep[] {
  if (!spec.btf || !kernel.has('btf')) return [];
  const btf = sanitizeBtf(spec.btf, kernel);
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
