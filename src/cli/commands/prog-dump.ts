import { type CodeListingOptions, openProgram } from '../../programs/index.js';
import { objectSource } from '../object-source.js';
import { print, printLines } from '../output.js';

/** `rawbpf prog dump xlated|jited PROGRAM [linum|opcodes]`: the code of a loaded program, by its id or where it is pinned. */
export async function dumpProgram(
  form: 'xlated' | 'jited',
  which: string,
  options: CodeListingOptions,
): Promise<void> {
  using program = openProgram(objectSource(which));
  const lines = program[form](options);
  if (lines.length > 0) return await printLines(lines);
  await print(
    form === 'jited' && program.info().jitedBytes === 0
      ? 'The program is interpreted: the kernel made no machine code of it.'
      : 'The kernel shows its code only to processes with CAP_PERFMON and CAP_SYS_ADMIN (and where net.core.bpf_jit_harden is less than 2).',
  );
}
