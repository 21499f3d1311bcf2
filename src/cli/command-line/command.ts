import { type Command, Option } from 'commander';

/** How a command is called: `rawbpf NAME`, under another one `rawbpf PARENT NAME`. */
interface Definition {
  readonly description: string;
  /** A command line that works, for its help. */
  readonly example: string;
  /** Its parent's name alone calls it, too. */
  readonly isDefault?: boolean;
}

/** Adds a command below another one, with an example in its help. What the command does is imported when it is called. */
export function addCommand(
  parent: Command,
  name: string,
  { description, example, isDefault = false }: Definition,
): Command {
  const command = parent.command(name, { isDefault }).description(description);
  return command.addHelpText('after', `\nExample:\n  ${example}`);
}

/** Adds a noun (`prog`, `map`) whose commands are added below it. */
export function addNoun(program: Command, name: string, description: string): Command {
  return program.command(name).description(description);
}

/** `--json`: one document. */
export const json = (): Option => new Option('--json', 'print JSON');

/** `--json` of commands that go on: one document a line. */
export const jsonLines = (): Option => new Option('--json', 'print one JSON document a line');

/** `-f`, as bpftool has it. */
export const bpffs = (): Option => new Option('-f, --bpffs', 'where they are pinned, too');

/** An argument that most commands have. */
export const objectFile = ['<file>', 'a compiled BPF object (.bpf.o)'] as const;
