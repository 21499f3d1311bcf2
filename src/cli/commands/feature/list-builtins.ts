import { printJson, printLines } from '../../output.js';
import { type BuiltinGroup, builtins } from './names.js';

export interface ListBuiltinsOptions {
  readonly json?: boolean;
}

/** `rawbpf feature list_builtins GROUP`: the names that rawbpf knows, whatever this machine's kernel has. */
export async function listBuiltins(group: BuiltinGroup, { json }: ListBuiltinsOptions): Promise<void> {
  const names = builtins(group);
  if (json) await printJson(names);
  else await printLines(names);
}
