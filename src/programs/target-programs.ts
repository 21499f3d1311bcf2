import { type ProgramChoice, programSettings, targetProgram } from '../object/index.js';
import type { Sys } from '../syscall/index.js';
import { readProgramBtf } from './program-btf.js';

/** What is to be loaded, with the types of the programs that it is loaded for, and these by the name of what is loaded for them. */
export interface ResolvedTargets {
  readonly programs: ProgramChoice | undefined;
  readonly targets: ReadonlyMap<string, { readonly fd: number }>;
}

/** Reads the BTF of the target programs that have none given. Throws BpfError when the kernel does not tell it, as without CAP_SYS_ADMIN. */
export function resolveTargets(sys: Sys, file: string, choice: ProgramChoice | undefined): ResolvedTargets {
  const targets = new Map<string, { readonly fd: number }>();
  const entries = Object.entries(programSettings(choice)).map(([name, settings]) => {
    const target = targetProgram(settings);
    if (!target) return [name, settings] as const;
    const { program } = target;
    const fd = typeof program === 'number' ? program : program.fd;
    targets.set(name, { fd });
    const btf = target.btf ?? readProgramBtf(sys, fd, `${file}: program ${name}: target`);
    return [name, { ...settings, attachTarget: { ...target, btf } }] as const;
  });
  return { programs: targets.size > 0 ? Object.fromEntries(entries) : choice, targets };
}
