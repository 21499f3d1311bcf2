import type { Command } from 'commander';
import { addCommand, json, objectFile } from './command.js';
import { several } from './values.js';

/** The commands about objects in files. */
export function addObjectCommands(program: Command): void {
  addCommand(program, 'inspect', {
    description: 'What is in an object: programs, maps, globals, externs. Needs no privilege, on any system.',
    example: 'rawbpf inspect fixtures/opensnoop.bpf.o',
  })
    .argument(...objectFile)
    .option('--elf', 'sections, symbols and relocations, too (they are always in --json)')
    .addOption(json())
    .action(async (path, options) => (await import('../commands/inspect.js')).inspect(path, options));

  addCommand(program, 'disasm', {
    description:
      'The instructions of an object, with source lines and the names of maps, globals and functions.',
    example: 'rawbpf disasm fixtures/minimal.bpf.o handle_tp',
  })
    .argument(...objectFile)
    .argument('[program]', 'only this program, and the functions that it calls')
    .action(async (path, name) => (await import('../commands/disasm.js')).disasm(path, name));

  addCommand(program, 'plan', {
    description:
      'The bpf() calls that loading an object would make, as strace prints them. Makes none of them.',
    example: 'rawbpf plan fixtures/minimal.bpf.o',
  })
    .argument(...objectFile)
    .option('--btf <file>', 'BTF of the kernel to plan for')
    .addOption(json())
    .action(async (path, options) => (await import('../commands/plan.js')).plan(path, options));

  addCommand(program, 'check', {
    description: 'Whether programs find what they rely on in the types of other kernels. Needs no privilege.',
    example: 'rawbpf check fixtures/opensnoop.bpf.o --btf 5.10.btf --btf /usr/lib/debug/vmlinux',
  })
    .argument(...objectFile)
    .requiredOption('--btf <file>', 'BTF of a kernel, raw or in a vmlinux; may be repeated', several)
    .addOption(json())
    .action(async (path, options) => (await import('../commands/check.js')).check(path, options));

  addCommand(program, 'load', {
    description: 'Load an object into the kernel, report its programs, unload it.',
    example: 'rawbpf load --each fixtures/hello.bpf.o',
  })
    .argument(...objectFile)
    .option('--each', 'load every program alone, so that one refusal does not hide the others')
    .addOption(json())
    .action(async (path, options) => (await import('../commands/load.js')).load(path, options));
}
