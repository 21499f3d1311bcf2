import type { BtfTypes } from '../../btf/index.js';
import { ObjectError } from '../object-error.js';
import { type AttachTypeName, attachTypeNamed, type ProgTypeName, progTypeNamed } from '../type-names.js';
import type { ObjectSpec, ProgramSpec } from '../types.js';

/** A function of a loaded program that another is to be attached to, or to replace. */
export interface TargetProgram {
  /** The loaded program, or its fd; it stays its owner's. */
  readonly program: number | { readonly fd: number };
  /** Default: what the section says, `fentry/FUNCTION`. */
  readonly function?: string;
  /** The types of the loaded program. Loading reads them from the kernel; a plan without them does not know the function's id. */
  readonly btf?: BtfTypes;
}

/** How one program of an object is loaded, in place of what its section says. */
export interface ProgramSettings {
  /** False does not load it, true loads it although its section is `SEC("?…")` (libbpf: bpf_program__set_autoload). */
  readonly autoload?: boolean;
  /**
   * What comes after the `/` of the section: a kernel function, tracepoint, LSM hook or `MODULE:FUNCTION`; or a function of a loaded program, for freplace (Linux 5.6),
   * fentry and fexit (Linux 5.5). libbpf: bpf_program__set_attach_target.
   */
  readonly attachTarget?: string | TargetProgram;
  /** libbpf: bpf_program__set_type. */
  readonly type?: ProgTypeName | number;
  /** libbpf: bpf_program__set_expected_attach_type. */
  readonly attachType?: AttachTypeName | number;
  /** `BPF_F_*` of BPF_PROG_LOAD, in place of those of the section (sleepable, xdp.frags). libbpf: bpf_program__set_flags. */
  readonly flags?: number;
}

/** Names of programs to load, or settings of some. */
export type ProgramChoice = readonly string[] | Readonly<Record<string, ProgramSettings>>;

/** The names, when the choice is a list of them. */
export function chosenNames(choice: ProgramChoice | undefined): readonly string[] | undefined {
  return Array.isArray(choice) ? choice : undefined;
}

/** The settings by program; none when the choice is a list of names. */
export function programSettings(
  choice: ProgramChoice | undefined,
): Readonly<Record<string, ProgramSettings>> {
  return choice && !Array.isArray(choice) ? (choice as Readonly<Record<string, ProgramSettings>>) : {};
}

/** The target program of these settings, if it is one. */
export function targetProgram({ attachTarget }: ProgramSettings): TargetProgram | undefined {
  return typeof attachTarget === 'object' ? attachTarget : undefined;
}

/** The object with its programs set otherwise. Throws ObjectError for a program that it does not have and for a setting that does not fit. */
export function withProgramSettings(spec: ObjectSpec, choice: ProgramChoice | undefined): ObjectSpec {
  const settings = programSettings(choice);
  const names = Object.keys(settings);
  if (names.length === 0) return spec;
  for (const name of names)
    if (!spec.programs.some(program => program.name === name))
      throw new ObjectError(
        spec.file,
        `program ${name}`,
        `there is none of this name; there is ${spec.programs.map(p => p.name).join(', ') || 'none'}`,
      );
  return { ...spec, programs: spec.programs.map(program => withSettings(program, settings[program.name])) };
}

function withSettings(program: ProgramSpec, settings: ProgramSettings | undefined): ProgramSpec {
  if (!settings) return program;
  const { autoload = program.autoload, attachTarget, type, attachType, flags = program.flags } = settings;
  const target = typeof attachTarget === 'object' ? attachTarget.function : attachTarget;
  return {
    ...program,
    autoload,
    flags,
    attachTarget: target ?? program.attachTarget,
    type: type === undefined ? program.type : progTypeNamed(type),
    attachType: attachType === undefined ? program.attachType : attachTypeNamed(attachType),
  };
}
