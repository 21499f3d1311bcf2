import { CommanderError } from 'commander';
import { createProgram } from './command-line/program.js';
import { exitQuietlyOnClosedPipe, print } from './output.js';
import { reportError } from './report-error.js';

/** Exit statuses of `rawbpf`: done; the input or the kernel said no; the command line is wrong. */
export const exitStatus = { done: 0, refused: 1, usage: 2 } as const;

/** Runs `rawbpf` with these arguments and returns its exit status. Data goes to stdout, everything else to stderr. */
export async function runCli(args: readonly string[]): Promise<number> {
  exitQuietlyOnClosedPipe();
  const program = createProgram();
  try {
    if (args.length === 0) {
      await print((await import('./welcome.js')).welcome());
      return exitStatus.done;
    }
    await program.parseAsync(args, { from: 'user' });
    return exitStatus.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.usage;
    reportError(error, program.opts<{ verbose?: boolean }>().verbose ?? false);
    return exitStatus.refused;
  }
}
